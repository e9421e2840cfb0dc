"""Giving waiting leads to reps, a batch in one transaction: assignment, owner, deal, notice and e-mail."""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.urls import reverse

from core import outbox, points
from core.clock import db_now
from handoff.models import Assignment, Handoff
from handoff.selectors import managers_of
from handoff.services import tell
from handoff.services.pool import Outcome, Routing, Slas
from leads.models import Standing
from team.models import Notice, User

log = logging.getLogger(__name__)
BATCH = 200
# wide columns that nobody reads here
_UNREAD = ["lead__first_touch", "lead__last_touch", "lead__custom"]
_GIVEN = [
    *("state", "rep", "sla", "assigned_at", "warn_at", "due_at", "warned_at", "escalated_at", "responded_at"),
    *("reroutes", "turn", "waiting_why"),
]


def assign_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Give out waiting handoffs until none is due; returns how many got a rep."""
    given = 0
    end = time.monotonic() + seconds
    before: list[int] = []
    while time.monotonic() < end:
        due = list(_due(db_now()).values_list("pk", flat=True)[:limit])
        if not due or due == before:  # the same again: somebody else holds them, the sweeper comes back
            break
        given += _batch(due)
        before = due
    return given


def _due(now: datetime) -> Any:
    """Waiting handoffs that may be tried, best first."""
    rows = Handoff.objects.filter(state=Handoff.State.WAITING, next_try_at__lte=now)
    return rows.order_by("-instant", "-score", "pk")


def _batch(ids: list[int]) -> int:
    try:
        return assign_batch(ids)
    except Exception as error:  # one bad row must not stop the batch: each by itself then
        log.warning("a batch of %s handoffs falls back to single ones: %s", len(ids), error)
    given = 0
    for pk in ids:
        try:
            given += assign_batch([pk])
        except Exception as error:
            log.exception("handoff %s could not be assigned", pk)
            Handoff.objects.filter(pk=pk, state=Handoff.State.WAITING).update(
                next_try_at=db_now() + timedelta(minutes=5),
                waiting_why=f"Could not be assigned: {type(error).__name__}: {error}"[:200],
            )
    return given


@transaction.atomic
def assign_batch(ids: Sequence[int]) -> int:
    """Choose reps for these waiting handoffs. Locks: the rules (the pools' cursors) plainly, then the handoffs,
    then the standings, always in this order. Returns how many got a rep."""
    now = db_now()
    lead_ids = list(Handoff.objects.filter(pk__in=ids).values_list("lead_id", flat=True))
    routing = Routing.load(lead_ids, now=now, lock=True)
    # After the wait for the rules others may have given some of them away: only what is still due counts.
    due = _due(now).filter(pk__in=ids).select_related("lead__company").defer(*_UNREAD)
    rows = list(due.select_for_update(of=("self",), skip_locked=True))
    if not rows:
        return 0
    owners = standings_lock([one.lead_id for one in rows])
    given: list[tuple[Handoff, User, Outcome]] = []
    held: list[tuple[Handoff, Outcome]] = []
    for one in rows:
        outcome = routing.choose(one.lead, owners[one.lead_id])
        if outcome.rep is None:
            held.append((one, outcome))
        else:
            given.append((one, outcome.rep, outcome))
    give(given, now=now)
    routing.save()
    _hold(held, now)
    points.reached("handoff.given")
    return len(given)


def standings_lock(lead_ids: Collection[int]) -> dict[int, int | None]:
    """Lock the leads' standings in one order; the owner of each."""
    rows = Standing.objects.filter(pk__in=lead_ids).order_by("pk").select_for_update(of=("self",))
    return dict(rows.values_list("pk", "owner_id"))


def give(
    rows: Sequence[tuple[Handoff, User, Outcome]],
    *,
    now: datetime,
    slas: Slas | None = None,
) -> None:
    """Write that each handoff is with its rep now, and tell everybody who must know. Inside a transaction, with
    the handoffs and standings locked; an assignment that was active before must have been ended."""
    if not rows:
        return
    slas = slas or Slas.load([one.lead_id for one, _, _ in rows], now=now)
    for one, rep, _ in rows:
        one.rep, one.waiting_why = rep, ""
        one.turn += 1
        if one.state == Handoff.State.WAITING:
            one.state = Handoff.State.ASSIGNED
        if one.state == Handoff.State.ASSIGNED:
            one.responded_at = None
            slas.start(one, rep, now)
    handoffs_write([one for one, _, _ in rows])
    owners = Handoff.objects.filter(pk__in=[one.pk for one, _, _ in rows], lead=OuterRef("pk")).values("rep")
    Standing.objects.filter(pk__in=[one.lead_id for one, _, _ in rows]).update(owner=Subquery(owners[:1]))
    Assignment.objects.bulk_create(
        [
            Assignment(
                handoff=one,
                rep=rep,
                turn=one.turn,
                at=now,
                how=outcome.how,
                explanation=outcome.explanation,
                mailed=rep.notify_email,
            )
            for one, rep, outcome in rows
        ]
    )
    for topic, part in (
        ("handoff.assigned", [one for one, _, _ in rows if one.turn == 1]),
        ("handoff.reassigned", [one for one, _, _ in rows if one.turn > 1]),
    ):
        outbox.emit_many(topic, [(tell.key_of(one, one.turn), payload(one)) for one in part])
    tell.tell_assigned([(one, rep) for one, rep, _ in rows], now)


def payload(handoff: Handoff) -> dict[str, Any]:
    """What the flow map promises of every handoff topic."""
    return {
        "handoff_id": handoff.pk,
        "lead_id": handoff.lead_id,
        "cycle": handoff.cycle,
        "rep_id": handoff.rep_id,
    }


def handoffs_write(rows: Iterable[Handoff]) -> None:
    """Write the routing columns of many locked rows in one statement (an upsert that always meets its row; several
    times faster than bulk_update's CASE for this many columns)."""
    Handoff.objects.bulk_create(list(rows), update_conflicts=True, unique_fields=["id"], update_fields=_GIVEN)


def _hold(rows: Sequence[tuple[Handoff, Outcome]], now: datetime) -> None:
    """Nobody can have them yet: they stay, with the reason, and the managers hear of it once a day."""
    grouped: dict[tuple[str, datetime], list[int]] = {}
    teams: dict[int | None, str] = {}
    for one, outcome in rows:
        assert outcome.retry_at is not None
        grouped.setdefault((outcome.why, outcome.retry_at), []).append(one.pk)
        teams[outcome.rule.team_id if outcome.rule else None] = outcome.why
    for (why, retry_at), ids in grouped.items():
        Handoff.objects.filter(pk__in=ids).update(waiting_why=why[:200], next_try_at=retry_at)
    managers = managers_of(teams)
    tell.notices_write(
        Notice(
            user=manager,
            key=f"handoffs-held:{team or 'all'}:{now:%Y-%m-%d}",
            kind="held",
            title="Leads are waiting for a rep",
            body=why[:500],
            url=reverse("handoff:list") + "?state=waiting",
            created_at=now,
        )
        for team, why in teams.items()
        for manager in managers[team]
    )


def waiting_retry(limit: int = 50) -> None:
    """Room was made or a rule changed: the best of those who wait are tried again at once."""
    rows = Handoff.objects.filter(state=Handoff.State.WAITING, next_try_at__gt=db_now())
    ids = list(rows.order_by("-instant", "-score", "pk").values_list("pk", flat=True)[:limit])
    if ids:
        Handoff.objects.filter(pk__in=ids, state=Handoff.State.WAITING).update(next_try_at=db_now())
        outbox.poke("handoff.opened")
