"""The funnel over both halves: how many reached each step, where the others are, how long it took."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, Sum, Value, When

from insights.metrics import spread
from insights.metrics.scope import Scope
from insights.models import DayCount, DaySpan, Journey, Reached
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.rates import Spread, StepNumbers

FATES = {0: "open", Journey.Fate.RECYCLED: "recycled", Journey.Fate.LOST: "lost", DayCount.STALLED: "stalled"}


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
    if scope.plain:
        axis = DayCount.Axis.COHORT if scope.cohort else DayCount.Axis.ACTIVITY
        sums = scope.sums(DayCount).filter(axis=axis).values_list("source", "door", "rank", "fate")
        found = sums.annotate(total=Sum("n"))
        return [
            Cell(source, door, rank, FATES[fate] if scope.cohort else "", n) for source, door, rank, fate, n in found
        ]
    if scope.cohort:
        rows: Any = cohort(scope).annotate(what=_fate(scope.today))
        keys = ("source", "door", "furthest", "what")
    else:
        rows = passed(scope).annotate(what=Value("", output_field=CharField()))
        keys = ("person__source", "person__door", "rank", "what")
    return [Cell(*row) for row in rows.values_list(*keys).order_by().annotate(total=Count("pk"))]


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
    """Days from each step to the next, of the people who moved on in the period. One query."""
    return spread.spans(scope, DaySpan.Kind.STEP).spreads(rates.DAY)


def values(scope: Scope, path: Path) -> list[Decimal | None]:
    """Amounts of the deals of the people at each step, from the first sales step on; None before. One query."""
    if scope.plain:
        axis = DayCount.Axis.COHORT if scope.cohort else DayCount.Axis.ACTIVITY
        rows: Any = scope.sums(DayCount).filter(axis=axis).values_list("rank").annotate(total=Sum("value"))
    elif scope.cohort:
        rows = cohort(scope).values_list("furthest").order_by().annotate(total=Sum("value"))
    else:
        rows = passed(scope).values_list("rank").order_by().annotate(total=Sum("person__value"))
    by_rank = {rank: Decimal(cents) / 100 for rank, cents in rows}
    found: list[Decimal | None] = [None] * len(path.steps)
    for rank in range(path.sales_rank, len(path.steps)):
        beyond = range(rank, len(path.steps)) if scope.cohort else [rank]
        found[rank] = sum((by_rank.get(at, Decimal(0)) for at in beyond), Decimal(0))
    return found


def history_rates(scope: Scope, path: Path) -> dict[int, float | None]:
    """Of the people who reached each sales step and are decided, the share who won, in percent: what the stage's own
    past says, from the given scope's cohort."""
    numbers = steps(scope.as_cohort(), path)
    won = numbers[path.won_rank].count if path.won_rank < len(numbers) else 0
    found: dict[int, float | None] = {}
    for rank in range(path.sales_rank, min(path.won_rank, len(numbers))):
        pending = sum(one.open + one.stalled for one in numbers[rank : path.won_rank])
        decided = numbers[rank].count - pending
        found[rank] = rates.share(won, decided) if decided >= rates.FEW else None
    return found
