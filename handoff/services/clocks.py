"""The human clock: warn before the deadline; at it tell whoever is to hear, and give the lead to somebody else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from core import wording
from core.clock import db_now
from handoff import rules
from handoff.models import Assignment, Handoff, SlaPolicy
from handoff.services import tell
from handoff.services.assign import give, standings_lock, waiting_retry
from handoff.services.pool import Outcome, Routing, rules_lock
from handoff.services.slas import Slas, terms_kept
from team.models import User
from team.rules import zone_get
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell

BATCH = 200
NO_ANSWER = "No answer in time"
LOOK_AGAIN = timedelta(minutes=15)
NOTICED = timedelta(minutes=2)  # a deadline that was seen so much later is said to have been


def warnable(now: datetime) -> Any:
    return Handoff.objects.unanswered().filter(warned_at=None, warn_at__lte=now, due_at__gt=now)


def late(now: datetime) -> Any:
    return Handoff.objects.late(now).filter(escalated_at=None)


def _left(one: Handoff, now: datetime) -> str:
    """'45 m left, until Mon 30 Nov 09:05', by the rep's own clock: a night or a weekend may lie between."""
    assert one.due_at is not None and one.rep is not None
    until = one.due_at.astimezone(zone_get(one.rep.time_zone))
    left = wording.duration(max(60, (one.due_at - now).total_seconds() // 60 * 60))
    return f"{left} left, until {until:%a %d %b %H:%M}"


@transaction.atomic
def warn_batch(limit: int = BATCH) -> int:
    """One notice before the deadline. Two drains at once: the second finds ``warned_at`` set."""
    now = db_now()
    rows = list(
        warnable(now)
        .select_related("lead__company", "rep")
        .order_by("warn_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(warned_at=now)
    lines = [
        tell.notice_for(
            one.rep,
            one,
            tell.key_of(one, one.turn, "warn"),
            f"{one.lead.name} waits for your answer",
            f"{_left(one, now)}. {one.why}",
        )
        for one in rows
    ]
    notices_tell(lines, kind="warning", now=now)
    return len(rows)


def stuck(now: datetime) -> Any:
    """Undecided leads that nobody could take at their deadline, when it is time to look again."""
    flagged = Handoff.objects.late(now).filter(state=Handoff.State.ASSIGNED, next_try_at__gt=F("escalated_at"))
    return flagged.filter(next_try_at__lte=now)


@dataclass
class Moving:
    """Leads that leave their rep in one transaction. ``load`` takes the locks, in the order of every chooser: the
    rules first, so that the order of the others is free."""

    now: datetime
    routing: Routing
    rows: list[Handoff]
    reps: dict[int, User | None]
    moved: list[tuple[Handoff, User, Outcome]] = field(default_factory=list)

    @classmethod
    def load(cls, due: Any, *, order: str, limit: int, now: datetime) -> "Moving":
        ids = list(due.order_by(order, "pk").values_list("pk", flat=True)[:limit])
        lead_ids = list(Handoff.objects.filter(pk__in=ids).values_list("lead_id", flat=True))
        routing = Routing.load(lead_ids, now=now, locked=rules_lock())
        rows = list(
            due.filter(pk__in=ids)
            .select_related("lead__company", "rep", "sla")
            .order_by(order, "pk")
            .select_for_update(of=("self",), skip_locked=True)
        )
        return cls(now, routing, rows, {one.pk: one.rep for one in rows})

    def had(self) -> dict[int, set[int]]:
        """Who has had each lead."""
        out: dict[int, set[int]] = {one.pk: set() for one in self.rows}
        for handoff_id, rep_id in Assignment.objects.filter(handoff__in=self.rows).values_list("handoff", "rep"):
            out[handoff_id].add(rep_id)
        return out

    def give(self, *, why: str) -> set[int]:
        """Write the moves: the old assignment ends, the new rep's clock starts. Returns the handoffs that went."""
        handoffs = [one for one, _, _ in self.moved]
        lead_ids = [one.lead_id for one in handoffs]
        standings_lock(lead_ids)
        assignments_end(handoffs, why=why, now=self.now)
        if handoffs:
            slas = Slas.load(lead_ids, now=self.now, calendars=self.routing.calendars)
            give(self.moved, now=self.now, slas=slas)
        self.routing.save()
        return {one.pk for one in handoffs}


def escalate_batch(limit: int = BATCH) -> int:
    """At the deadline: tell the managers (or who is named), give undecided leads to another rep as often as the terms
    of their clock say, then leave them or give them to the manager; flag what stays. Those longest overdue first."""
    return _escalate(late, limit)


def stuck_batch(limit: int = BATCH) -> int:
    """Nobody was at work or had room at the deadline: as soon as somebody is, they get it, and the managers hear."""
    return _escalate(stuck, limit)


@transaction.atomic
def _escalate(due_of: Callable[[datetime], Any], limit: int) -> int:
    now = db_now()
    moving = Moving.load(due_of(now), order="due_at", limit=limit, now=now)
    rows = moving.rows
    if not rows:
        return 0
    terms = terms_kept(rows)
    told = _told(rows, terms)
    due = {one.pk: one.due_at for one in rows}
    flagged = {one.pk for one in rows if one.escalated_at is not None}
    movable = {one.pk for one in rows if one.pk in terms and _may_move(one, terms[one.pk])}
    again = _choose(moving, terms, told)
    gone = moving.give(why=NO_ANSWER)
    Handoff.objects.filter(pk__in=again).update(reroutes=F("reroutes") + 1)
    stay = {one.pk for one in rows} - gone
    Handoff.objects.filter(pk__in=stay - flagged).update(escalated_at=now)
    Handoff.objects.filter(pk__in=stay & movable).update(next_try_at=now + LOOK_AGAIN)
    lines: list[NoticeLine] = []
    for one in rows:
        if one.pk in gone or one.pk not in flagged:  # who is flagged was told of
            late_since = None if one.pk in flagged else due[one.pk]
            lines += _lines(one, moving.reps[one.pk], told[one.pk], one.pk in gone, late_since, now)
    notices_tell(lines, kind="escalated", now=now)
    return len(rows)


def _may_move(one: Handoff, kept: rules.Terms) -> bool:
    return one.state == Handoff.State.ASSIGNED and one.reroutes < kept.max_reroutes


def _told(rows: Sequence[Handoff], terms: dict[int, rules.Terms]) -> dict[int, list[User]]:
    """Who hears of each: the person its terms name, or the managers of the rep's team."""
    named = User.objects.in_bulk({one.tell_id for one in terms.values() if one.tell_id})
    managers = managers_of([one.rep.team_id if one.rep else None for one in rows])
    out = {}
    for one in rows:
        person = named.get(terms[one.pk].tell_id or 0) if one.pk in terms else None
        usual = managers[one.rep.team_id if one.rep else None]
        out[one.pk] = [person] if person and person.is_active else usual
    return out


def _choose(moving: Moving, terms: dict[int, rules.Terms], told: dict[int, list[User]]) -> list[int]:
    """Decide who gets which undecided lead instead (``moving.moved``); who stays is left out. Returns those that
    went to another rep, which the terms count."""
    had = moving.had()
    again: list[int] = []
    managers: dict[int, int] = {}
    for one in moving.rows:
        if one.state != Handoff.State.ASSIGNED or one.pk not in terms:
            continue
        kept = terms[one.pk]
        if _may_move(one, kept):
            outcome = moving.routing.choose(one.lead_id, None, excluded=had[one.pk])
            if outcome.rep is not None:
                moving.moved.append((one, outcome.rep, outcome))
                again.append(one.pk)
                continue
        if kept.after_last == SlaPolicy.After.MANAGER and one.rep_id not in {who.pk for who in told[one.pk]}:
            managers[one.pk] = next((who.pk for who in told[one.pk] if who.pk not in had[one.pk]), 0)
    # locked, so that somebody who is deactivated at this moment leaves after they got it, or never gets it
    active = User.objects.filter(pk__in=set(managers.values()), is_active=True).order_by("pk")
    there = {who.pk: who for who in active.select_for_update(of=("self",), no_key=True)}
    for one in moving.rows:
        if manager := there.get(managers.get(one.pk, 0)):
            moving.moved.append((one, manager, Outcome(rep=manager, how="late")))
    return again


def assignments_end(handoffs: Sequence[Handoff], *, why: str, now: datetime) -> None:
    """Close the active assignment of each; that makes room for who waits."""
    if Assignment.objects.filter(handoff__in=handoffs, ended_at=None).update(ended_at=now, ended_why=why[:120]):
        waiting_retry()


def _lines(
    one: Handoff, rep: User | None, told: Sequence[User], moved: bool, due: datetime | None, now: datetime
) -> list[NoticeLine]:
    """What the managers and the rep read about one deadline that passed; ``due`` None: they have heard of it, now
    somebody else could take the lead."""
    name = rep.name if rep else "Nobody"
    then = f"{one.rep} has it now." if moved else "It stays there: please look after it."
    if due and now - due > NOTICED:
        then += f" The time ran out {wording.duration((now - due).total_seconds())} before anybody was told."
    # a lead that moved is one turn further; the key names the turn that ran out
    turn = one.turn - 1 if moved else one.turn
    key = tell.key_of(one, turn, "late" if due else "late-moved")
    title = f"{name} did not answer {one.lead.name} in time"
    lines = [tell.notice_for(who, one, key, title, then) for who in told]
    if rep is not None and rep not in told:
        body = "It went to a colleague." if moved else "Your manager was told."
        lines.append(tell.notice_for(rep, one, key, f"Time ran out: {one.lead.name}", body))
    return lines
