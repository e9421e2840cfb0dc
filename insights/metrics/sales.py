"""Sales numbers, from deals. Won and lost are counted by close date; a deal closed with its rejected handoff is no
loss. Sums are over deals in the install's currency."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from deals.models import Deal
from funnels.models import Stage
from insights.metrics.scope import Scope
from insights.metrics.spread import durations
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.rates import Spread

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


@dataclass(frozen=True)
class Closing:
    """Deals of one source that were won, or lost for one reason, in the period. ``priced`` have an amount in the
    install's currency; ``value`` is their sum."""

    source: str
    won: bool
    reason_id: int | None
    reason: str
    n: int
    priced: int
    value: Decimal


def closings(scope: Scope) -> list[Closing]:
    """What the win rate, the average deal, the channels' value and the lost reasons are counted from. One query."""
    own = Q(currency=scope.currency)
    keys = ("source", "stage__kind", "lost_reason_id", "lost_reason__label")
    sums = {"n": Count("pk"), "priced": Count("amount", filter=own), "v": Sum("amount", filter=own)}
    return [
        Closing(source, kind == Stage.Kind.WON, reason_id, label or "No reason given", n, priced, value or Decimal(0))
        for source, kind, reason_id, label, n, priced, value in _by(closed(scope), keys, **sums)
    ]


def sales_of(found: Iterable[Closing], cycle: Spread | None = None) -> Sales:
    """Win rate, won value and average deal of some closings."""
    listed = list(found)
    won_ = [one for one in listed if one.won]
    value, priced = sum((one.value for one in won_), Decimal(0)), sum(one.priced for one in won_)
    return Sales(
        won=sum(one.n for one in won_),
        lost=sum(one.n for one in listed if not one.won),
        won_value=value,
        average=value / priced if priced else None,
        cycle=cycle or Spread(0, None, None, None),
    )


def cycle_of(scope: Scope) -> Spread:
    """Days from created to won. One query."""
    return durations(won(scope), "created_at", "closed_at", rates.DAY)


def sales(scope: Scope) -> Sales:
    """Two queries."""
    return sales_of(closings(scope), cycle_of(scope))


def pipeline(scope: Scope, numbers: Sales) -> Pipeline:
    """What is open, and what it makes a day at the period's rates. One query."""
    own = Q(currency=scope.currency)
    rows = opened(scope).values_list("stage__probability").order_by()
    deals, value, weighted, bare = 0, Decimal(0), Decimal(0), 0
    for chance, n, amount, without in rows.annotate(
        n=Count("pk"), total=Sum("amount", filter=own), bare=Count("pk", filter=Q(amount__isnull=True))
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
        n=Count("pk"), total=Sum("amount", filter=own)
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


def lost_reasons(found: Iterable[Closing]) -> list[tuple[int, str, int, Decimal]]:
    """(id, label, deals, value) of what was lost, most first; id 0 when no reason was given."""
    sums: dict[tuple[int, str], tuple[int, Decimal]] = {}
    for one in found:
        if not one.won:
            n, value = sums.get((one.reason_id or 0, one.reason), (0, Decimal(0)))
            sums[one.reason_id or 0, one.reason] = n + one.n, value + one.value
    return sorted(((*key, *value) for key, value in sums.items()), key=lambda one: (-one[2], one[1]))


def stalled_by_stage(scope: Scope, path: Path) -> list[tuple[int, str, int, Decimal]]:
    """(stage id, name, deals, value) of what is stalled. One query."""
    rows = _by(stalled(scope, path), ("stage_id",), n=Count("pk"), v=Sum("amount", filter=Q(currency=scope.currency)))
    return sorted(
        ((pk, path.stages[pk].name, n, value or Decimal(0)) for pk, n, value in rows), key=lambda one: -one[3]
    )


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
