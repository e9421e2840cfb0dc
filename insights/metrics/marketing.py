"""Marketing numbers: who came by which channel, how warm they are, what sales said to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Sum, When
from django.db.models.functions import Floor

from insights.metrics import funnel
from insights.metrics.sales import Closing
from insights.metrics.scope import Scope
from insights.models import EVERYBODY, DayCount, RollupState, ScoreCount
from insights.rules import rates
from insights.rules.blocks import blocks_between, monday_before, weeks_between
from insights.rules.path import Path, day_date
from leads.models import Standing
from leads.querysets import owner_filter

BAND = 10  # width of a bar of the score distribution
QUICK = 20_000  # so many leads a page counts on the spot
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
    weeks = weeks_between(max(first, last - 53 * 7), last)
    found = {monday: [0, 0] for monday, _ in weeks}
    if scope.plain:
        monday_of = {block: monday for monday, blocks in weeks for block in blocks}
        rows = scope.sums(DayCount, blocks=list(monday_of))
        rows = rows.filter(axis=DayCount.Axis.ACTIVITY, door=0, rank__in=[0, mql]).values_list("block", "rank")
        cells = [(monday_of[block], rank, n) for block, rank, n in rows.annotate(total=Sum("n"))]
    else:
        passed = funnel.passed(scope).filter(person__door=0, rank__in=[0, mql], day__gte=weeks[0][0])
        counted = passed.values_list("day", "rank").order_by().annotate(total=Count("pk"))
        cells = [(monday_before(day), rank, n) for day, rank, n in counted]
    for monday, rank, n in cells:
        if monday in found:
            found[monday][0 if rank == 0 else 1] += n
    return [(day_date(monday), leads, mqls) for monday, (leads, mqls) in found.items()]


def in_marketing() -> QuerySet[Standing]:
    """Leads that are still in marketing's hands."""
    return Standing.objects.filter(stage__funnel__kind="marketing", stage__kind="open")


def band_of() -> Case:
    """The lower end of a standing's band; 100 points are in the last."""
    return Case(When(score__gte=100, then=90), default=Floor(F("score") / BAND) * BAND, output_field=IntegerField())


def standings(scope: Scope) -> QuerySet[Standing]:
    """Those of them that the scope counts."""
    rows = in_marketing().filter(owner_filter(scope.user))
    filters = {
        "owner": scope.owner,
        "owner__team": scope.team,
        "source": scope.source or None,
        "lead__campaign": scope.campaign or None,
    }
    return rows.filter(**{name: value for name, value in filters.items() if value is not None})


@dataclass(frozen=True)
class Scores:
    """(lower end, leads) of each band of ten points; ``as_of`` says when, if that was not just now."""

    bands: list[tuple[int, int]]
    as_of: datetime | None = None


def scores(scope: Scope) -> Scores:
    """How warm the leads are that are still in marketing's hands. Counted on the spot while that is quick, else as
    the worker last counted. Two queries."""
    state = RollupState.objects.filter(pk=1).only("scores_at", "scores_n").first()
    as_of = state.scores_at if state and state.scores_n > QUICK and not scope.campaign else None
    if as_of is None:
        rows: Any = standings(scope).annotate(band=band_of()).values_list("band").order_by().annotate(n=Count("pk"))
    else:
        kept = ScoreCount.objects.all() if scope.owners is None else ScoreCount.objects.filter(owner__in=scope.owners)
        kept = kept.filter(source=scope.source) if scope.source else kept
        rows = kept.values_list("band").order_by().annotate(total=Sum("n"))
    found = {int(low): n for low, n in rows}
    return Scores([(low, found.get(low, 0)) for low in range(0, 100, BAND)], as_of)


def band(scope: Scope, low: int) -> QuerySet[Standing]:
    rows = standings(scope).filter(score__gte=low)
    return rows if low >= 90 else rows.filter(score__lt=low + BAND)


def near_bar(scope: Scope, bar: int) -> QuerySet[Standing]:
    """Leads a few points below the MQL bar."""
    return standings(scope).filter(score__gte=bar - NEAR, score__lt=bar)


def sources_known(scope: Scope) -> Sequence[str]:
    """Sources to filter by, most used first: of who came in the last year. One query."""
    year = blocks_between(scope.today - 364, scope.today)
    rows = DayCount.objects.filter(axis=DayCount.Axis.COHORT, owner=EVERYBODY, block__in=year)
    found = rows.values_list("source").order_by().annotate(total=Sum("n"))
    return [source for source, _ in sorted(found, key=lambda one: (-one[1], one[0])) if source]
