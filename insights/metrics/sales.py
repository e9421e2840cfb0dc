"""Sales numbers, from deals. Won and lost are counted by close date; a deal closed with its rejected handoff is no
loss. Sums are over deals in the install's currency."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    Aggregate,
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import TruncMonth

from deals.models import Deal
from funnels.models import Stage
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.rates import Spread, spread_of

WON = Q(stage__kind=Stage.Kind.WON)
LOST = Q(stage__kind=Stage.Kind.LOST) & (Q(lost_reason__isnull=True) | Q(lost_reason__counts=True))
OPEN = Q(stage__kind=Stage.Kind.OPEN)


@dataclass(frozen=True)
class Sales:
    """The numbers of closed deals in a period."""

    won: int = 0
    lost: int = 0
    won_value: Decimal = Decimal(0)
    average: Decimal | None = None
    cycle: Spread = field(default_factory=lambda: Spread(0, None, None, None))

    @property
    def win_rate(self) -> float | None:
        return rates.win_rate(self.won, self.lost)

    @property
    def decided(self) -> int:
        return self.won + self.lost


@dataclass(frozen=True)
class Pipeline:
    """What is open now, whatever the period."""

    deals: int
    value: Decimal
    weighted: Decimal
    without_amount: int
    velocity: float | None


class _Percentile(Aggregate):
    """percentile_cont of PostgreSQL."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def durations(rows: QuerySet[Any], start: str, end: str, unit: float = 1.0) -> Spread:
    """Mean, median and 90th percentile of ``end - start`` in seconds / ``unit``. One query."""
    took = ExpressionWrapper(F(end) - F(start), output_field=DurationField())
    if connection.vendor != "postgresql":
        found = rows.annotate(took=took).values_list("took", flat=True)
        return spread_of(one.total_seconds() / unit for one in found if one is not None)
    got = rows.order_by().aggregate(**_spread(start, end))
    return Spread(got["n"], *(None if got[key] is None else got[key] / unit for key in ("mean", "median", "p90")))


def durations_by(rows: QuerySet[Any], key: str, start: str, end: str) -> dict[Any, Spread]:
    """``durations`` in seconds for each value of a column. One query."""
    if connection.vendor != "postgresql":
        values: dict[Any, list[float]] = {}
        for one, began, ended in rows.values_list(key, start, end):
            values.setdefault(one, []).append((ended - began).total_seconds())
        return {one: spread_of(took) for one, took in values.items()}
    found = rows.values_list(key).order_by().annotate(**_spread(start, end))
    return {one: Spread(n, mean, median, p90) for one, n, mean, median, p90 in found}


def _spread(start: str, end: str) -> dict[str, Any]:
    seconds = _Seconds(F(end) - F(start))
    return {
        "n": Count("pk"),
        "mean": Avg(seconds),
        "median": _Percentile(seconds, part=0.5),
        "p90": _Percentile(seconds, part=0.9),
    }


class _Seconds(ExpressionWrapper):
    """A span as seconds (PostgreSQL)."""

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, output_field=FloatField())

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"EXTRACT(EPOCH FROM {sql})::float8", params


def closed(scope: Scope) -> QuerySet[Deal]:
    """Deals that were won or lost in the period."""
    return scope.deals().filter(WON | LOST, closed_at__gte=scope.period.start, closed_at__lt=scope.period.end)


def won(scope: Scope) -> QuerySet[Deal]:
    return closed(scope).filter(WON)


def lost(scope: Scope) -> QuerySet[Deal]:
    return closed(scope).filter(LOST)


def opened(scope: Scope) -> QuerySet[Deal]:
    """Deals that are open now."""
    return scope.deals().filter(OPEN)


def created(scope: Scope) -> QuerySet[Deal]:
    """Deals that were opened in the period, without those of rejected handoffs."""
    rows = scope.deals().filter(OPEN | WON | LOST)
    return rows.filter(created_at__gte=scope.period.start, created_at__lt=scope.period.end)


def sales(scope: Scope, *, cycle: bool = True) -> Sales:
    """Two queries (one without the cycle)."""
    own = Q(currency=scope.currency)
    got = (
        closed(scope)
        .order_by()
        .aggregate(
            won=Count("pk", filter=WON),
            lost=Count("pk", filter=LOST),
            value=Sum("amount", filter=WON & own),
            average=Avg("amount", filter=WON & own),
        )
    )
    spread = durations(won(scope), "created_at", "closed_at", rates.DAY) if cycle else Spread(0, None, None, None)
    return Sales(got["won"], got["lost"], got["value"] or Decimal(0), got["average"], spread)


def pipeline(scope: Scope, numbers: Sales) -> Pipeline:
    """What is open, and what it makes a day at the period's rates. One query."""
    own = Q(currency=scope.currency)
    rows = opened(scope).values_list("stage__probability").order_by()
    deals, value, weighted, bare = 0, Decimal(0), Decimal(0), 0
    for chance, n, amount, without in rows.annotate(
        n=Count("pk"), amount=Sum("amount", filter=own), bare=Count("pk", filter=Q(amount__isnull=True))
    ):
        deals, bare = deals + n, bare + without
        value += amount or 0
        weighted += (amount or Decimal(0)) * chance / 100
    average = float(numbers.average) if numbers.average is not None else None
    pace = rates.velocity(deals, numbers.win_rate, average, numbers.cycle.mean)
    return Pipeline(deals, value, weighted, bare, pace)


@dataclass
class Month:
    """What is expected to close in a month: by the stage's probability and by the stage's own past."""

    month: date | None
    deals: int = 0
    value: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    by_history: Decimal | None = Decimal(0)


def forecast(scope: Scope, path: Path, history: dict[int, float | None]) -> list[Month]:
    """Open deals by the month of their expected close, soonest first; those without a date last. One query."""
    own = Q(currency=scope.currency)
    rows = opened(scope).annotate(month=TruncMonth("expected_close")).order_by("month")
    found: dict[Any, Month] = {}
    for month, stage, chance, n, amount in rows.values_list("month", "stage_id", "stage__probability").annotate(
        n=Count("pk"), amount=Sum("amount", filter=own)
    ):
        here = found.setdefault(month, Month(month))
        amount = amount or Decimal(0)
        here.deals, here.value = here.deals + n, here.value + amount
        here.weighted += amount * chance / 100
        rate = history.get(path.ranks.get(stage, -1))
        known = here.by_history is not None and (rate is not None or not amount)
        here.by_history = (here.by_history or Decimal(0)) + amount * Decimal(rate or 0) / 100 if known else None
    return sorted(found.values(), key=lambda one: (one.month is None, one.month or date.max))


def month_deals(scope: Scope, month: str) -> QuerySet[Deal]:
    """The open deals behind a month of the forecast: '2026-03', or 'none' for those without a date."""
    if month == "none":
        return opened(scope).filter(expected_close__isnull=True)
    year, _, number = month.partition("-")
    if not (year.isdigit() and number.isdigit() and 1 <= int(number) <= 12 and 1 <= int(year) <= 9998):
        return opened(scope).none()
    first = date(int(year), int(number), 1)
    after = (first + timedelta(days=32)).replace(day=1)
    return opened(scope).filter(expected_close__gte=first, expected_close__lt=after)


def stalled(scope: Scope, path: Path, *, factor: float = 1.0) -> QuerySet[Deal]:
    """Open deals that are in their stage for longer than it expects."""
    late = Q(pk__in=[])
    for stage in path.stages.values():
        if stage.funnel == "sales" and stage.kind == "open" and stage.expected_days:
            edge = scope.now - timedelta(days=stage.expected_days * factor)
            late |= Q(stage=stage.id, stage_since__lte=edge)
    return opened(scope).filter(late)


def lost_reasons(scope: Scope) -> list[tuple[int | None, str, int, Decimal]]:
    """(id, label, deals, value) of what was lost in the period, most first. One query."""
    rows = lost(scope).values_list("lost_reason_id", "lost_reason__label").order_by()
    found = rows.annotate(n=Count("pk"), value=Sum("amount", filter=Q(currency=scope.currency)))
    listed = [(pk, label or "No reason given", n, value or Decimal(0)) for pk, label, n, value in found]
    return sorted(listed, key=lambda one: (-one[2], one[1]))


@dataclass
class RepLine:
    """One rep's line of the sales page."""

    pk: int
    name: str
    open: int = 0
    open_value: Decimal = Decimal(0)
    won: int = 0
    lost: int = 0
    won_value: Decimal = Decimal(0)
    speed: Spread = field(default_factory=lambda: Spread(0, None, None, None))

    @property
    def win_rate(self) -> float | None:
        return rates.win_rate(self.won, self.lost)


def per_rep(scope: Scope) -> list[RepLine]:
    """Deals by owner: open now; won and lost in the period. Two queries."""
    own = Q(currency=scope.currency)
    found: dict[int, RepLine] = {}

    def line(pk: int | None, name: str | None) -> RepLine:
        return found.setdefault(pk or 0, RepLine(pk or 0, name or "Nobody"))

    by = ("owner_id", "owner__name")
    for pk, name, n, value in _by(opened(scope), by, n=Count("pk"), v=Sum("amount", filter=own)):
        line(pk, name).open, line(pk, name).open_value = n, value or Decimal(0)
    sums = {"w": Count("pk", filter=WON), "l": Count("pk", filter=LOST), "v": Sum("amount", filter=WON & own)}
    for pk, name, wins, losses, value in _by(closed(scope), by, **sums):
        one = line(pk, name)
        one.won, one.lost, one.won_value = wins, losses, value or Decimal(0)
    return sorted(found.values(), key=lambda one: (-one.won_value, -one.won, one.name))


def _by(rows: QuerySet[Any], keys: tuple[str, ...], **sums: Any) -> Iterable[Any]:
    return rows.values_list(*keys).order_by().annotate(**sums)


def won_by_source(scope: Scope) -> dict[str, tuple[int, Decimal]]:
    """source -> (won deals, won value) by close date. One query."""
    rows = _by(won(scope), ("source",), n=Count("pk"), v=Sum("amount", filter=Q(currency=scope.currency)))
    return {source: (n, value or Decimal(0)) for source, n, value in rows}
