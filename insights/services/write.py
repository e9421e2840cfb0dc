"""Folding people and moving the sums by what changed."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import connection

from core.bulk import rows_insert
from insights.models import DayCount, DaySpan, Journey, Reached
from insights.rules.path import Fold, Path, day_number, fold
from insights.rules.rates import span_bin
from insights.selectors import Dossier, dossiers

Counts = Counter[tuple[Any, ...]]
Spans = dict[tuple[int, int, int], list[int]]
_FACTS = ("person", "door", "day", "furthest", "fate", "due", "source", "campaign", "owner", "pipeline")
_STEPS = ("person", "rank", "at", "seconds")


def people_fold(people: Collection[int], path: Path) -> int:
    """Fold these people anew and move the sums; returns how many changed. Inside the rollup's transaction."""
    before = people_stored(people)
    after = {
        person: (facts, steps)
        for person, dossier in dossiers(people, path).items()
        if (folded := fold(dossier.track, path)) is not None
        for facts, steps in [person_facts(person, dossier, folded)]
    }
    changed = [person for person in people if before.get(person) != after.get(person)]
    if not changed:
        return 0
    counts, spans = Counter[tuple[Any, ...]](), dict[tuple[int, int, int], list[int]]()
    for person in changed:
        sides: tuple[tuple[dict[int, Any], int], ...] = ((before, -1), (after, 1))
        for side, sign in sides:
            if person in side:
                facts, steps = side[person]
                _add(counts, spans, facts, steps, sign)
    gone = [person for person in changed if person in before]
    Reached.objects.filter(person__in=gone).delete()
    Journey.objects.filter(person__in=gone).delete()
    fresh = [after[person] for person in changed if person in after]
    rows_insert(Journey, _FACTS, [facts for facts, _ in fresh])
    rows_insert(Reached, _STEPS, [(facts[0], *step) for facts, steps in fresh for step in steps])
    sums_move(counts, spans)
    return len(changed)


def people_stored(people: Collection[int]) -> dict[int, Any]:
    steps: dict[int, list[Any]] = {}
    rows = Reached.objects.filter(person__in=people).order_by("person", "rank")
    for person, rank, at, seconds in rows.values_list("person", "rank", "at", "seconds"):
        steps.setdefault(person, []).append((rank, at, seconds))
    return {
        facts[0]: (facts, steps.get(facts[0], []))
        for facts in Journey.objects.filter(person__in=people).values_list(*_FACTS)
    }


def person_facts(person: int, dossier: Dossier, folded: Fold) -> tuple[tuple[Any, ...], list[Any]]:
    """The rows of one person as they are stored: facts, and steps with the seconds since the one before."""
    steps: list[Any] = []
    for rank, at in folded.reached.items():
        steps.append((rank, at, int((at - steps[-1][1]).total_seconds()) if steps else None))
    day = day_number(folded.started_at)
    kept = (dossier.source[:60], dossier.campaign[:100], dossier.owner, dossier.pipeline)
    return (person, folded.door, day, folded.furthest, folded.fate, folded.due, *kept), steps


def _add(counts: Counts, spans: Spans, facts: Any, steps: list[Any], sign: int) -> None:
    _, door, day, furthest, fate, due, source, _, owner, _ = facts
    counts[DayCount.Axis.COHORT, day, furthest, door, source, owner, fate, due] += sign
    for rank, at, seconds in steps:
        counts[DayCount.Axis.ACTIVITY, day_number(at), rank, door, source, owner, 0, 0] += sign
        if seconds is not None:
            cell = spans.setdefault((day_number(at), rank - 1, span_bin(seconds)), [0, 0])
            cell[0] += sign
            cell[1] += sign * seconds


def sums_move(counts: Counts, spans: Spans) -> None:
    """Add to the kept sums. A sum that became zero leaves its row out."""
    count_rows = [(*key, n) for key, n in sorted(counts.items()) if n]
    span_rows = [(*key, n, seconds) for key, (n, seconds) in sorted(spans.items()) if n or seconds]
    _upsert(DayCount, ["axis", "day", "rank", "door", "source", "owner", "fate", "due"], ["n"], count_rows)
    _upsert(DaySpan, ["day", "rank", "bin"], ["n", "seconds"], span_rows)
    if any(row[-1] < 0 for row in count_rows):
        days = {row[1] for row in count_rows if row[-1] < 0}
        DayCount.objects.filter(day__in=days, n=0).delete()
    if any(row[-2] <= 0 for row in span_rows):
        DaySpan.objects.filter(day__in={row[0] for row in span_rows}, n=0).delete()


def _upsert(model: Any, keys: list[str], sums: list[str], rows: list[tuple[Any, ...]]) -> None:
    """INSERT ... ON CONFLICT DO UPDATE SET n = n + excluded.n, which both databases know and the ORM does not."""
    table = model._meta.db_table
    columns = ", ".join(keys + sums)
    moved = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    one = "(" + ", ".join(["%s"] * len(keys + sums)) + ")"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            cursor.execute(
                f"INSERT INTO {table} ({columns}) VALUES {', '.join([one] * len(part))} "
                f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {moved}",
                [value for row in part for value in row],
            )
