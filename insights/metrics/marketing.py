"""Marketing numbers: who came by which channel, how warm they are, what sales said to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Sum, When
from django.db.models.functions import Floor

from insights.metrics import funnel
from insights.metrics.sales import Closing
from insights.metrics.scope import Scope
from insights.models import DayCount
from insights.rules import rates
from insights.rules.path import Path, day_date
from leads.models import Lead, Standing
from leads.querysets import owner_filter

BAND = 10  # width of a bar of the score distribution
NEAR = 10  # points below the bar that are "near"


@dataclass
class Channel:
    """A source with what became of its people."""

    source: str
    leads: int = 0
    mqls: int = 0
    accepted: int = 0
    won: int = 0
    deals: int = 0
    value: Decimal = Decimal(0)

    @property
    def mql_share(self) -> float | None:
        return rates.share(self.mqls, self.leads)

    @property
    def accepted_share(self) -> float | None:
        return rates.share(self.accepted, self.mqls)


def mql_rank(path: Path) -> int:
    """The rank of Handed off; the sales entry where an install has no such stage."""
    found = [one.rank for one in path.steps if one.half == "handoff"]
    return found[0] if found else path.sales_rank


def channels(cells: Sequence[funnel.Cell], closings: Sequence[Closing], scope: Scope, path: Path) -> list[Channel]:
    """Channels by won, then accepted, then MQLs. People as in the funnel's view; deals and value by close date."""
    found: dict[str, Channel] = {}
    marks = {"leads": 0, "mqls": mql_rank(path), "accepted": path.sales_rank, "won": path.won_rank}
    for cell in cells:
        one = found.setdefault(cell.source, Channel(cell.source))
        for name, at in marks.items():
            came = cell.rank > at if scope.cohort else False
            if (cell.rank == at or came) and (cell.door == 0 or at >= path.sales_rank):
                setattr(one, name, getattr(one, name) + cell.n)
    for closing in closings:
        if closing.won:
            one = found.setdefault(closing.source, Channel(closing.source))
            one.deals, one.value = one.deals + closing.n, one.value + closing.value
    return sorted(found.values(), key=lambda one: (-one.won, -one.accepted, -one.mqls, -one.leads, one.source))


def weekly(scope: Scope, path: Path) -> list[tuple[date, int, int]]:
    """(Monday, new leads, new MQLs) of every week of the period, at most the last 53. One query."""
    mql = mql_rank(path)
    first, last = scope.days
    first = max(first, last - 53 * 7)
    if scope.plain:
        rows = DayCount.objects.filter(
            scope.people_q(), axis=DayCount.Axis.ACTIVITY, day__range=(first, last), door=0
        )
        counted: Any = rows.filter(rank__in=[0, mql]).values_list("day", "rank").order_by().annotate(total=Sum("n"))
        cells = [(day_date(day), rank, n) for day, rank, n in counted]
    else:
        passed = funnel.passed(scope).filter(person__door=0, rank__in=[0, mql])
        cells = [(at.date(), rank, 1) for at, rank in passed.values_list("at", "rank")]
    monday = _monday(day_date(first))
    weeks: dict[date, list[int]] = {}
    while monday <= day_date(last):
        weeks[monday] = [0, 0]
        monday += timedelta(days=7)
    for day, rank, n in cells:
        if (week := weeks.get(_monday(day))) is not None:
            week[0 if rank == 0 else 1] += n
    return [(day, leads, mqls) for day, (leads, mqls) in weeks.items()]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def standings(scope: Scope) -> QuerySet[Standing]:
    """Leads that are still in marketing's hands."""
    rows = Standing.objects.filter(owner_filter(scope.user), stage__funnel__kind="marketing", stage__kind="open")
    filters = {
        "owner": scope.owner,
        "owner__team": scope.team,
        "lead__source": scope.source or None,
        "lead__campaign": scope.campaign or None,
    }
    return rows.filter(**{name: value for name, value in filters.items() if value is not None})


def scores(scope: Scope) -> list[tuple[int, int]]:
    """(lower end, leads) of each band of ten points, of the leads still in marketing's hands. One query."""
    band = Case(When(score__gte=100, then=90), default=Floor(F("score") / BAND) * BAND, output_field=IntegerField())
    rows = standings(scope).annotate(band=band).values_list("band").order_by().annotate(n=Count("pk"))
    found = {int(low): n for low, n in rows}
    return [(low, found.get(low, 0)) for low in range(0, 100, BAND)]


def band(scope: Scope, low: int) -> QuerySet[Standing]:
    rows = standings(scope).filter(score__gte=low)
    return rows if low >= 90 else rows.filter(score__lt=low + BAND)


def near_bar(scope: Scope, bar: int) -> QuerySet[Standing]:
    """Leads a few points below the MQL bar."""
    return standings(scope).filter(score__gte=bar - NEAR, score__lt=bar)


def new_leads(scope: Scope) -> QuerySet[Lead]:
    return scope.leads().filter(created_at__gte=scope.period.start, created_at__lt=scope.period.end)


def sources_known() -> Sequence[str]:
    """Sources to filter by, most used first: of the last year's counts. One query."""
    rows = DayCount.objects.filter(axis=DayCount.Axis.COHORT).values_list("source").order_by()
    return [source for source, _ in sorted(rows.annotate(total=Sum("n")), key=lambda one: -one[1]) if source]
