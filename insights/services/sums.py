"""Moving the sums by what changed, one batch at a time. Only who holds the rollup's lock comes here."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from insights.models import EVERYBODY, AnswerCount, DayCount, DaySpan, DealCount, Journey, OpenCount, VerdictCount
from insights.rules.blocks import blocks_of
from insights.rules.path import day_number
from insights.rules.rates import span_bin
from insights.services.facts import Facts

KEYS: dict[Any, tuple[str, ...]] = {
    DayCount: ("block", "owner", "axis", "rank", "door", "fate", "source"),
    DealCount: ("block", "owner", "pipeline", "won", "reason", "source"),
    OpenCount: ("axis", "stage", "at"),
    VerdictCount: ("block", "owner", "accepted", "reason", "source", "campaign"),
    AnswerCount: ("block", "owner", "source"),
    DaySpan: ("kind", "cut", "block", "owner", "source", "rank"),
}
SUMS: dict[Any, tuple[str, ...]] = {
    DayCount: ("n", "value"),
    DealCount: ("n", "priced", "value"),
    OpenCount: ("n", "bare", "value"),
    VerdictCount: ("n",),
    AnswerCount: ("n", "answered", "in_time", "unclocked"),
}
PART = 500  # rows of a statement: SQLite takes 32,766 parameters
Key = tuple[Any, ...]


def stalled_fate(fate: int, due: int, today: int) -> int:
    """Open people whose stage's days are over by ``today`` are counted apart."""
    return DayCount.STALLED if fate == Journey.Fate.OPEN and 0 < due <= today else fate


@dataclass
class Changes:
    """What is to be added to each sum (and, below zero, taken out)."""

    today: int
    counts: dict[Any, dict[Key, list[int]]] = field(default_factory=lambda: {model: {} for model in SUMS})
    spans: dict[Key, dict[int, list[int]]] = field(default_factory=dict)

    def add(self, facts: Facts, sign: int) -> None:
        """Count a person's facts in (1) or out (-1)."""
        for _, door, day, furthest, fate, due, source, _, owner, _, value in facts.journey:
            kind = stalled_fate(fate, due, self.today)
            self.count(DayCount, day, owner, (DayCount.Axis.COHORT, furthest, door, kind, source), sign, value)
            for _, rank, _, at, seconds in facts.steps:
                self.count(DayCount, at, owner, (DayCount.Axis.ACTIVITY, rank, door, 0, source), sign, value)
                if seconds is not None:
                    self.span(DaySpan.Kind.STEP, at, rank - 1, owner, source, seconds, sign)
        for _, _, day, owner, pipeline, source, won, reason, seconds, priced, value in facts.deals:
            self.count(DealCount, day, owner, (pipeline, won, reason, source), sign, priced, value)
            if won:
                self.span(DaySpan.Kind.CYCLE, day, 0, owner, source, seconds, sign)
        for row in facts.opened:
            self._open(row, sign)
        for handoff in facts.handoffs:
            self._handoff(handoff, sign)

    def _open(self, row: Key, sign: int) -> None:
        _, _, owner, stage, _, month, since, bare, value = row
        for axis, at in enumerate((month, owner, day_number(since))):  # in the order of OpenCount.Axis
            cell = self.counts[OpenCount].setdefault((axis, stage, at), [0, 0, 0])
            for place, one in enumerate((1, bare, value)):
                cell[place] += sign * one

    def _handoff(self, row: Key, sign: int) -> None:
        _, _, owner, source, campaign, assigned, seconds, in_time, unclocked, decided, accepted, reason = row
        if assigned is not None:
            answered = int(seconds is not None)
            self.count(AnswerCount, assigned, owner, (source,), sign, answered, in_time, unclocked)
            if seconds is not None:
                self.span(DaySpan.Kind.ANSWER, assigned, 0, owner, source, seconds, sign)
        if decided is not None:
            self.count(VerdictCount, decided, owner, (accepted, reason, source, campaign), sign)

    def count(self, model: Any, day: int, owner: int, key: Key, n: int, *sums: int) -> None:
        """``n`` more, or fewer when it is negative; ``sums`` are theirs together."""
        cells = self.counts[model]
        sign = 1 if n > 0 else -1
        for block in blocks_of(day):
            for whose in (EVERYBODY, owner):
                cell = cells.setdefault((block, whose, *key), [0] * (1 + len(sums)))
                cell[0] += n
                for place, one in enumerate(sums, start=1):
                    cell[place] += sign * one

    def span(self, kind: int, day: int, rank: int, owner: int, source: str, seconds: int, sign: int) -> None:
        cuts = [
            (DaySpan.Cut.ALL, EVERYBODY, ""),
            (DaySpan.Cut.SOURCE, EVERYBODY, source),
            (DaySpan.Cut.OWNER, owner, ""),
        ]
        if not owner:
            cuts.append((DaySpan.Cut.NOBODY, owner, source))
        bin_ = span_bin(seconds)
        for block in blocks_of(day):
            for cut, *whose in cuts:
                cell = self.spans.setdefault((kind, cut, block, *whose, rank), {}).setdefault(bin_, [0, 0])
                cell[0] += sign
                cell[1] += sign * seconds

    def write(self) -> None:
        """Move the kept sums. One that became nothing leaves its row out."""
        for model, cells in self.counts.items():
            rows = [(*key, *cells[key]) for key in sorted(cells) if any(cells[key])]
            _upsert(model, rows)
        moved = {key: bins for key, bins in self.spans.items() if any(any(cell) for cell in bins.values())}
        for part in _parts(sorted(moved)):
            _spans_move({key: moved[key] for key in part})


def stalled_move(before: int, today: int) -> None:
    """A day has begun: who is due since then was counted as open and is stalled now."""
    rows = Journey.objects.filter(fate=Journey.Fate.OPEN, due__gt=before, due__lte=today)
    found = rows.values_list("day", "owner", "furthest", "door", "source").order_by()
    changes = Changes(today)
    for day, owner, furthest, door, source, n, value in found.annotate(many=Count("pk"), total=Sum("value")):
        for fate, sign in ((Journey.Fate.OPEN, -1), (DayCount.STALLED, 1)):
            key = (DayCount.Axis.COHORT, furthest, door, int(fate), source)
            changes.count(DayCount, day, owner, key, sign * n, value)
    changes.write()


def _parts(rows: list[Any]) -> Iterable[list[Any]]:
    return (rows[start : start + PART] for start in range(0, len(rows), PART))


def _upsert(model: Any, rows: list[Key]) -> None:
    """INSERT ... ON CONFLICT DO UPDATE SET n = n + excluded.n, which both databases know and the ORM does not."""
    table, keys, sums = model._meta.db_table, KEYS[model], SUMS[model]
    moved = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    one = "(" + ", ".join(["%s"] * len(keys + sums)) + ")"
    empty: list[int] = []
    with connection.cursor() as cursor:
        for part in _parts(rows):
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(keys + sums)}) VALUES {', '.join([one] * len(part))} "
                f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {moved} RETURNING id, n",
                [value for row in part for value in row],
            )
            empty += [pk for pk, n in cursor.fetchall() if not n]
    for ids in _parts(empty):
        model.objects.filter(pk__in=ids).delete()


def _spans_move(moved: dict[Key, dict[int, list[int]]]) -> None:
    """Histograms are read, changed and written back: nobody else writes them meanwhile."""
    kept = _spans_kept(list(moved))
    rows, empty = [], []
    for key, bins in moved.items():
        pk, n, seconds, held = kept.get(key, (0, 0, 0, {}))
        for bin_, (more, took) in bins.items():
            held[str(bin_)] = held.get(str(bin_), 0) + more
            n, seconds = n + more, seconds + took
        if n:
            rows.append((*key, n, seconds, json.dumps({name: many for name, many in held.items() if many})))
        elif pk:
            empty.append(pk)
    keys = KEYS[DaySpan]
    one = "(" + ", ".join(["%s"] * (len(keys) + 3)) + ")"
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {DaySpan._meta.db_table} ({', '.join(keys)}, n, seconds, bins) "
                f"VALUES {', '.join([one] * len(rows))} ON CONFLICT ({', '.join(keys)}) "
                "DO UPDATE SET n = excluded.n, seconds = excluded.seconds, bins = excluded.bins",
                [value for row in rows for value in row],
            )
    DaySpan.objects.filter(pk__in=empty).delete()


def _spans_kept(keys: list[Key]) -> dict[Key, tuple[int, int, int, dict[str, int]]]:
    columns = ", ".join(KEYS[DaySpan])
    one = "(" + ", ".join(["%s"] * len(KEYS[DaySpan])) + ")"
    rows = DaySpan.objects.extra(
        where=[f"({columns}) IN (VALUES {', '.join([one] * len(keys))})"],
        params=[value for key in keys for value in key],
    )
    return {key[:6]: key[6:] for key in rows.values_list(*KEYS[DaySpan], "pk", "n", "seconds", "bins")}
