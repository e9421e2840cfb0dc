"""Which policy judges a lead, by which bar, and what it asks of one that came back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.ask import ask
from core.models import OutboxMessage
from core.outbox import drain
from handoff.models import Handoff, MqlPolicy
from handoff.rules import Back, Reentry
from handoff.selectors.policy_words import settings_of
from handoff.services import assign_drain, clock_drain, handoff_open, handoff_reject
from handoff.services.policies import policy_save
from leads.models import Lead, Standing
from leads.services import activity_record
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors import score_explain
from scoring.services import score_drain
from tests.handoff.world import came_back, leads_make, reps, scored

pytestmark = pytest.mark.django_db

KENYA = {"fact": "lead.country", "op": "is", "value": "Kenya"}


def segment(name: str = "Kenya", **fields: Any) -> MqlPolicy:
    values = {"condition": KENYA, "score": 40, "position": MqlPolicy.objects.count()} | fields
    return MqlPolicy.objects.create(name=name, **values)


def test_each_segment_has_its_bar_from_the_capture_on() -> None:
    """Captured, scored by the scorer, judged: 45 points are enough in Kenya only."""
    segment()
    model = ScoringModel.objects.get(state="active")
    model.rules.update(is_active=False)
    ScoringRule.objects.create(
        model=model,
        group="fit",
        name="Webinar",
        points=45,
        condition={"fact": "lead.source", "op": "is", "value": "webinar"},
    )
    here, there = leads_make(1, score=None, country="Kenya") + leads_make(1, score=None, country="Peru")
    score_drain()
    one = Handoff.objects.get()
    assert (one.lead, one.policy.name, one.why) == (here, "Kenya", "Score 45 passed the bar of 40 (Kenya)")
    assert Standing.objects.get(pk=there.pk).score == 45
    assert [score_explain(lead).bar for lead in (here, there)] == [40, 60]  # type: ignore[union-attr]
    assert score_explain(there).to_go == 15  # type: ignore[union-attr]


def test_the_first_policy_that_holds_judges_and_only_that() -> None:
    segment("Webinar", condition={"fact": "lead.source", "op": "is", "value": "webinar"}, score=80)
    segment(score=10)
    lead = leads_make(1, score=70, country="Kenya")[0]
    scored([lead])
    assert not Handoff.objects.exists()  # over Kenya's bar and the default's: they are not asked
    MqlPolicy.objects.filter(name="Webinar").update(is_active=False)
    scored([lead])
    assert Handoff.objects.get().policy.name == "Kenya"


def test_each_policy_has_its_own_letters_condition_and_deeds() -> None:
    segment(
        grades=["A"], required={"fact": "lead.city", "op": "is", "value": "Nairobi"}, instant_kinds=["call_asked"]
    )
    city = {"country": "Kenya", "city": "Nairobi"}
    good = leads_make(1, score=50, **city)[0]
    bad = leads_make(1, score=50, grade="B1", **city) + leads_make(1, score=50, country="Kenya")
    asks = leads_make(1, country="Kenya", deed="call_asked")
    demo = leads_make(1, country="Kenya", deed="demo_requested")  # the default's deed, not theirs
    other = leads_make(1, deed="call_asked") + leads_make(1, score=50)
    default = leads_make(1, deed="demo_requested")
    scored([good, *bad, *asks, *demo, *other, *default])
    passed = dict(Handoff.objects.values_list("lead", "policy__name"))
    assert passed == {good.pk: "Kenya", asks[0].pk: "Kenya", default[0].pk: "Everybody else"}


def test_by_hand_it_says_whose_policy_it_was_too(people: Any) -> None:
    policy = segment()
    lead = leads_make(1, country="Kenya")[0]
    assert handoff_open(lead_id=lead.pk, by=people("marketer")).policy == policy


def test_a_batch_takes_as_many_statements_for_twelve_leads_as_for_three_hundred() -> None:
    segment(required=KENYA)
    segment("Peru", condition={"fact": "lead.country", "op": "is", "value": "Peru"})
    counts = []
    for many in (4, 100):
        leads = [one for land in ("Kenya", "Peru", "Mali") for one in leads_make(many, score=90, country=land)]
        back = leads[: many // 2]
        came_back(back, days=30)
        with CaptureQueriesContext(connection) as seen:
            scored(leads)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert Handoff.objects.filter(state="waiting").count() == 312


def test_one_policy_for_everybody_asks_no_more_than_it_must() -> None:
    leads = leads_make(5, score=90)
    with CaptureQueriesContext(connection) as seen:
        scored(leads)
    assert sum("handoff_mqlpolicy" in one["sql"] for one in seen.captured_queries) == 1
    assert not [one["sql"] for one in seen.captured_queries if 'leads_lead"' in one["sql"] and "SELECT" in one["sql"]]


# --- leads that came back -------------------------------------------------------------------------


def passes(lead: Lead, *, score: int | None = None, deed: str = "") -> bool:
    if score is not None:
        Standing.objects.filter(pk=lead.pk).update(score=score)
    if deed:
        activity_record(lead=lead, kind=deed)
    scored([lead])
    return Handoff.objects.filter(lead=lead, cycle=Standing.objects.get(pk=lead.pk).cycle).exists()


def again(*, days: float, score: int = 70, **rule: Any) -> Lead:
    """A lead that came back so long ago with that score, under this re-entry rule."""
    MqlPolicy.objects.filter(is_default=True).update(**rule)
    lead = leads_make(1, score=score)[0]
    came_back([lead], days=days)
    return lead


def test_a_recycled_lead_waits_as_the_policy_says() -> None:
    assert not passes(again(days=13, recycle_wait_days=14))
    assert passes(again(days=15, recycle_wait_days=14))


def test_it_must_have_gained_what_the_policy_asks() -> None:
    lead = again(days=30, score=70, recycle_rise=10)
    assert not passes(lead, score=79)
    assert passes(lead, score=80)


def test_it_passes_by_its_score_only_so_many_times() -> None:
    lead = again(days=30, max_cycles=1)
    assert not passes(lead, score=99)
    MqlPolicy.objects.update(max_cycles=2)
    assert passes(lead)


@pytest.mark.parametrize("skips", [True, False])
def test_fresh_high_intent_skips_all_that_when_the_policy_says_so(skips: bool) -> None:
    lead = again(days=1, recycle_wait_days=14, recycle_rise=50, max_cycles=1, instant_skips_wait=skips)
    assert not passes(lead)
    assert passes(lead, deed="demo_requested") is skips


def test_high_intent_from_before_the_reject_is_no_fresh_one() -> None:
    lead = leads_make(1, score=3, deed="demo_requested")[0]
    came_back([lead], days=0)
    assert not passes(lead)


def test_the_wait_of_the_reject_reason_goes_before_the_policys(people: Any) -> None:
    MqlPolicy.objects.update(recycle_wait_days=14)
    sooner, later = again(days=5), again(days=60)
    now = timezone.now()
    Handoff.objects.filter(lead=sooner).update(reenter_at=now - timedelta(hours=1))
    Handoff.objects.filter(lead=later).update(reenter_at=now + timedelta(days=30))
    assert passes(sooner) and not passes(later)


def test_the_whole_way_rejected_waited_and_handed_over_again() -> None:
    reps(1)
    lead = leads_make(1, score=90)[0]
    scored([lead])
    assign_drain()
    one = Handoff.objects.get()
    handoff_reject(handoff_id=one.pk, by=one.rep, reason_code="timing")
    scored([lead])
    assert Handoff.objects.count() == 1
    MqlPolicy.objects.update(recycle_wait_days=0, recycle_rise=5)
    Handoff.objects.update(reenter_at=None)
    assert not passes(lead, score=94)
    assert passes(lead, score=95)
    assert Handoff.objects.count() == 2


@given(
    wait=st.integers(0, 60),
    rise=st.integers(0, 50),
    most=st.none() | st.integers(1, 5),
    days=st.integers(0, 90),
    gained=st.integers(-50, 80),
    cycle=st.integers(2, 6),
)
def test_a_lead_comes_back_when_each_of_the_three_allows_it(
    wait: int, rise: int, most: int | None, days: int, gained: int, cycle: int
) -> None:
    now = timezone.now()
    back = Back(now - timedelta(days=days), 60)
    allowed = Reentry(wait, rise, most).allows(back, now=now, cycle=cycle, score=60 + gained)
    assert allowed == (days >= wait and gained >= rise and (most is None or cycle <= most))


# --- questions of other rooms ---------------------------------------------------------------------


def test_who_asks_about_a_lead_hears_the_bar_of_its_policy() -> None:
    segment()
    here, there = leads_make(1, country="Kenya") + leads_make(1)
    assert (ask("mql.bar"), ask("mql.bar", lead_id=here.pk), ask("mql.bar", lead_id=there.pk)) == (60, 40, 60)
    assert ask("mql.bars", lead_ids=[here.pk, there.pk]) == {here.pk: 40, there.pk: 60}
    assert ask("mql.lowest") == 40 and ask("mql.policy")["segments"] == ["Kenya"]


def test_when_its_wait_is_over_it_is_judged_by_itself() -> None:
    """No new deed, no rescoring: the sweeper is enough. A policy that waits longer meanwhile is waited for."""
    reps(1)
    MqlPolicy.objects.update(recycle_wait_days=14)
    lead = leads_make(1, score=90)[0]
    scored([lead])
    assign_drain()
    one = Handoff.objects.get()
    handoff_reject(handoff_id=one.pk, by=one.rep, reason_code="timing")
    one.refresh_from_db()
    assert one.look_again_at == (one.reenter_at or one.decided_at + timedelta(days=14))

    def days_pass(days: int) -> None:
        past = {name: getattr(one, name) - timedelta(days=days) for name in ("decided_at", "look_again_at")}
        Handoff.objects.filter(pk=one.pk).update(**past, reenter_at=None)
        one.refresh_from_db()

    Standing.objects.update(score_due_at=None)  # the reject's own tag had marked it
    clock_drain()
    assert Standing.objects.get(pk=lead.pk).score_due_at is None
    days_pass(15)
    MqlPolicy.objects.update(recycle_wait_days=20)
    clock_drain()
    one.refresh_from_db()
    assert one.look_again_at == one.decided_at + timedelta(days=20)
    assert Standing.objects.get(pk=lead.pk).score_due_at is None
    days_pass(6)
    clock_drain()
    assert Standing.objects.get(pk=lead.pk).score_due_at is not None
    one.refresh_from_db()
    assert one.look_again_at is None
    MqlPolicy.objects.update(recycle_wait_days=0)  # the ledger's own time cannot be moved
    scored([lead])  # what the scorer says of a marked lead
    assert Handoff.objects.filter(lead=lead, cycle=2).exists()


def test_a_policy_that_waits_less_is_kept_to_also_where_the_wait_goes_on(people: Any) -> None:
    """Three days have gone of fourteen; saved with five, it is over in two, whatever was planned before."""
    reps(1)
    MqlPolicy.objects.update(recycle_wait_days=14)
    one = again_rejected(days=3)
    policy = MqlPolicy.objects.get()
    values = {name: value for name, value in settings_of(policy).items() if name != "is_active"}
    policy_save(by=people("manager"), policy=policy, revision=1, values=values | {"recycle_wait_days": 5})
    clock_drain()
    one.refresh_from_db()
    assert one.look_again_at == one.decided_at + timedelta(days=5)


def test_a_lead_that_came_back_waits_as_the_policy_that_judges_it_says() -> None:
    """It is in another segment since; looked at too early it would be forgotten."""
    reps(1)
    MqlPolicy.objects.update(recycle_wait_days=14)
    one = again_rejected(days=15)
    segment(recycle_wait_days=30)
    Lead.objects.filter(pk=one.lead_id).update(country="Kenya")
    clock_drain()
    one.refresh_from_db()
    assert one.look_again_at == one.decided_at + timedelta(days=30)


def test_who_is_being_scored_while_the_bar_is_lowered_is_judged_by_the_new_one(people: Any) -> None:
    lead = leads_make(1, score=50)[0]
    mine = Standing.objects.filter(pk=lead.pk)
    mine.update(score_due_at=timezone.now())  # a scorer has it in hand, and has read the bar of 60
    policy = MqlPolicy.objects.get()
    values = {name: value for name, value in settings_of(policy).items() if name != "is_active"}
    policy_save(by=people("manager"), policy=policy, revision=1, values=values | {"score": 45})
    mine.update(score_due_at=None)  # it is done: not passed
    assert drain() == 0, "not before every scorer of that moment is done"
    told = OutboxMessage.objects.get(topic="policies.changed")
    OutboxMessage.objects.update(due_at=timezone.now(), payload={"at": str(told.created_at - timedelta(minutes=2))})
    assert drain() == 1
    assert mine.get().score_due_at is not None


def again_rejected(days: int) -> Handoff:
    """Rejected so many days ago without a wait of the reason's own."""
    scored(leads_make(1, score=90))
    assign_drain()
    one = Handoff.objects.get()
    handoff_reject(handoff_id=one.pk, by=one.rep, reason_code="timing")
    one.refresh_from_db()
    for name in ("decided_at", "look_again_at"):
        setattr(one, name, getattr(one, name) - timedelta(days=days))
    one.save()
    return one
