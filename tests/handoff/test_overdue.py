"""The clocks through their drain: what the deadline keeps, who is told, who gets the lead, and time off meanwhile."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from handoff.models import Assignment, Handoff, RoutingRule, SlaPolicy
from handoff.services import (
    assign_drain,
    clock_drain,
    handoff_accept,
    handoff_reassign,
    handoff_reject,
    handoff_undo,
    responses,
)
from handoff.services.sla_settings import running_counts, running_renew, sla_save
from handoff.services.slas import Slas
from leads.services import activity_record
from team.models import CompanyDay, Notice, TimeOff, User, office_hours
from team.rules import Calendar, ClosedDays
from team.selectors import calendar_of
from tests.handoff.test_clocks import late
from tests.handoff.world import ALWAYS, assigned, mqls, reps

pytestmark = pytest.mark.django_db
BERLIN = {"working_hours": office_hours(), "time_zone": "Europe/Berlin", "country": "DE", "region": "BE"}


def two(people: Any) -> tuple[User, User]:
    """Two reps of one team who are always at work, and the team's manager."""
    people("manager")
    RoutingRule.objects.update(team=people("rep").team)
    User.objects.filter(pk=people("rep").pk).update(working_hours=ALWAYS)
    return people("rep"), reps(1, team="North")[0]


def given() -> Handoff:
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    return one


def other_of(one: Handoff, pair: tuple[User, User]) -> User:
    return pair[1] if one.rep == pair[0] else pair[0]


def off(rep: User, *, begun: timedelta = timedelta(minutes=1), noted: timedelta = timedelta()) -> TimeOff:
    now = timezone.now()
    return TimeOff.objects.create(
        user=rep, starts_at=now - begun, ends_at=now + timedelta(days=3), noted_at=now - noted
    )


def values(policy: SlaPolicy, **changed: Any) -> dict[str, Any]:
    names = ("name", "condition", "instant_only", "minutes", "working_time", "warn_percent", "warn_minutes")
    return {n: getattr(policy, n) for n in (*names, "tell", "max_reroutes", "after_last")} | changed


def test_holidays_and_days_off_are_no_working_time() -> None:
    rep = reps(1, **BERLIN)[0]
    for day in range(-1, 400):
        CompanyDay.objects.create(day=date.today() + timedelta(days=day), name="Closed")
    one = given()
    assert one.rep == rep and one.due_at == calendar_of(rep, since=one.assigned_at).due_at(one.assigned_at, 240)
    assert one.due_at - one.assigned_at > timedelta(days=250), "four hours may need many days"
    holidays = Calendar(rep.working_hours, rep.time_zone, ClosedDays("DE", "BE"))
    assert holidays.due_at(one.assigned_at, 240) < one.due_at
    assert Assignment.objects.get(handoff=one).due_at == one.due_at


@pytest.mark.parametrize(
    ("start", "due"),
    [
        # Berlin, Friday 16:30 before a change of the clock: an hour of Friday, three of Monday from 9:00
        ("2027-03-26T16:30+01:00", "2027-03-30T13:00+02:00"),  # Good Friday and Easter Monday: all of it on Tuesday
        ("2028-03-24T16:30+01:00", "2028-03-27T12:00+02:00"),
        ("2026-10-23T16:30+02:00", "2026-10-26T12:00+01:00"),
    ],
)
def test_a_weekend_on_which_the_clocks_change(start: str, due: str) -> None:
    rep = reps(1, **BERLIN)[0]
    one, now = mqls()[0], datetime.fromisoformat(start)
    Slas.load([one.lead_id], now=now, reps=[rep]).start(one, rep, now)
    assert one.due_at == datetime.fromisoformat(due) and one.warn_at and one.warn_at < one.due_at


def test_a_clock_keeps_the_terms_it_started_with(people: Any) -> None:
    two(people)
    one = given()
    policy = SlaPolicy.objects.get(instant_only=False)
    sla_save(by=people("manager"), policy=policy, revision=1, values=values(policy, minutes=30, max_reroutes=0))
    before = one.due_at
    one.refresh_from_db()
    assert (one.due_at, one.sla_revision) == (before, 1) and running_counts() == (1, 1)
    late(one)
    clock_drain()
    former = one.rep
    one.refresh_from_db()
    assert one.rep != former, "the old terms still give it to another rep"
    assert one.sla_revision == 2 and one.due_at - one.assigned_at == timedelta(minutes=30)
    late(one)
    clock_drain()
    one.refresh_from_db()
    assert one.escalated_at and one.turn == 2, "the new terms leave it"


def test_todays_terms_for_the_clocks_that_run(people: Any) -> None:
    two(people)
    one, answered = given(), given()
    Handoff.objects.filter(pk=answered.pk).update(responded_at=timezone.now())
    policy = SlaPolicy.objects.get(instant_only=False)
    sla_save(by=people("manager"), policy=policy, revision=1, values=values(policy, minutes=600, warn_minutes=60))
    assert running_counts() == (1, 1)
    Handoff.objects.filter(pk=one.pk).update(warned_at=timezone.now())
    assert running_renew(by=people("manager")) == 1 and running_counts() == (1, 0)
    one.refresh_from_db()
    assert one.due_at == one.assigned_at + timedelta(minutes=600) and one.warned_at is None
    assert one.warn_at == one.due_at - timedelta(minutes=60)
    assert Assignment.objects.get(handoff=one).due_at == one.due_at
    answered.refresh_from_db()
    assert answered.due_at == answered.assigned_at + timedelta(minutes=240)
    assert running_renew(by=people("manager")) == 0


def test_a_named_person_hears_of_it_and_then_has_it(people: Any) -> None:
    two(people)
    boss = people("admin")
    SlaPolicy.objects.update(tell=boss, after_last="manager", max_reroutes=0, revision=9)
    one = given()
    former = one.rep
    late(one)
    assert [clock_drain() for _ in range(3)] == [1, 0, 0]
    one.refresh_from_db()
    assert (one.rep, one.turn, one.escalated_at, one.reroutes) == (boss, 2, None, 0)
    assert Notice.objects.get(user=boss, kind="escalated").body == f"{boss} has it now."
    assert not Notice.objects.filter(user=people("manager"), kind="escalated").exists()
    late(one)
    clock_drain()
    one.refresh_from_db()
    assert one.rep == boss and one.escalated_at, "whom nobody stands above keeps it"
    assert Assignment.objects.filter(handoff=one, ended_at=None).count() == 1
    assert Assignment.objects.get(handoff=one, turn=1).rep == former


def test_nobody_left_goes_to_the_manager_when_the_terms_say_so(people: Any) -> None:
    people("manager")
    SlaPolicy.objects.update(after_last="manager", max_reroutes=5, revision=9)
    one = assigned(people("rep"))
    late(one)
    clock_drain()
    one.refresh_from_db()
    assert one.rep == people("manager") and Assignment.objects.get(handoff=one, turn=2).how == "late"


def test_when_nobody_ran_for_hours_each_is_told_once_in_order_and_how_late(people: Any) -> None:
    rep = people("rep")
    User.objects.filter(pk=rep.pk).update(capacity_open=100, capacity_day=100)
    people("manager")
    RoutingRule.objects.update(team=rep.team)
    rows = mqls(3)
    assign_drain()
    for hours, one in zip((2, 5, 3), rows, strict=True):
        late(one, hours * 3600)
    due = dict(Handoff.objects.values_list("pk", "due_at"))
    assert clock_drain() == 3 and clock_drain() == 0
    told = Notice.objects.filter(user=people("manager"), kind="escalated").order_by("pk")
    assert [one.key.split(":")[1] for one in told] == [str(rows[place].pk) for place in (1, 2, 0)]
    assert told[0].body.endswith("The time ran out 5 h before anybody was told.")
    for one in Handoff.objects.all():
        assert one.due_at == due[one.pk] and one.escalated_at > one.due_at + timedelta(hours=2), "the truth stays"
    assert not Notice.objects.filter(kind="warning").exists(), "no warning after the deadline"


def test_time_off_that_begins_hands_what_is_undecided_on(people: Any) -> None:
    pair = two(people)
    one = given()
    former, other = one.rep, other_of(one, pair)
    off(former)
    assert clock_drain() == 1 and clock_drain() == 0
    one.refresh_from_db()
    assert (one.rep, one.reroutes, one.turn) == (other, 0, 2), "no fault of anybody's, so it is not counted"
    assert Assignment.objects.get(handoff=one, turn=1).ended_why == "On time off"
    told = Notice.objects.get(user=people("manager"), kind="absent")
    assert told.title == f"{former.name} is off, and {one.lead.name} waits for an answer"
    assert told.body == f"{other.name} has it now."


def test_what_nobody_else_can_take_stays_and_the_manager_hears_once(people: Any) -> None:
    people("manager")
    rep = people("rep")
    one, accepted = assigned(rep), assigned(rep)
    handoff_accept(handoff_id=accepted.pk, by=rep)
    off(rep)
    due = one.due_at
    assert clock_drain() == 2 and clock_drain() == 0
    one.refresh_from_db()
    assert one.rep == rep and one.due_at == due, "the promise to the lead is not put off"
    bodies = set(Notice.objects.filter(user=people("manager"), kind="absent").values_list("body", flat=True))
    assert any("accepted it" in body for body in bodies) and any("Nobody else" in body for body in bodies)
    TimeOff.objects.all().delete()
    off(rep, begun=timedelta(seconds=-1) + timedelta(seconds=1))
    assert clock_drain() == 2, "another time off is told anew"


def test_a_manager_who_calls_for_a_rep_takes_the_lead_first(people: Any, login: Any) -> None:
    """A manager who is no rep: the page offers it, their call stops the clock, their reject can be taken back."""
    manager, one = people("manager"), assigned(people("rep"))
    client = login("manager")
    page = client.get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert f'<option value="{manager.pk}">Me, ' in page
    other = User.objects.create(email="boss2@test.example", name="Boss", is_manager=True)
    assert client.post(reverse("handoff:reassign", args=[one.pk]), {"to": other.pk}).status_code == 422
    client.post(reverse("handoff:reassign", args=[one.pk]), {"to": manager.pk})
    assert f"{manager} took it." in client.get(reverse("handoff:detail", args=[one.pk])).content.decode()
    told = Notice.objects.get(user=people("rep"), kind="taken_over")
    assert told.title == f"{manager} took {one.lead.name}", "nobody loses a lead without a word"
    handoff_reject(handoff_id=one.pk, by=manager, reason_code="timing")
    handoff_undo(handoff_id=one.pk, by=manager)
    activity_record(lead=one.lead, kind="call", by=manager)
    one.refresh_from_db()
    assert one.rep == manager and one.responded_at is not None


def test_who_was_given_a_lead_while_off_keeps_it(people: Any) -> None:
    pair = two(people)
    one = given()
    other = other_of(one, pair)
    off(other, begun=timedelta(hours=2), noted=timedelta(hours=2))
    handoff_reassign(handoff_id=one.pk, to=other, by=people("manager"))
    assert clock_drain() == 0
    one.refresh_from_db()
    assert one.rep == other


def test_time_off_noted_late_counts_from_when_it_was_heard_of(people: Any) -> None:
    """'Off since this morning', said at noon: what came in between is handed on."""
    two(people)
    one = given()
    former = one.rep
    off(former, begun=timedelta(hours=6))
    assert clock_drain() == 1
    one.refresh_from_db()
    assert one.rep != former


def test_an_answer_logged_later_counts_when_it_happened(people: Any) -> None:
    rep = people("rep")
    one = assigned(rep)
    start = timezone.now() - timedelta(hours=3)
    Handoff.objects.filter(pk=one.pk).update(assigned_at=start, due_at=start + timedelta(hours=1))
    Assignment.objects.filter(handoff=one).update(at=start)

    def answered(by: User, kind: str, at: datetime | None) -> datetime | None:
        activity_record(lead=one.lead, kind=kind, by=by, at=at)
        one.refresh_from_db()
        moment: datetime | None = one.responded_at
        return moment

    assert answered(people("manager"), "call", None) is None, "nobody answers for somebody else"
    assert answered(people("other_rep"), "meeting", None) is None
    assert answered(rep, "note", None) is None, "a note is none"
    assert answered(rep, "call", start - timedelta(minutes=1)) is None, "not before they had it"
    tomorrow = timezone.now() + timedelta(days=1)
    first = answered(rep, "email", tomorrow)
    assert first and first <= timezone.now(), "nothing happens in the future"
    called = start + timedelta(minutes=20)
    assert answered(rep, "call", called) == called, "an earlier one that was logged later"
    assert answered(rep, "call", called + timedelta(minutes=5)) == called
    assert Assignment.objects.get(handoff=one).responded_at == called


def test_who_answered_before_the_lead_moved_has_it_in_their_record(people: Any) -> None:
    two(people)
    one = given()
    former = one.rep
    assert former
    late(one)
    clock_drain()
    at = Assignment.objects.get(handoff=one, turn=1).at
    activity_record(lead=one.lead, kind="call", by=former, at=at)
    one.refresh_from_db()
    assert one.responded_at is None and one.rep != former, "it is somebody else's to answer now"
    record = Assignment.objects.get(handoff=one, turn=1)
    assert record.responded_at == at and record.due_at and record.responded_at <= record.due_at


def test_the_note_of_a_response_is_the_rule_not_the_caller(people: Any) -> None:
    """A wrong twin that counts anybody's call would let these stand."""
    one = assigned(people("rep"))
    said = {"lead_id": one.lead_id, "by_id": people("manager").pk, "at": datetime.now(UTC).isoformat()}
    responses.handoffs_note_response([said])
    one.refresh_from_db()
    assert one.responded_at is None
