"""The human clock: warn before the deadline; at it tell the managers and give the lead to somebody else."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from core.clock import db_now
from handoff.models import Assignment, Handoff
from handoff.selectors import managers_of
from handoff.services import tell
from handoff.services.assign import give, standings_lock
from handoff.services.pool import Outcome, Routing, rules_lock
from handoff.services.slas import Slas
from team.models import User
from team.services import NoticeLine, notices_tell

BATCH = 200
NO_ANSWER = "No answer in time"


def clock_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Warn and escalate until nothing is due; returns how many were warned or escalated."""
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        step = 0
        now = db_now()
        if _warnable(now).exists():
            step += warn_batch(limit)
        if _late(now).exists():
            step += escalate_batch(limit)
        if not step:
            break
        done += step
    return done


def _unanswered() -> Any:
    # An accepted lead that nobody has called is late all the same: accepting is no answer.
    return Handoff.objects.filter(state__in=[Handoff.State.ASSIGNED, Handoff.State.ACCEPTED], responded_at=None)


def _warnable(now: datetime) -> Any:
    return _unanswered().filter(warned_at=None, warn_at__lte=now, due_at__gt=now)


def _late(now: datetime) -> Any:
    return _unanswered().filter(escalated_at=None, due_at__lte=now)


@transaction.atomic
def warn_batch(limit: int = BATCH) -> int:
    """One notice before the deadline. Two drains at once: the second finds ``warned_at`` set."""
    now = db_now()
    rows = list(
        _warnable(now)
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
            f"{max(1, int((one.due_at - now).total_seconds() // 60))} minutes left. {one.why}",
        )
        for one in rows
    ]
    notices_tell(lines, kind="warning", now=now)
    return len(rows)


@transaction.atomic
def escalate_batch(limit: int = BATCH) -> int:
    """At the deadline: tell the managers, give undecided leads to another rep (at most ``max_reroutes`` times),
    flag the rest. Like every chooser it holds the rules first, so that the order of the other locks is free."""
    now = db_now()
    ids = list(_late(now).order_by("due_at", "pk").values_list("pk", flat=True)[:limit])
    lead_ids = list(Handoff.objects.filter(pk__in=ids).values_list("lead_id", flat=True))
    routing = Routing.load(lead_ids, now=now, locked=rules_lock())
    rows = list(
        _late(now)
        .filter(pk__in=ids)
        .select_related("lead__company", "rep", "sla")
        .order_by("due_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)
    )
    if not rows:
        return 0
    late_reps = {one.pk: one.rep for one in rows}
    moved = _moves(rows, routing)
    standings_lock([one.lead_id for one, _, _ in moved])
    assignments_end([one for one, _, _ in moved], why=NO_ANSWER, now=now)
    for one, _, _ in moved:
        one.reroutes += 1
    lead_ids = [one.lead_id for one, _, _ in moved]
    give(moved, now=now, slas=Slas.load(lead_ids, now=now, calendars=routing.calendars))
    routing.save()
    gone = {one.pk for one, _, _ in moved}
    Handoff.objects.filter(pk__in=[one.pk for one in rows if one.pk not in gone]).update(escalated_at=now)
    _tell_managers(rows, late_reps, gone, now)
    return len(rows)


def _moves(rows: Sequence[Handoff], routing: Routing) -> list[tuple[Handoff, User, Outcome]]:
    """Who can have which undecided lead instead; those for whom there is nobody are left out."""
    had: dict[int, set[int]] = {}
    for handoff_id, rep_id in Assignment.objects.filter(handoff__in=rows).values_list("handoff_id", "rep_id"):
        had.setdefault(handoff_id, set()).add(rep_id)
    moved = []
    for one in rows:
        allowed = one.sla.max_reroutes if one.sla else 0
        if one.state != Handoff.State.ASSIGNED or one.reroutes >= allowed:
            continue
        outcome = routing.choose(one.lead_id, None, excluded=had.get(one.pk, set()))
        if outcome.rep is not None:
            moved.append((one, outcome.rep, outcome))
    return moved


def assignments_end(handoffs: Sequence[Handoff], *, why: str, now: datetime) -> None:
    """Close the active assignment of each."""
    Assignment.objects.filter(handoff__in=handoffs, ended_at=None).update(ended_at=now, ended_why=why[:120])


def _tell_managers(
    rows: Sequence[Handoff], late_reps: dict[int, User | None], moved: set[int], now: datetime
) -> None:
    lines: list[NoticeLine] = []
    managers = managers_of([rep.team_id if rep else None for rep in late_reps.values()])
    for one in rows:
        rep = late_reps[one.pk]
        name = rep.name if rep else "Nobody"
        then = f"{one.rep} has it now." if one.pk in moved else "It stays there: please look after it."
        # a lead that moved is one turn further; the key names the turn that ran out
        turn = one.turn - 1 if one.pk in moved else one.turn
        key = tell.key_of(one, turn, "late")
        title = f"{name} did not answer {one.lead.name} in time"
        told = [*managers[rep.team_id if rep else None]]
        lines += [tell.notice_for(who, one, key, title, then) for who in told]
        if rep is not None and rep not in told:
            body = "It went to a colleague." if one.pk in moved else "Your manager was told."
            lines.append(tell.notice_for(rep, one, key, f"Time ran out: {one.lead.name}", body))
    notices_tell(lines, kind="escalated", now=now)
