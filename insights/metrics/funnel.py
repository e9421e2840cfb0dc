"""The funnel over both halves: how many reached each step, where the others are, how long it took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from deals.models import Deal
from insights.metrics.scope import Scope
from insights.models import DayCount, DaySpan, Journey, Reached
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.rates import Spread, StepNumbers

FATES = {Journey.Fate.RECYCLED: "recycled", Journey.Fate.LOST: "lost"}


def _fate(today: int) -> Case:
    """open, stalled, recycled or lost, as text."""
    return Case(
        When(fate=Journey.Fate.RECYCLED, then=Value("recycled")),
        When(fate=Journey.Fate.LOST, then=Value("lost")),
        When(due__gt=0, due__lte=today, then=Value("stalled")),
        default=Value("open"),
        output_field=CharField(),
    )


@dataclass(frozen=True)
class Cell:
    """People of one source, by door, rank and (in the cohort view) what became of them."""

    source: str
    door: int
    rank: int
    what: str
    n: int


def table(scope: Scope) -> list[Cell]:
    """What the funnel and the channels are counted from. Cohort: people whose path began in the period, by how far
    they came. Activity: people who first reached each step in the period, whenever their path began. One query."""
    total: Any  # a count or a sum
    what = _fate(scope.today) if scope.cohort else Value("", output_field=CharField())
    if scope.plain:
        axis = DayCount.Axis.COHORT if scope.cohort else DayCount.Axis.ACTIVITY
        rows: Any = DayCount.objects.filter(scope.people_q(), axis=axis, day__range=scope.days)
        keys, total = ("source", "door", "rank"), Sum("n")
    elif scope.cohort:
        rows, keys, total = cohort(scope), ("source", "door", "furthest"), Count("pk")
    else:
        rows, keys, total = passed(scope), ("person__source", "person__door", "rank"), Count("pk")
    return [
        Cell(*row) for row in rows.annotate(what=what).values_list(*keys, "what").order_by().annotate(total=total)
    ]


def steps_of(cells: Sequence[Cell], scope: Scope, path: Path) -> list[StepNumbers]:
    """The funnel's numbers of a table."""
    size = len(path.steps)
    if scope.cohort:
        furthest: Counter[tuple[int, int, str]] = Counter()
        for one in cells:
            furthest[one.door, one.rank, one.what] += one.n
        return rates.furthest_numbers(size, path.sales_rank, furthest)
    reached: Counter[tuple[int, int]] = Counter()
    for one in cells:
        reached[one.door, one.rank] += one.n
    return rates.flow_numbers(size, path.sales_rank, reached)


def steps(scope: Scope, path: Path) -> list[StepNumbers]:
    """One query."""
    return steps_of(table(scope), scope, path)


def cohort(scope: Scope) -> QuerySet[Journey]:
    """The people whose path began in the period."""
    return Journey.objects.filter(scope.people_q(), day__range=scope.days)


def passed(scope: Scope) -> QuerySet[Reached]:
    """First arrivals at steps in the period."""
    return Reached.objects.filter(scope.people_q("person__"), at__gte=scope.period.start, at__lt=scope.period.end)


def people_at(scope: Scope, path: Path, rank: int, fate: str = "") -> QuerySet[Any]:
    """The rows behind a number: ``Journey`` rows of a cohort's step (with ``fate``: of those who came no further), or
    ``Reached`` rows of the activity view."""
    if not scope.cohort:
        return passed(scope).filter(rank=rank)
    doors = [0, 1] if rank >= path.sales_rank else [0]
    rows = cohort(scope).filter(door__in=doors)
    if not fate:
        return rows.filter(furthest__gte=rank)
    here = rows.filter(furthest=rank).annotate(what=_fate(scope.today))
    return here.filter(~Q(what="open")) if fate == "dropped" else here.filter(what=fate)


def spans(scope: Scope, path: Path) -> dict[int, Spread]:
    """Days from each step to the next, of the people who moved on in the period. One query.

    Median and 90th percentile are exact to the minute under two hours, to the hour under ten days, else to the day.
    """
    if scope.plain and not scope.source and scope.owners is None:
        rows = DaySpan.objects.filter(day__range=scope.days).values_list("rank", "bin").order_by()
        counted: Any = rows.annotate(total=Sum("n"), took=Sum("seconds"))
        cells = [(rank, bin_, n, took) for rank, bin_, n, took in counted]
    else:
        found = passed(scope).filter(seconds__isnull=False).annotate(here=F("rank") - 1, cell=_bin())
        counted = found.values_list("here", "cell").order_by().annotate(total=Count("pk"), took=Sum("seconds"))
        cells = list(counted)
    by_rank: dict[int, dict[int, int]] = {}
    took: dict[int, int] = {}
    for rank, bin_, n, seconds in cells:
        by_rank.setdefault(rank, {})[bin_] = n
        took[rank] = took.get(rank, 0) + seconds
    return {rank: _spread(bins, took[rank]) for rank, bins in by_rank.items()}


def _spread(bins: dict[int, int], seconds: int) -> Spread:
    n = sum(bins.values())
    median, p90 = rates.bins_percentile(bins, 50), rates.bins_percentile(bins, 90)
    return Spread(
        n,
        seconds / n / rates.DAY if n else None,
        None if median is None else median / rates.DAY,
        None if p90 is None else p90 / rates.DAY,
    )


def _bin() -> Case:
    """``rules.rates.span_bin`` in SQL (whole division of whole numbers)."""
    seconds = F("seconds")
    return Case(
        When(seconds__lt=2 * rates.HOUR, then=seconds / rates.MINUTE),
        When(seconds__lt=10 * rates.DAY, then=rates._FIRST_HOUR + (seconds - 2 * rates.HOUR) / rates.HOUR),
        default=rates._FIRST_DAY + (seconds - 10 * rates.DAY) / rates.DAY,
        output_field=IntegerField(),
    )


def values(scope: Scope, path: Path) -> list[Decimal | None]:
    """Amounts of the deals of the people at each step, from the first sales step on; None before. One query."""
    money = _amounts(scope)
    found: list[Decimal | None] = [None] * len(path.steps)
    if scope.cohort:
        rows = cohort(scope).annotate(money=Subquery(money.filter(person=OuterRef("pk")).values("total")))
        by_rank = dict(rows.values_list("furthest").order_by().annotate(total=Sum("money")))
        for rank in range(path.sales_rank, len(path.steps)):
            found[rank] = sum((by_rank.get(at) or Decimal(0) for at in range(rank, len(path.steps))), Decimal(0))
        return found
    there = passed(scope).annotate(money=Subquery(money.filter(person=OuterRef("person_id")).values("total")))
    by_rank = dict(there.values_list("rank").order_by().annotate(total=Sum("money")))
    for rank in range(path.sales_rank, len(path.steps)):
        found[rank] = by_rank.get(rank) or Decimal(0)
    return found


def _amounts(scope: Scope) -> Any:
    deals = Deal.objects.filter(currency=scope.currency).annotate(person=Coalesce(F("lead_id"), 0 - F("pk")))
    return deals.values("person").order_by().annotate(total=Sum("amount"))


def history_rates(scope: Scope, path: Path) -> dict[int, float | None]:
    """Of the people who reached each sales step and are decided, the share who won, in percent: what the stage's own
    past says, from the given scope's cohort."""
    numbers = steps(replace(scope, view="cohort"), path)
    won = numbers[path.won_rank].count if path.won_rank < len(numbers) else 0
    found: dict[int, float | None] = {}
    for rank in range(path.sales_rank, min(path.won_rank, len(numbers))):
        pending = sum(one.open + one.stalled for one in numbers[rank : path.won_rank])
        decided = numbers[rank].count - pending
        found[rank] = rates.share(won, decided) if decided >= rates.FEW else None
    return found
