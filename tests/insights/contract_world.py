"""A few handoffs around two weeks of March 2026, written down so that every number can be counted by hand."""

from datetime import UTC, date, datetime, timedelta

from handoff.models import Handoff, RejectReason
from leads.models import Activity
from tests.leads.make import make_lead
from tests.personas import persona

W10, W11 = date(2026, 3, 2), date(2026, 3, 9)  # Mondays
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)  # every time that runs is over by then
STATES = Handoff.State


def moment(day, hour=10, minute=0):
    """A moment of March 2026, UTC."""
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC) + timedelta(days=day - 1)


def handoff(at, *, rep=None, lead=None, answered=None, state=STATES.ACCEPTED, decided=None, why="", calls=(), **more):
    """One handoff, assigned as it was opened, due after four hours. ``answered``: minutes until then; ``calls``: more
    attempts, in days after it."""
    rep = rep or persona("rep")
    campaign, source, note = more.get("campaign", "spring"), more.get("source", "web"), more.get("note", "")
    lead = lead or make_lead("", owner=rep, campaign=campaign, source=source)
    responded = at + timedelta(minutes=answered) if answered is not None else None
    row = Handoff.objects.create(
        lead=lead,
        cycle=Handoff.objects.filter(lead=lead).count() + 1,
        state=state,
        why="test",
        score=70,
        opened_at=at,
        rep=rep,
        assigned_at=at,
        due_at=at + timedelta(hours=4),
        responded_at=responded,
        decided_at=decided,
        decided_by=rep if decided else None,
        reject_reason=RejectReason.objects.get(code=why) if why else None,
        reject_note=note,
    )
    for when in [responded, *(at + timedelta(days=days) for days in calls)]:
        if when:
            Activity.objects.create(lead=lead, kind="call", at=when, by=rep)
    return row


def fortnight():
    """Eight handoffs; what they come to is in the tests."""
    first = handoff(moment(1, 23, 30), answered=60, decided=moment(2))  # Monday half past midnight in Berlin
    handoff(moment(2), answered=300, state=STATES.REJECTED, decided=moment(3), why="no_budget", note="In <May>")
    handoff(moment(4), state=STATES.ASSIGNED)  # nobody ever called
    handoff(moment(5), lead=first.lead, answered=10, decided=moment(6))  # was with sales before
    handoff(moment(6), answered=30, state=STATES.REJECTED, decided=moment(7), why="unreachable", campaign="autumn")
    handoff(moment(6, 11), answered=240, decided=moment(6, 16), calls=[1, 2], source="ads")
    handoff(moment(8, 23, 30), answered=20, decided=moment(9))  # the week after in Berlin, and in none but UTC's
    handoff(moment(3), rep=persona("other_rep"), answered=15, decided=moment(3, 12), source="ads")
