"""Following the ledger. Order of ids is not order of commits: an id that is missing may belong to a transaction that
has not committed yet, so it is remembered as a gap and looked for again until it must have been rolled back."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, Subquery, Value
from django.db.models.functions import Coalesce

from core.clock import db_now
from funnels.models import Transition
from insights.models import Journey, RollupState, Stale
from insights.rules.path import Path, day_number
from insights.selectors import path_now, people_of
from insights.services.fold import people_fold
from insights.services.rebuild import rebuild_turn, restart
from insights.services.scores import scores_count, scores_due
from insights.services.sums import stalled_move

SHAPE = 4  # of the tables; another number counts everything anew after an upgrade
CHUNK = 2000
GAP_SECONDS = 1800  # no transaction lives longer: the hard limit of a task is 300 s
MOST_GAPS = 500
RECONCILE_SECONDS = 30


def rollup_drain(*, seconds: float = 20, limit: int = 0, chores: bool = True) -> int:
    """Count what the ledger has new; returns how many ledger rows and marks were worked. One worker at a time.

    ``limit`` stops after so many ledger rows (0: none). Without ``chores`` what a worker does between (looking for
    drift, counting the scores) is left to it.
    """
    done = 0
    end = time.monotonic() + seconds
    path = path_now()
    while time.monotonic() < end:
        worked = _turn(path, chores)
        done += worked
        if not worked or (limit and done >= limit):
            break
    return done


def signature(path: Path) -> str:
    """What the rollup was counted along; another one means counting anew."""
    return f"{SHAPE}|{settings.CURRENCY}|{path.signature}"


def _turn(path: Path, chores: bool = True) -> int:
    """One short transaction of work; 0 when there is nothing (or somebody else is at it)."""
    if not _due(path, chores):
        return 0
    with transaction.atomic():
        state = _lock()
        if state is None:
            return 0
        if state.signature != signature(path):
            restart(state, signature(path))
        worked = rebuild_turn(state, path) if state.rebuilding else _follow_turn(state, path, chores)
        state.save()
        return worked


def _follow_turn(state: RollupState, path: Path, chores: bool) -> int:
    now = db_now()
    today = day_number(now)
    if state.today < today:
        stalled_move(state.today, today)
        state.today = today
    worked = _ledger_turn(state, path, now) + _stale_turn(path, state.today)
    if chores and not worked:
        worked = _reconcile_turn(state, path, now)
        if not worked and scores_due(state, now):
            scores_count(state, now)
    state.as_of = now
    return worked


def _due(path: Path, chores: bool) -> bool:
    """A cheap look, without the lock: is there anything to do?"""
    state = state_now()
    if state is None or state.signature != signature(path) or state.rebuilding or state.behind:
        return True
    now = db_now()
    if state.today < day_number(now):
        return True
    return chores and (_reconcile_due(state, now) or scores_due(state, now))


def _reconcile_due(state: RollupState, now: datetime) -> bool:
    return state.reconciled_at is None or now - state.reconciled_at > timedelta(seconds=RECONCILE_SECONDS)


def state_now() -> Any:
    """The state with ``newest`` (the ledger's last id), ``marks`` and ``behind``; None before the first count.
    One query; a second one when there are gaps."""
    newest = Transition.objects.order_by("-id").values("id")[:1]
    marks = Stale.objects.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n")
    state: Any = (
        RollupState.objects.filter(pk=1)
        .annotate(newest=Coalesce(Subquery(newest), 0), marks=Coalesce(Subquery(marks), 0))
        .first()
    )
    if state is None:
        return None
    missing = Transition.objects.filter(_in_gaps(state)).count() if state.gaps else 0
    state.behind = max(0, state.newest - state.cursor) + state.marks + missing
    return state


def behind() -> int:
    """About how many ledger rows and marks are not counted yet."""
    state = state_now()
    return state.behind if state else 1


def _lock() -> RollupState | None:
    """The state row, ours until commit. None when another worker holds it (PostgreSQL); SQLite has one writer."""
    RollupState.objects.get_or_create(pk=1)
    rows = RollupState.objects.filter(pk=1)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()


def rollup_rebuild(*, progress: Any = None) -> int:
    """Empty the rollup and count everything anew; returns the number of people. Waits for a worker that is at it."""
    path = path_now()
    with transaction.atomic():
        RollupState.objects.get_or_create(pk=1)
        state = RollupState.objects.select_for_update().get(pk=1)
        restart(state, signature(path))
        state.save()
    done = 0
    while RollupState.objects.get(pk=1).rebuilding or behind() > 0:
        done += _turn(path)
        if progress:
            progress(done)
    return Journey.objects.count()


def _ledger_turn(state: RollupState, path: Path, now: datetime) -> int:
    late = list(Transition.objects.filter(_in_gaps(state)).values_list("id", "kind", "traveller_id")[:CHUNK])
    rows = Transition.objects.filter(id__gt=state.cursor).order_by("id")
    fresh = list(rows.values_list("id", "kind", "traveller_id")[:CHUNK])
    if late or fresh:
        people_fold(people_of([(kind, traveller) for _, kind, traveller in late + fresh]), path, state.today)
    _gaps_follow(state, {pk for pk, *_ in late}, [pk for pk, *_ in fresh], now)
    return len(late) + len(fresh)


def _in_gaps(state: RollupState) -> Q:
    found = Q(pk__in=[])
    for first, last, _ in state.gaps[:MOST_GAPS]:
        found |= Q(id__gte=first, id__lte=last)
    return found


def _gaps_follow(state: RollupState, came: set[int], fresh: list[int], now: datetime) -> None:
    """Take out what came, forget what is too old, add what is missing between the fresh ids."""
    seen = now.timestamp()
    kept: list[list[float]] = []
    for first, last, since in state.gaps:
        if seen - since < GAP_SECONDS:
            kept += [[*part, since] for part in _without(first, last, came)]
    before = state.cursor
    for pk in fresh:
        if pk > before + 1 and before:
            kept.append([before + 1, pk - 1, seen])
        before = pk
    state.gaps, state.cursor = kept[-MOST_GAPS:], before


def _without(first: int, last: int, came: set[int]) -> list[list[int]]:
    parts, start = [], first
    for pk in sorted(one for one in came if first <= one <= last):
        if pk > start:
            parts.append([start, pk - 1])
        start = pk + 1
    if start <= last:
        parts.append([start, last])
    return parts


def _stale_turn(path: Path, today: int) -> int:
    marks = list(Stale.objects.order_by("pk").values_list("pk", "person")[:CHUNK])
    if marks:
        people_fold({person for _, person in marks}, path, today)
        Stale.objects.filter(pk__in=[pk for pk, _ in marks]).delete()
    return len(marks)


def _reconcile_turn(state: RollupState, path: Path, now: datetime) -> int:
    """A net under the marks: now and then the next few people are folded again, round and round, in case anything
    changed without the ledger or a mark telling of it. Returns how many had."""
    if not _reconcile_due(state, now):
        return 0
    people = Journey.objects.order_by("person").values_list("person", flat=True)
    if state.reconciled_to is not None:
        people = people.filter(person__gt=state.reconciled_to)
    looked = list(people[:CHUNK])
    state.reconciled_to = looked[-1] if len(looked) == CHUNK else None
    state.reconciled_at = now
    return people_fold(looked, path, state.today)
