"""Accept, reject, reassign; the answer that stops the clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.errors import Conflict, Refused
from deals.models import Deal, LostReason
from deals.services import deal_lose, deal_reopen
from handoff.models import Assignment, Handoff, MqlPolicy
from handoff.services import assign_drain, handoff_accept, handoff_reassign, handoff_reject
from leads.models import Standing
from leads.services import activity_record
from team.models import Notice
from tests.handoff.world import assigned, mqls, reps, scored

pytestmark = pytest.mark.django_db


def test_accept_makes_it_an_sql(people: Any) -> None:
    one = assigned(people("rep"))
    handoff_accept(handoff_id=one.pk, by=people("rep"))
    one.refresh_from_db()
    assert (one.state, one.decided_by) == ("accepted", people("rep"))
    assert Deal.objects.get(lead=one.lead).accepted_at is not None
    assert Assignment.objects.get(handoff=one).ended_at is None


def test_what_was_decided_has_been_heard(people: Any, django_capture_on_commit_callbacks: Any) -> None:
    """The bell counts what is still to be read: not the lead that its rep has just accepted, or given back."""
    rep = people("rep")
    first, second, waits = assigned(rep), assigned(rep), assigned(rep)
    with django_capture_on_commit_callbacks(execute=True):
        handoff_accept(handoff_id=first.pk, by=rep)
        handoff_reject(handoff_id=second.pk, by=people("admin"), reason_code="timing")
    unread = Notice.objects.filter(user=rep, kind="handoff", read_at=None)
    assert [one.key for one in unread] == [f"handoff:{waits.pk}:1"]


@pytest.mark.parametrize("role", ["other_rep", "marketer"])
def test_nobody_else_decides(people: Any, role: str) -> None:
    one = assigned(people("rep"))
    for decide in (
        lambda: handoff_accept(handoff_id=one.pk, by=people(role)),
        lambda: handoff_reject(handoff_id=one.pk, by=people(role), reason_code="timing"),
        lambda: handoff_reassign(handoff_id=one.pk, to=people("other_rep"), by=people(role)),
    ):
        with pytest.raises(Refused, match="Only"):
            decide()
    one.refresh_from_db()
    assert one.state == "assigned"


def test_the_manager_of_the_team_may_decide(people: Any) -> None:
    one = assigned(people("rep"))
    handoff_accept(handoff_id=one.pk, by=people("manager"))
    one.refresh_from_db()
    assert (one.rep, one.decided_by) == (people("rep"), people("manager"))


def test_deciding_twice_says_who_did(people: Any) -> None:
    one = assigned(people("rep"))
    handoff_accept(handoff_id=one.pk, by=people("rep"))
    with pytest.raises(Conflict, match="Rita Rep accepted this lead already"):
        handoff_reject(handoff_id=one.pk, by=people("manager"), reason_code="timing")
    with pytest.raises(Conflict, match="You accepted"):
        handoff_accept(handoff_id=one.pk, by=people("rep"))


def test_a_waiting_one_cannot_be_decided(people: Any) -> None:
    one = mqls()[0]
    with pytest.raises(Refused, match="assign it first"):
        handoff_accept(handoff_id=one.pk, by=people("admin"))


def test_reject_recycles_and_marketing_hears_why(people: Any) -> None:
    marketer, rep = people("marketer"), people("rep")
    one = assigned(rep)
    handoff_reject(handoff_id=one.pk, by=rep, reason_code="timing", note="Call in spring")
    one.refresh_from_db()
    standing = Standing.objects.select_related("stage").get(pk=one.lead_id)
    assert (one.state, one.reject_reason.code, one.reject_note) == ("rejected", "timing", "Call in spring")
    assert (standing.stage.key, standing.cycle, standing.owner) == ("interest", 2, None)
    notice = Notice.objects.get(user=marketer, kind="rejected")
    assert "Not now" in notice.title and "Call in spring" in notice.body and "autumn" in notice.body
    assert not Assignment.objects.filter(handoff=one, ended_at=None).exists()
    assert not Deal.objects.get(lead=one.lead).stage.is_open


def test_reject_disqualifies_when_the_reason_says_so(people: Any) -> None:
    one = assigned(people("rep"))
    handoff_reject(handoff_id=one.pk, by=people("rep"), reason_code="bad_fit")
    standing = Standing.objects.select_related("stage").get(pk=one.lead_id)
    assert (standing.stage.key, standing.cycle) == ("disqualified", 1)


def test_reject_needs_a_reason(people: Any) -> None:
    one = assigned(people("rep"))
    with pytest.raises(Refused) as refused:
        handoff_reject(handoff_id=one.pk, by=people("rep"), reason_code="nonsense")
    assert refused.value.field == "reason"


def test_a_recycled_lead_waits_then_passes_again_with_its_own_handoff_and_deal(people: Any) -> None:
    rep = people("rep")
    one = assigned(rep)
    handoff_reject(handoff_id=one.pk, by=rep, reason_code="timing")
    scored([one.lead])
    assert Handoff.objects.count() == 1, "it must wait"
    MqlPolicy.objects.update(recycle_wait_days=0)
    scored([one.lead])
    assign_drain()
    assert list(Handoff.objects.values_list("cycle", "state")) == [(1, "rejected"), (2, "assigned")]
    assert Deal.objects.filter(lead=one.lead).count() == 2


def test_a_fresh_demo_request_need_not_wait(people: Any) -> None:
    rep = people("rep")
    one = assigned(rep, deed="demo_requested")
    handoff_reject(handoff_id=one.pk, by=rep, reason_code="timing")
    scored([one.lead])
    assert Handoff.objects.count() == 1, "the demo request of the last cycle must not count again"
    activity_record(lead=one.lead, kind="demo_requested")
    scored([one.lead])
    assert Handoff.objects.count() == 2


def test_reassign_moves_everything_and_starts_the_clock_again(people: Any) -> None:
    one = assigned(people("rep"))
    to = reps(1, team="North")[0]
    Handoff.objects.update(assigned_at=timezone.now() - timedelta(hours=2), warned_at=timezone.now())
    handoff_reassign(handoff_id=one.pk, to=to, by=people("manager"))
    one.refresh_from_db()
    assert (one.rep, one.turn, one.state, one.warned_at) == (to, 2, "assigned", None)
    assert one.assigned_at > timezone.now() - timedelta(minutes=1)
    assert Deal.objects.get(lead=one.lead).owner == to == Standing.objects.get(pk=one.lead_id).owner
    assert Notice.objects.filter(user=to, key=f"handoff:{one.pk}:2").count() == 1
    with pytest.raises(Conflict):
        handoff_reassign(handoff_id=one.pk, to=to, by=people("manager"))


def test_an_accepted_lead_stays_accepted_when_reassigned(people: Any) -> None:
    one = assigned(people("rep"))
    handoff_accept(handoff_id=one.pk, by=people("rep"))
    handoff_reassign(handoff_id=one.pk, to=reps(1, team="North")[0], by=people("manager"))
    one.refresh_from_db()
    assert one.state == "accepted"


def test_a_manager_assigns_a_waiting_one_by_hand(people: Any) -> None:
    one, rep = mqls()[0], people("rep")
    handoff_reassign(handoff_id=one.pk, to=rep, by=people("manager"))
    one.refresh_from_db()
    assert (one.state, one.rep) == ("assigned", rep)
    assert Deal.objects.get(lead=one.lead).owner == rep


def test_who_left_gets_nothing(people: Any) -> None:
    one = assigned(people("rep"))
    gone = reps(1, team="North", is_active=False)[0]
    with pytest.raises(Refused, match="not an active rep"):
        handoff_reassign(handoff_id=one.pk, to=gone, by=people("manager"))


@pytest.mark.parametrize(("kind", "stops"), [("call", True), ("email", True), ("meeting", True), ("note", False)])
def test_only_a_real_answer_stops_the_clock(people: Any, kind: str, stops: bool) -> None:
    one = assigned(people("rep"))
    activity_record(lead=one.lead, kind=kind, by=people("rep"))
    one.refresh_from_db()
    assert (one.responded_at is not None) is stops


def test_the_first_answer_counts_and_only_the_reps_own(people: Any) -> None:
    one = assigned(people("rep"))
    activity_record(lead=one.lead, kind="call", by=people("manager"))
    one.refresh_from_db()
    assert one.responded_at is None
    activity_record(lead=one.lead, kind="call", by=people("rep"))
    one.refresh_from_db()
    first = one.responded_at
    activity_record(lead=one.lead, kind="call", by=people("rep"))
    one.refresh_from_db()
    assert one.responded_at == first is not None


def test_a_closed_deal_makes_room_for_the_next_lead() -> None:
    rep = reps(1, capacity_open=1)[0]
    first, second = mqls(1, score=90)[0], mqls(1, score=80)[0]
    assign_drain()
    handoff_accept(handoff_id=first.pk, by=rep)
    second.refresh_from_db()
    assert second.state == "waiting"
    reason = LostReason.objects.exclude(code="rejected").filter(is_active=True).first()
    deal_lose(deal=Deal.objects.get(lead=first.lead), by=rep, reason=reason)
    first.refresh_from_db()
    assert first.closed_at is not None
    assign_drain()
    second.refresh_from_db()
    assert second.rep == rep
    deal_reopen(deal=Deal.objects.get(lead=first.lead), by=rep)  # and takes it again when it was no end after all
    first.refresh_from_db()
    assert first.closed_at is None
