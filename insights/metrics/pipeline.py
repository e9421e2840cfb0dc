"""What is open now, whatever the period: the pipeline, the forecast and the stalled deals.

These are counted from the deals themselves: open deals are few, however many were ever closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Case, Count, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce, TruncMonth

from deals.models import Deal
from funnels.models import Stage
from insights.metrics.sales import Sales
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.path import Path

OPEN = Q(stage__kind=Stage.Kind.OPEN)


@dataclass(frozen=True)
class Pipeline:
    """What is open now, whatever the period."""

    deals: int
    value: Decimal
    weighted: Decimal
    without_amount: int
    velocity: float | None


def opened(scope: Scope) -> QuerySet[Deal]:
    """Deals that are open now."""
    return scope.deals().filter(OPEN, closed_at=None)  # which has an index, with few such rows


@dataclass(frozen=True)
class OpenCell:
    """Open deals of one owner in one stage with one month of expected close; ``late``: they are in their stage for
    longer than it expects. ``bare`` are without amount, ``value`` is in the install's currency."""

    owner: int
    stage: int
    month: date | None
    late: bool
    n: int
    bare: int
    value: Decimal


def open_cells(scope: Scope, path: Path) -> list[OpenCell]:
    """What is open now, as the pipeline, the forecast, the reps' lines and the stalled are counted from. One query:
    open deals are few, however many were ever closed."""
    rows = opened(scope).annotate(
        whose=Coalesce("owner_id", 0),
        month=TruncMonth("expected_close"),
        late=Case(When(late_q(scope, path), then=1), default=0),
    )
    sums = {
        "many": Count("pk"),
        "bare": Count("pk", filter=Q(amount__isnull=True)),
        "total": Sum("amount", filter=Q(currency=scope.currency)),
    }
    cells = rows.order_by().values_list("whose", "stage_id", "month", "late").annotate(**sums)
    return [
        OpenCell(owner, stage, month, bool(late), n, bare, value or Decimal(0))
        for owner, stage, month, late, n, bare, value in cells
    ]


def pipeline(cells: Iterable[OpenCell], path: Path, numbers: Sales) -> Pipeline:
    """What is open, and what it makes a day at the period's rates."""
    deals, value, weighted, bare = 0, Decimal(0), Decimal(0), 0
    for one in cells:
        deals, bare, value = deals + one.n, bare + one.bare, value + one.value
        weighted += one.value * path.stages[one.stage].probability / 100
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


def forecast(cells: Iterable[OpenCell], path: Path, history: dict[int, float | None]) -> list[Month]:
    """Open deals by the month of their expected close, soonest first; those without a date last."""
    found: dict[date | None, Month] = {}
    for one in cells:
        here = found.setdefault(one.month, Month(one.month))
        here.deals, here.value = here.deals + one.n, here.value + one.value
        here.weighted += one.value * path.stages[one.stage].probability / 100
        rate = history.get(path.ranks.get(one.stage, -1))
        known = here.by_history is not None and (rate is not None or not one.value)
        here.by_history = (here.by_history or Decimal(0)) + one.value * Decimal(rate or 0) / 100 if known else None
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


def late_q(scope: Scope, path: Path) -> Q:
    """Deals that are in their stage for longer than it expects."""
    late = Q(pk__in=[])
    for stage in path.stages.values():
        if stage.funnel == "sales" and stage.kind == "open" and stage.expected_days:
            late |= Q(stage=stage.id, stage_since__lte=scope.now - timedelta(days=stage.expected_days))
    return late


def stalled(scope: Scope, path: Path) -> QuerySet[Deal]:
    """Those of them that are open."""
    return opened(scope).filter(late_q(scope, path))


def stalled_by_stage(cells: Iterable[OpenCell], path: Path) -> list[tuple[int, str, int, Decimal]]:
    """(stage id, name, deals, value) of what is stalled, the most value first."""
    found: dict[int, tuple[int, Decimal]] = {}
    for one in cells:
        if one.late:
            n, value = found.get(one.stage, (0, Decimal(0)))
            found[one.stage] = n + one.n, value + one.value
    rows = ((pk, path.stages[pk].name, n, value) for pk, (n, value) in found.items())
    return sorted(rows, key=lambda one: -one[3])
