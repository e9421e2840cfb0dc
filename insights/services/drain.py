"""Following the ledger. Order of ids is not order of commits: an id that is missing may belong to a transaction that
has not committed yet, so it is remembered as a gap and looked for again until it must have been rolled back."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from core.clock import db_now
from deals.models import Deal
from funnels.models import Transition
from insights.models import DayCount, DaySpan, Journey, Reached, RollupState, Stale
from insights.rules.path import Path
from insights.selectors import path_now, people_of
from insights.services.write import people_fold
from leads.models import Standing

CHUNK = 2000
GAP_SECONDS = 1800  # no transaction lives longer: the hard limit of a task is 300 s
MOST_GAPS = 500
RECONCILE_SECONDS = 120
MARGIN = 5000  # ids before the start of a rebuild that are looked at again


def rollup_drain(*, seconds: float = 20, limit: int = 0) -> int:
    """Count what the ledger has new; returns how many ledger rows and marks were worked. One worker at a time.

    ``limit`` stops after so many ledger rows (0: none).
    """
    done = 0
    end = time.monotonic() + seconds
    path = path_now()
    while time.monotonic() < end:
        worked = _turn(path)
        done += worked
        if not worked or (limit and done >= limit):
            break
    return done


def _turn(path: Path) -> int:
    """One short transaction of work; 0 when there is nothing (or somebody else is at it)."""
    if not _due(path):
        return 0
    with transaction.atomic():
        state = _lock()
        if state is None:
            return 0
        if state.signature != path.signature:
            _restart(state, path)
        now = db_now()
        worked = _rebuild_turn(state, path) if state.rebuilding else _ledger_turn(state, path, now)
        worked += _stale_turn(path)
        if not worked:
            worked = _reconcile_turn(state, path, now)
        state.as_of = now
        state.save()
        return worked


def _due(path: Path) -> bool:
    """A cheap look, without the lock: is there anything to do?"""
    state = state_now()
    if state is None or state.signature != path.signature or state.rebuilding or state.reconciled_at is None:
        return True
    if db_now() - state.reconciled_at > timedelta(seconds=RECONCILE_SECONDS):
        return True
    return bool(state.behind)


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


def _restart(state: RollupState, path: Path) -> None:
    """Begin anew: empty tables, first the people, then the ledger from a little before now."""
    _empty(Reached, Journey, DayCount, DaySpan)
    newest = Transition.objects.aggregate(top=Max("id"))["top"] or 0
    state.signature, state.cursor, state.gaps = path.signature, max(0, newest - MARGIN), []
    state.rebuilding, state.rebuilt_to = True, 0


def _empty(*models: Any) -> None:
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # together: they refer to each other
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            return
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")


def rollup_rebuild(*, progress: Any = None) -> int:
    """Empty the rollup and count everything anew; returns the number of people. Waits for a worker that is at it."""
    path = path_now()
    with transaction.atomic():
        RollupState.objects.get_or_create(pk=1)
        state = RollupState.objects.select_for_update().get(pk=1)
        _restart(state, path)
        state.save()
    while RollupState.objects.get(pk=1).rebuilding or behind() > 0:
        _turn(path)
        if progress:
            progress(Journey.objects.count())
    return Journey.objects.count()


def _rebuild_turn(state: RollupState, path: Path) -> int:
    """A chunk of people: first leads (``rebuilt_to``: the last id), then deals without a lead (minus the id)."""
    if state.rebuilt_to >= 0:
        rows = Standing.objects.filter(pk__gt=state.rebuilt_to).order_by("pk")
        leads = list(rows.values_list("pk", flat=True)[:CHUNK])
        people_fold(leads, path)
        state.rebuilt_to = leads[-1] if leads else -1
        return len(leads) or 1
    alone = Deal.objects.filter(lead__isnull=True, pk__gte=-state.rebuilt_to).order_by("pk")
    deals = list(alone.values_list("pk", flat=True)[:CHUNK])
    people_fold([-pk for pk in deals], path)
    if deals:
        state.rebuilt_to = -deals[-1] - 1
    else:
        state.rebuilding = False
    return len(deals) or 1


def _ledger_turn(state: RollupState, path: Path, now: datetime) -> int:
    late = list(Transition.objects.filter(_in_gaps(state)).values_list("id", "kind", "traveller_id")[:CHUNK])
    rows = Transition.objects.filter(id__gt=state.cursor).order_by("id")
    fresh = list(rows.values_list("id", "kind", "traveller_id")[:CHUNK])
    if late or fresh:
        people_fold(people_of([(kind, traveller) for _, kind, traveller in late + fresh]), path)
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


def _stale_turn(path: Path) -> int:
    marks = list(Stale.objects.order_by("pk").values_list("pk", "person")[:CHUNK])
    if marks:
        people_fold({person for _, person in marks}, path)
        Stale.objects.filter(pk__in=[pk for pk, _ in marks]).delete()
    return len(marks)


def _reconcile_turn(state: RollupState, path: Path, now: datetime) -> int:
    """What changes without the ledger: owners, sources, people who were merged or erased."""
    if state.reconciled_at and now - state.reconciled_at < timedelta(seconds=RECONCILE_SECONDS):
        return 0
    people = drifted(CHUNK)
    if people:
        people_fold(people, path)
        if len(people) >= CHUNK:
            return len(people)
    state.reconciled_at = now
    return len(people)


def drifted(limit: int) -> set[int]:
    """People whose owner, source or campaign is another by now, or who are no more (three queries)."""
    standing = Standing.objects.annotate(who=Coalesce("owner_id", 0)).filter(pk=OuterRef("person"))
    same = standing.filter(
        who=OuterRef("owner"), lead__source=OuterRef("source"), lead__campaign=OuterRef("campaign")
    )
    leads = Journey.objects.filter(~Exists(same), person__gt=0).values_list("person", flat=True)[:limit]
    deal = Deal.objects.annotate(who=Coalesce("owner_id", 0)).filter(pk=0 - OuterRef("person"), lead__isnull=True)
    mine = deal.filter(who=OuterRef("owner"), source=OuterRef("source"))
    alone = Journey.objects.filter(~Exists(mine), person__lt=0).values_list("person", flat=True)[:limit]
    return {*leads, *alone}
