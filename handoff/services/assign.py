"""Giving waiting leads to reps, a batch in one transaction: assignment, owner, deal, notice and e-mail."""

import json
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.urls import reverse

from core import outbox, points
from core.bulk import rows_insert, rows_update
from core.clock import db_now
from handoff.models import Assignment, Decision, Handoff
from handoff.services import tell
from handoff.services.ceiling import Gate
from handoff.services.pool import Kept, Outcome, Routing, rules_lock
from handoff.services.slas import Slas
from leads.models import Standing
from team.models import User
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell

log = logging.getLogger(__name__)
BATCH = 500
_READ = ["lead_id", "cycle", "state", "why", "instant", "score", "grade", "turn", "reroutes", "responded_at"]
_READ += ["policy_id", "in_line"]
# Six together: more at once cost another way of writing (core.bulk).
_GIVEN = ("rep_id", "turn")
_CLOCK = ("sla_id", "sla_revision", "warn_at", "due_at")


def assign_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Give out waiting handoffs until none is due; returns how many got a rep."""
    given = 0
    kept: Kept | None = None
    end = time.monotonic() + seconds
    # The look without a lock comes first: most of the time there is nothing to do, and then nobody is held up.
    while time.monotonic() < end and _due(db_now()).exists():
        done = _batch(limit, kept)
        if not done.looked:  # somebody else holds them, the sweeper comes back
            break
        given += done.given
        kept = done.kept
    return given


def _due(now: datetime) -> Any:
    """Waiting handoffs that may be tried, best first."""
    rows = Handoff.objects.filter(state=Handoff.State.WAITING, next_try_at__lte=now)
    return rows.order_by("-instant", "-score", "pk")


def given_back(rows: Sequence[Handoff]) -> dict[int, set[int]]:
    """Who said "not mine" of each: they do not get it again. No query for handoffs that nobody has had yet."""
    found: dict[int, set[int]] = {}
    had = [one.pk for one in rows if one.turn]
    if had:
        said = Decision.objects.filter(handoff__in=had, kind=Decision.Kind.GIVEN_BACK)
        for handoff_id, rep_id in said.values_list("handoff", "rep"):
            found.setdefault(handoff_id, set()).add(rep_id)
    return found


@dataclass(frozen=True)
class Done:
    """What became of a batch: how many handoffs were looked at, how many got a rep."""

    looked: int = 0
    given: int = 0
    kept: Kept | None = None


def _batch(limit: int, kept: Kept | None) -> Done:
    try:
        return _assign(None, limit, kept)
    except Exception as error:  # one bad row must not stop the batch: each by itself then
        log.warning("a batch of handoffs falls back to single ones: %s", error)
    given = 0
    ids = list(_due(db_now()).values_list("pk", flat=True)[:limit])
    for pk in ids:
        try:
            given += assign_batch([pk])
        except Exception as error:
            log.exception("handoff %s could not be assigned", pk)
            Handoff.objects.filter(pk=pk, state=Handoff.State.WAITING).update(
                next_try_at=db_now() + timedelta(minutes=5),
                waiting_why=f"Could not be assigned: {type(error).__name__}: {error}"[:200],
            )
    return Done(len(ids), given)


def assign_batch(ids: Sequence[int]) -> int:
    """Choose reps for these waiting handoffs, as far as they are due. Returns how many got a rep."""
    return _assign(ids, len(ids)).given


@transaction.atomic
def _assign(ids: Sequence[int] | None, limit: int, kept: Kept | None = None) -> Done:
    """Choose reps for the best of the due handoffs (of ``ids``, when given). Locks: the rules (the pools' cursors)
    plainly, then the handoffs, their standings, the reps. Two workers take turns at the rules, so
    what is due is asked only then."""
    locked = rules_lock()
    now = db_now()
    due = _due(now) if ids is None else _due(now).filter(pk__in=ids)
    due = due.only(*_READ)
    rows = list(due.select_for_update(of=("self",), skip_locked=True)[:limit])
    if not rows:
        return Done()
    lead_ids = [one.lead_id for one in rows]
    owners = standings_lock(lead_ids)
    routing = Routing.load(lead_ids, now=now, locked=locked, kept=kept)
    gate, back = Gate.load(rows, now), given_back(rows)
    pairs = _choose(rows, gate, routing, owners, back)
    if routing.counted_at < now and any(outcome.rep is None for _, outcome in pairs):
        # Nobody has room, says an earlier count: ask anew before anybody waits for that.
        routing = Routing.load(lead_ids, now=now, locked=locked)
        pairs = _choose(rows, gate, routing, owners, back)
    gate.close()
    given = [(one, outcome.rep, outcome) for one, outcome in pairs if outcome.rep is not None]
    give(given, now=now, slas=Slas.load(lead_ids, now=now, calendars=routing.calendars))
    routing.save()
    _hold([(one, outcome) for one, outcome in pairs if outcome.rep is None], now)
    points.reached("handoff.given")
    return Done(len(rows), len(given), routing.keep())


def _choose(
    rows: Sequence[Handoff],
    gate: Gate,
    routing: Routing,
    owners: dict[int, int | None],
    back: dict[int, set[int]],
) -> list[tuple[Handoff, Outcome]]:
    """Best first: who gets each of those whom no ceiling holds back."""
    gate.begin(routing)
    pairs = []
    for one in rows:
        if gate.admits(one):
            outcome = routing.choose(one.lead_id, owners[one.lead_id], excluded=back.get(one.pk, ()))
            pairs.append((one, outcome))
            if outcome.rep is not None:
                gate.given(one)
    return pairs


def standings_lock(lead_ids: Collection[int]) -> dict[int, int | None]:
    """Lock the leads' standings in one order; the owner of each."""
    rows = Standing.objects.filter(pk__in=lead_ids).order_by("pk").select_for_update(of=("self",))
    return dict(rows.values_list("pk", "owner_id"))


def give(
    rows: Sequence[tuple[Handoff, User, Outcome]],
    *,
    now: datetime,
    slas: Slas | None = None,
    bulk: str = "",
) -> None:
    """Write that each handoff is with its rep now, and tell everybody who must know. Inside a transaction, with
    the handoffs and standings locked; an assignment that was active before must have been ended. ``bulk``: the key of
    the one notice by which the caller tells each rep of all they get."""
    if not rows:
        return
    slas = slas or Slas.load([one.lead_id for one, _, _ in rows], now=now, reps={rep for _, rep, _ in rows})
    for one, rep, _ in rows:
        one.rep, one.waiting_why = rep, ""
        one.turn += 1
        if one.state == Handoff.State.WAITING:
            one.state = Handoff.State.ASSIGNED
        if one.state == Handoff.State.ASSIGNED:
            one.responded_at = None
        if _waits(one):
            slas.start(one, rep, now)
    _write([one for one, _, _ in rows], now)
    rows_update(Standing, ["owner"], [(one.lead_id, rep.pk) for one, rep, _ in rows])
    rows_insert(
        Assignment,
        ["handoff", "rep", "turn", "how", "explanation", "mailed", "due_at"],
        [
            (
                *(one.pk, rep.pk, one.turn, outcome.how, json.dumps(outcome.explanation)),
                *(rep.notify_email and not bulk, one.due_at if _waits(one) else None),
            )
            for one, rep, outcome in rows
        ],
        same={"at": now, "bulk": bulk},
    )
    for topic, part in (
        ("handoff.assigned", [one for one, _, _ in rows if one.turn == 1]),
        ("handoff.reassigned", [one for one, _, _ in rows if one.turn > 1]),
    ):
        outbox.emit_many(topic, [(tell.key_of(one, one.turn), payload(one)) for one in part])
    if not bulk:
        tell.tell_assigned([(one, rep) for one, rep, _ in rows], now)


def payload(handoff: Handoff) -> dict[str, Any]:
    """What the flow map promises of every handoff topic."""
    return {
        "handoff_id": handoff.pk,
        "lead_id": handoff.lead_id,
        "cycle": handoff.cycle,
        "rep_id": handoff.rep_id,
    }


def _waits(one: Handoff) -> bool:
    """Somebody is still to call, write to or meet the lead: whoever gets it starts a clock."""
    return one.state == Handoff.State.ASSIGNED or (one.responded_at is None and one.closed_at is None)


def _write(rows: Sequence[Handoff], now: datetime) -> None:
    """Keep what ``give`` set. What was answered, or needs no answer any more, keeps its record."""
    cells, fresh = attrgetter("pk", *_GIVEN), attrgetter("pk", *_GIVEN, *_CLOCK)
    begun: dict[str, Any] = {"assigned_at": now, "waiting_why": "", "responded_at": None}
    begun |= {"warned_at": None, "escalated_at": None, "absent_told_at": None}
    waiting = [one for one in rows if _waits(one)]
    for state in (Handoff.State.ASSIGNED.value, Handoff.State.ACCEPTED.value):
        clocked = [fresh(one) for one in waiting if one.state == state]
        rows_update(Handoff, [*_GIVEN, *_CLOCK], clocked, same=begun | {"state": state})
    rows_update(Handoff, _GIVEN, [cells(one) for one in rows if not _waits(one)])


def _hold(rows: Sequence[tuple[Handoff, Outcome]], now: datetime) -> None:
    """Nobody can have them yet: they stay, with the reason, and the managers hear of it once a day."""
    if not rows:
        return
    teams = {outcome.rule.team_id if outcome.rule else None: outcome.why for _, outcome in rows}
    told = [(one.pk, outcome.why[:200], outcome.retry_at) for one, outcome in rows]
    rows_update(Handoff, ["waiting_why", "next_try_at"], told)
    managers = managers_of(teams)
    url = reverse("handoff:list") + "?state=waiting"
    notices_tell(
        [
            NoticeLine(
                manager.pk,
                f"handoffs-held:{team or 'all'}:{now:%Y-%m-%d}",
                "Leads are waiting for a rep",
                why,
                url,
                team_id=team,
            )
            for team, why in teams.items()
            for manager in managers[team]
        ],
        kind="held",
        now=now,
    )


def waiting_retry(limit: int = 50) -> None:
    """Room was made or a rule changed: the best of those who wait are tried again at once. Inside a transaction;
    those whom a chooser looks at right now are left out, so that nobody waits for it here."""
    rows = Handoff.objects.filter(state=Handoff.State.WAITING, next_try_at__gt=db_now(), in_line=False)
    best = rows.order_by("-instant", "-score", "pk").select_for_update(of=("self",), skip_locked=True)
    ids = list(best.values_list("pk", flat=True)[:limit])
    if ids:
        Handoff.objects.filter(pk__in=ids).update(next_try_at=db_now())
        outbox.poke("handoff.opened")
