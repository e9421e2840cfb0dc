"""A day's ceiling: never one too many, and whoever waits does so in order of score."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.models import OutboxMessage
from core.outbox import drain
from handoff.models import Assignment, Handoff, MqlPolicy, RoutingRule
from handoff.selectors.policies import places_set
from handoff.selectors.policy_words import settings_of
from handoff.services import assign_drain, handoff_reassign
from handoff.services.ceiling import next_day
from handoff.services.policies import policy_save, policy_toggle
from leads.models import Standing
from leads.services import activity_record
from team.models import Team, User
from tests.handoff.world import came_back, leads_make, mqls, reps, scored
from tests.personas import persona
from tests.threads import assert_none_failed, at_once

pytestmark = pytest.mark.django_db


def fixed(ceiling: int) -> MqlPolicy:
    MqlPolicy.objects.update(ceiling="fixed", ceiling_leads=ceiling)
    return MqlPolicy.objects.get(is_default=True)


def with_scores(*scores: int, **fields: Any) -> list[Handoff]:
    """Handoffs just opened, with these scores."""
    leads = [lead for score in scores for lead in leads_make(1, score=score, **fields)]
    scored(leads)
    return list(Handoff.objects.filter(lead__in=leads).order_by("pk"))


def drain_of(topic: str) -> int:
    """Do the due news of this topic; how many there were."""
    OutboxMessage.objects.exclude(topic=topic).delete()
    return drain()


def given_out() -> list[int]:
    """The scores of those whom a rep has."""
    return sorted(Handoff.objects.filter(state="assigned").values_list("score", flat=True), reverse=True)


def tomorrow() -> None:
    """A day goes by, for everything that was done so far."""
    day = timedelta(days=1)
    for one in Handoff.objects.all():
        one.opened_at -= day
        one.next_try_at -= day
        one.assigned_at = one.assigned_at and one.assigned_at - day
        one.save()
    for turn in Assignment.objects.all():
        Assignment.objects.filter(pk=turn.pk).update(at=turn.at - day)


def test_the_best_go_and_the_others_wait_in_order_of_score_until_tomorrow(login: Any) -> None:
    reps(2)
    fixed(3)
    rows = with_scores(61, 75, 68, 90, 64)
    assert assign_drain() == 3
    assert given_out() == [90, 75, 68]
    held = list(Handoff.objects.filter(state="waiting"))
    assert {one.waiting_why for one in held} == {"Today's ceiling of 3 for Everybody else is reached"}
    assert {one.next_try_at for one in held} == {next_day(timezone.now())}
    page = login("manager").get(reverse("handoff:list")).content.decode()
    assert "is reached; number 1 of 2 in line" in page and "number 2 of 2 in line" in page
    assert (
        "number 2 of 2 in line" in login("manager").get(reverse("handoff:detail", args=[rows[0].pk])).content.decode()
    )
    assert assign_drain() == 0
    tomorrow()
    with_scores(99, 62)
    assert assign_drain() == 3
    assert given_out() == [99, 90, 75, 68, 64, 62]
    assert not Handoff.objects.filter(state="assigned", in_line=True).exists()
    assert Handoff.objects.get(state="waiting").score == 61


def test_later_the_same_day_nobody_more_goes_whatever_the_score() -> None:
    reps(2)
    fixed(2)
    with_scores(61, 62)
    assert assign_drain() == 2
    with_scores(99)
    assert assign_drain() == 0


def test_high_intent_never_waits_and_counts() -> None:
    reps(2)
    fixed(2)
    with_scores(80, 90)
    with_scores(1, 2, 3, deed="demo_requested")
    assert assign_drain() == 3
    assert given_out() == [3, 2, 1]
    assert Handoff.objects.filter(state="waiting", in_line=True).count() == 2


def test_whom_a_manager_gives_to_a_rep_counts_too(people: Any) -> None:
    rep = reps(1)[0]
    User.objects.filter(pk=people("manager").pk).update(team=None)
    fixed(1)
    first, second = with_scores(70, 80)
    handoff_reassign(handoff_id=first.pk, to=rep, by=persona("admin"))
    assert assign_drain() == 0 and given_out() == [70]
    handoff_reassign(handoff_id=second.pk, to=rep, by=persona("admin"))  # out of the line: a person may
    assert given_out() == [80, 70]


def test_each_policy_has_a_ceiling_of_its_own() -> None:
    reps(2)
    fixed(1)
    kenya = {"fact": "lead.country", "op": "is", "value": "Kenya"}
    MqlPolicy.objects.create(name="Kenya", condition=kenya, ceiling="fixed", ceiling_leads=2)
    with_scores(70, 71, 72, 73, country="Kenya")
    with_scores(80, 81)
    assert assign_drain() == 3
    assert given_out() == [81, 73, 72]
    assert "ceiling of 2 for Kenya" in Handoff.objects.get(score=71).waiting_why


def test_a_ceiling_that_is_raised_lets_the_best_of_the_line_through(people: Any) -> None:
    reps(2)
    policy = fixed(1)
    with_scores(61, 75, 68, 90)
    assert assign_drain() == 1
    values = {name: value for name, value in settings_of(policy).items() if name != "is_active"}
    policy_save(by=people("manager"), policy=policy, revision=1, values=values | {"ceiling_leads": 3})
    assert assign_drain() == 2
    assert given_out() == [90, 75, 68]


def test_a_policy_that_is_switched_off_holds_nobody_back(people: Any) -> None:
    reps(2)
    kenya = {"fact": "lead.country", "op": "is", "value": "Kenya"}
    policy = MqlPolicy.objects.create(name="Kenya", condition=kenya, ceiling="fixed", ceiling_leads=1)
    with_scores(70, 71, country="Kenya")
    assert assign_drain() == 1
    policy_toggle(by=people("manager"), pk=policy.pk, active=False)
    assert assign_drain() == 1
    assert not Handoff.objects.filter(state="waiting").exists()


def test_a_place_that_is_free_again_goes_to_the_best_of_the_line_not_to_the_next_who_comes() -> None:
    reps(2)
    fixed(1)
    with_scores(80, 90)
    assert assign_drain() == 1
    Handoff.objects.get(state="assigned").lead.delete()  # erased
    with_scores(70)
    assert assign_drain() == 1
    assert given_out() == [80]
    assert Handoff.objects.get(state="waiting").in_line


def test_who_does_more_while_in_line_has_the_place_of_today_and_high_intent_waits_no_more() -> None:
    reps(2)
    fixed(1)
    low, middle, _ = with_scores(61, 70, 90)
    assert assign_drain() == 1
    Standing.objects.filter(pk=low.lead_id).update(score=85, grade="A2")
    scored([low.lead, middle.lead])
    assert drain_of("handoff.stirred") == 1
    low.refresh_from_db()
    places_set(rows := [low, Handoff.objects.get(pk=middle.pk)])
    assert (low.score, low.grade, low.in_line) == (85, "A2", True)
    assert [(one.place, one.of) for one in rows] == [(1, 2), (2, 2)]  # type: ignore[attr-defined]
    assert assign_drain() == 0
    activity_record(lead=middle.lead, kind="demo_requested")
    scored([middle.lead])
    assert drain_of("handoff.stirred") == 1 and assign_drain() == 1
    middle.refresh_from_db()
    assert (middle.state, middle.instant, middle.in_line) == ("assigned", True, False)
    assert middle.why == "Requested a demo; Score 70 passed the bar of 60"


def test_what_a_lead_did_before_it_came_back_is_no_high_intent_in_line() -> None:
    reps(1)
    fixed(1)
    MqlPolicy.objects.update(recycle_wait_days=0)
    lead = leads_make(1, score=80, deed="demo_requested")[0]
    came_back([lead], days=0)
    scored([lead, *leads_make(1, score=90)])
    assert assign_drain() == 1
    scored([lead])
    drain_of("handoff.stirred")
    assert not Handoff.objects.get(state="waiting").instant


def test_who_nobody_can_take_keeps_no_place_from_others() -> None:
    """The two best are for a team in which nobody has room: the places of the day go to the next."""
    reps(2)
    reps(1, team="West", capacity_open=0)
    kenya = {"fact": "lead.country", "op": "is", "value": "Kenya"}
    RoutingRule.objects.update(team=Team.objects.get(name="East"), position=1)
    RoutingRule.objects.create(name="Kenya", condition=kenya, team=Team.objects.get(name="West"))
    fixed(2)
    with_scores(95, 94, country="Kenya")
    with_scores(70, 72, 71)
    assert assign_drain() == 2
    assert given_out() == [72, 71]
    assert dict(Handoff.objects.filter(state="waiting").values_list("score", "in_line")) == {
        95: False,
        94: False,
        70: True,
    }
    assert "Kenya" in Handoff.objects.get(score=95).waiting_why


def test_places_that_are_left_go_to_the_line() -> None:
    """Those before it turn out to have nobody who can take them; it need not wait for tomorrow."""
    reps(1)
    reps(1, team="West", capacity_open=0)
    kenya = {"fact": "lead.country", "op": "is", "value": "Kenya"}
    RoutingRule.objects.update(team=Team.objects.get(name="East"), position=1)
    fixed(1)
    with_scores(95, 90, country="Kenya")
    assert assign_drain() == 1
    Handoff.objects.get(state="assigned").lead.delete()  # erased: the place is free
    RoutingRule.objects.create(name="Kenya", condition=kenya, team=Team.objects.get(name="West"))
    with_scores(61, country="Kenya")
    with_scores(60)
    assert assign_drain() == 1
    assert given_out() == [60]


def test_by_capacity_as_many_go_as_the_reps_have_room_for_today() -> None:
    reps(2, capacity_day=2)
    reps(1, team="West", capacity_day=0)
    MqlPolicy.objects.update(ceiling="capacity")
    with_scores(61, 75, 68, 90, 64, 88)
    assert assign_drain() == 4
    assert given_out() == [90, 88, 75, 68]
    one = Handoff.objects.get(score=64)
    assert one.in_line and one.waiting_why == "No room left today with the reps for Everybody else"
    User.objects.filter(capacity_day=2).update(capacity_day=3)
    Handoff.objects.filter(state="waiting").update(next_try_at=timezone.now())  # a quarter of an hour later
    with_scores(63)
    assert assign_drain() == 2
    assert given_out() == [90, 88, 75, 68, 64, 63]


def test_a_batch_takes_as_many_statements_for_five_as_for_150_with_a_ceiling_and_without() -> None:
    reps(3)

    def statements(many: int) -> int:
        mqls(many)
        with CaptureQueriesContext(connection) as seen:
            assign_drain()
        return len(seen)

    statements(3)
    assert statements(5) == statements(60)
    for ceiling in (10_000, 1):
        fixed(ceiling)
        assert statements(5) == statements(150)


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_let_one_too_many_through() -> None:
    reps(4)
    fixed(30)
    scores = [60 + number % 40 for number in range(90)]
    with_scores(*scores)
    done = at_once(*([lambda: assign_drain(limit=7)] * 6))
    assert_none_failed(done)
    assert sum(done) == 30
    assert given_out() == sorted(scores, reverse=True)[:30]
    assert Handoff.objects.filter(state="waiting", in_line=True).count() == 60


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"])
@given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_the_next_day_begins_at_the_companys_midnight(zone: str, moment: datetime) -> None:
    from django.test import override_settings

    with override_settings(COMPANY_ZONE=zone):
        begins = next_day(moment)
    local, next_ = moment.astimezone(ZoneInfo(zone)), begins.astimezone(ZoneInfo(zone))
    assert next_.date() == local.date() + timedelta(days=1)
    assert (begins - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == local.date()
