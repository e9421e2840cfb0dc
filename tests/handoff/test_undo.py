"""Taking an accept or a reject back: everything is as it was, nothing is counted, and not when something happened."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.errors import Conflict, Refused
from deals.models import Deal
from deals.services import deal_move
from funnels.models import Transition
from funnels.selectors import history, stage_get
from funnels.services import journey_move
from handoff.models import Assignment, Decision, Handoff, MqlPolicy, RejectReason
from handoff.selectors.decisions import reasons_counted
from handoff.services import handoff_accept, handoff_reassign, handoff_reject, handoff_undo
from insights.models import HandoffFact, Reached
from insights.services import rollup_drain
from insights.services.check import rollup_check
from leads.models import Lead, Standing
from leads.services import activity_record
from scoring.services import score_drain
from team.models import Notice
from tests.handoff.test_doctor import doctor, honest
from tests.handoff.world import ALWAYS, assigned, reps, scored
from tests.personas import persona

pytestmark = pytest.mark.django_db


def seen(one: Handoff) -> dict[str, Any]:
    """All that a decision changes and undo must restore."""
    row = Handoff.objects.filter(pk=one.pk).values().get()
    standing = Standing.objects.get(pk=one.lead_id)
    deal = Deal.objects.get(lead=one.lead_id, lead_cycle=one.cycle)
    assignment = Assignment.objects.filter(handoff=one).values("rep", "turn", "ended_at", "ended_why").get()
    return {
        "handoff": row,
        "standing": (standing.stage_id, standing.cycle, standing.owner_id),
        "deal": (deal.stage_id, deal.owner_id, deal.accepted_at, deal.closed_at, deal.lost_reason_id, deal.objection),
        "assignment": assignment,
        "tags": list(Lead.objects.get(pk=one.lead_id).tags.values_list("name", flat=True)),
    }


def facts(one: Handoff) -> tuple[Any, ...]:
    """What the dashboards count of this person."""
    rollup_drain()
    steps = list(Reached.objects.filter(person=one.lead_id).order_by("rank").values_list("rank", flat=True))
    return (*steps, *HandoffFact.objects.filter(person=one.lead_id).values_list("decided", "accepted", "reason"))


@pytest.fixture
def one(people: Any) -> Handoff:
    rep = people("rep")
    rep.working_hours = ALWAYS
    rep.save()
    people("marketer")
    return assigned(rep)


def decide(one: Handoff, kind: str) -> None:
    if kind == "accept":
        handoff_accept(handoff_id=one.pk, by=one.rep)
    else:
        RejectReason.objects.filter(code="timing").update(tag="call in spring", wait_days=30)
        handoff_reject(handoff_id=one.pk, by=one.rep, reason_code=kind, note="Call in spring")


@pytest.mark.parametrize("kind", ["accept", "timing", "bad_fit"])
def test_everything_is_as_it_was(one: Handoff, kind: str) -> None:
    before, counted = seen(one), facts(one)
    decide(one, kind)
    assert seen(one) != before and facts(one) != counted
    moves = list(Transition.objects.order_by("pk").values())
    handoff_undo(handoff_id=one.pk, by=one.rep)
    assert seen(one) == before
    assert facts(one) == counted and rollup_check() == []
    assert list(Transition.objects.order_by("pk").values())[: len(moves)] == moves, "the ledger only grows"
    made = Decision.objects.get()
    assert made.undone_by == one.rep and made.undone_at is not None
    assert set(reasons_counted(timezone.now()).values_list("used", flat=True)) == {0}


def test_the_doctor_is_clean_after_every_undo() -> None:
    reps(2)
    persona("marketer")
    rows = honest(4)
    from handoff.services import assign_drain

    assign_drain()
    for row, kind in zip(rows, ["accept", "timing", "bad_fit", "timing"], strict=True):
        row.refresh_from_db()
        decide(row, kind)
        handoff_undo(handoff_id=row.pk, by=row.rep)
    decide(rows[0], "timing")
    score_drain()
    rollup_drain()
    assert doctor()[0] == 0, doctor()[1]


def test_undone_and_decided_anew_tells_and_counts_once_each_time(one: Handoff) -> None:
    decide(one, "timing")
    handoff_undo(handoff_id=one.pk, by=one.rep)
    decide(one, "timing")
    titles = list(Notice.objects.filter(kind="rejected").order_by("pk").values_list("title", flat=True))
    assert len(titles) == 3 and "took the reject" in titles[1]
    used = reasons_counted(timezone.now()).get(code="timing")
    assert (used.used, used.lately) == (1, 1)
    assert Standing.objects.get(pk=one.lead_id).cycle == 2
    assert rollup_check() == [] or facts(one)


def test_the_scorer_moved_it_on_within_marketing_and_undo_walks_all_the_way_back(one: Handoff) -> None:
    before = seen(one)
    decide(one, "timing")
    with transaction.atomic():
        standing = Standing.objects.select_related("stage__funnel").get(pk=one.lead_id)
        kind = Transition.Kind.LEAD
        journey_move([standing], kind=kind, to=stage_get("marketing", "evaluation"), cause="scored")
    handoff_undo(handoff_id=one.pk, by=one.rep)
    assert seen(one) == before
    causes = [row.cause for row in history(kind, one.lead_id)]
    assert causes[-4:] == ["recycled", "scored", "reject_undone", "reject_undone"]
    facts(one)
    assert rollup_check() == []


def test_a_tag_that_the_lead_had_before_stays(one: Handoff) -> None:
    from leads.services.standing import tag_get, tags_add

    tags_add(lead_ids=[one.lead_id], tag=tag_get(name="call in spring"))
    decide(one, "timing")
    handoff_undo(handoff_id=one.pk, by=one.rep)
    assert list(one.lead.tags.values_list("name", flat=True)) == ["call in spring"]


def call(one: Handoff) -> None:
    activity_record(lead=one.lead, kind="call", by=one.rep)


def move_deal(one: Handoff) -> None:
    deal_move(deal=Deal.objects.get(lead=one.lead_id), to=stage_get("sales", "demo"), by=one.rep)


def reassign(one: Handoff) -> None:
    handoff_reassign(handoff_id=one.pk, to=reps(1, team="North")[0], by=persona("manager"))


def deal_given(one: Handoff) -> None:
    Deal.objects.filter(lead=one.lead_id).update(owner=reps(1, team="North")[0])


def passes_again(one: Handoff) -> None:
    MqlPolicy.objects.update(recycle_wait_days=0)
    RejectReason.objects.update(wait_days=None)
    Handoff.objects.update(reenter_at=None)
    scored([one.lead])
    assert Handoff.objects.count() == 2


def by_hand(one: Handoff) -> None:
    from leads.services.standing import stage_move

    stage_move(lead_ids=[one.lead_id], to=stage_get("marketing", "evaluation"), by=persona("marketer"))


def owned(one: Handoff) -> None:
    Standing.objects.filter(pk=one.lead_id).update(owner=reps(1)[0])


@pytest.mark.parametrize(
    ("kind", "meanwhile", "said"),
    [
        ("accept", call, "called"),
        ("accept", move_deal, "deal moved"),
        ("accept", reassign, "was given to"),
        ("accept", deal_given, "deal was given to"),
        ("timing", call, "called"),
        ("timing", passes_again, "passed the bar again"),
        ("timing", by_hand, "went on to Evaluation"),
        ("timing", owned, "belongs to"),
    ],
)
def test_not_when_something_has_happened_since(one: Handoff, kind: str, meanwhile: Any, said: str) -> None:
    decide(one, kind)
    meanwhile(one)
    before, state = Transition.objects.count(), Handoff.objects.get(pk=one.pk).state
    with pytest.raises(Conflict, match=said):
        handoff_undo(handoff_id=one.pk, by=persona("manager"))
    assert (Transition.objects.count(), Handoff.objects.get(pk=one.pk).state) == (before, state)


def decided_ago(one: Handoff, **ago: Any) -> None:
    Decision.objects.update(at=timezone.now() - timedelta(**ago))


def test_a_rep_has_ten_minutes_a_manager_a_day(one: Handoff) -> None:
    decide(one, "accept")
    decided_ago(one, minutes=11)
    with pytest.raises(Refused, match="10 minutes"):
        handoff_undo(handoff_id=one.pk, by=one.rep)
    handoff_undo(handoff_id=one.pk, by=persona("manager"))
    decide(one, "accept")
    decided_ago(one, hours=25)
    with pytest.raises(Refused, match="24 hours"):
        handoff_undo(handoff_id=one.pk, by=persona("manager"))


def test_nobody_else_and_nothing_to_undo(one: Handoff) -> None:
    with pytest.raises(Conflict, match="no decision"):
        handoff_undo(handoff_id=one.pk, by=one.rep)
    decide(one, "accept")
    for role in ("other_rep", "marketer"):
        with pytest.raises(Refused, match="Only who decided"):
            handoff_undo(handoff_id=one.pk, by=persona(role))
    handoff_undo(handoff_id=one.pk, by=one.rep)
    with pytest.raises(Conflict, match="no decision"):
        handoff_undo(handoff_id=one.pk, by=one.rep)


def test_the_clock_runs_on_as_if_nothing_had_been_said(one: Handoff) -> None:
    from handoff.services import clock_drain

    decide(one, "timing")
    Handoff.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    clock_drain()
    assert Handoff.objects.get().escalated_at is None, "a rejected one has no clock"
    handoff_undo(handoff_id=one.pk, by=one.rep)
    clock_drain()
    assert Handoff.objects.get().escalated_at is not None


def test_the_toast_takes_it_back_and_the_page_says_until_when(one: Handoff, login: Any) -> None:
    client = login("rep")
    said = client.post(reverse("handoff:accept", args=[one.pk]), headers={"HX-Request": "true"})
    undo = reverse("handoff:undo", args=[one.pk])
    assert undo in said.headers["HX-Trigger"]
    page = client.get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert undo in page and "can be taken back until" in page
    back = client.post(undo, headers={"HX-Request": "true"})
    assert back.status_code == 200 and "waits for a decision again" in back.headers["HX-Trigger"]
    assert Handoff.objects.get().state == "assigned"
    page = client.get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert undo not in page and "took that back" in page
    decide(one, "accept")
    call(one)
    assert undo not in client.get(reverse("handoff:detail", args=[one.pk])).content.decode(), "it would be refused"


def test_the_listener_of_a_broken_deals_room_would_be_seen(one: Handoff, settings: Any) -> None:
    """Undo without the deal following leaves an SQL that nobody counts back: the twin of the flow map's line."""
    from core.flow import flow_map

    decide(one, "accept")
    kept = flow_map().TOGETHER.pop("handoff.accept_undone")
    try:
        handoff_undo(handoff_id=one.pk, by=one.rep)
    finally:
        flow_map().TOGETHER["handoff.accept_undone"] = kept
    assert doctor()[0] != 0
