"""The pipeline, the forecast and the stalled deals, from what is open now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from insights.metrics.opened import OpenCell, Total
from insights.metrics.sales import Sales
from insights.rules import rates
from insights.rules.path import Path


@dataclass(frozen=True)
class Pipeline:
    """What is open now, whatever the period."""

    deals: int
    value: Decimal
    weighted: Decimal
    without_amount: int
    velocity: float | None


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


def stalled_by_stage(late: Mapping[int, Total], path: Path) -> list[tuple[int, str, int, Decimal]]:
    """(stage id, name, deals, value) of what is stalled, the most value first."""
    rows = ((pk, path.stages[pk].name, one.n, one.value) for pk, one in late.items())
    return sorted(rows, key=lambda one: -one[3])
