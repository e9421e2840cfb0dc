"""How long something took: mean, median and 90th percentile, from the kept histograms or from the facts.

Median and 90th percentile are exact to ten seconds under ten minutes, to the minute under two hours, to the hour
under ten days, else to the day: the width of a bin (``rules.rates.span_bin``).
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Sum, Value, When

from insights.metrics.scope import Scope
from insights.models import DaySpan, DealFact, HandoffFact, Reached
from insights.rules import rates
from insights.rules.blocks import blocks_between
from insights.rules.rates import Spread
from leads.models import Lead


class Spans:
    """Histograms by a key (a rank, an owner), with the seconds that they add up to."""

    def __init__(self) -> None:
        self.bins: dict[Any, dict[int, int]] = {}
        self.seconds: dict[Any, int] = {}

    def add(self, key: Any, bins: Iterable[tuple[Any, int]], seconds: int) -> None:
        held = self.bins.setdefault(key, {})
        for bin_, n in bins:
            at = int(bin_)
            held[at] = held.get(at, 0) + n
        self.seconds[key] = self.seconds.get(key, 0) + seconds

    def spreads(self, unit: float = 1.0) -> dict[Any, Spread]:
        """In units of so many seconds."""
        return {key: rates.spread_of(bins, self.seconds[key], unit) for key, bins in self.bins.items()}

    def one(self, unit: float = 1.0) -> Spread:
        """The only histogram there is."""
        return next(iter(self.spreads(unit).values()), rates.spread_of({}, 0))


def spans(scope: Scope, kind: DaySpan.Kind, *, by_owner: bool = False) -> Spans:
    """The histograms of the period, by rank or by owner. One query: of the kept sums, or of the facts where the
    filters are finer than the sums (a source and owners together, a campaign, a pipeline)."""
    owners, pipeline = scope.owners, None if kind == DaySpan.Kind.ANSWER else scope.pipeline
    cut_owner = owners is not None or by_owner
    if scope.campaign or pipeline is not None or (cut_owner and scope.source):
        return _counted(scope, kind, by_owner)
    cut = DaySpan.Cut.OWNER if cut_owner else DaySpan.Cut.SOURCE if scope.source else DaySpan.Cut.ALL
    rows = DaySpan.objects.filter(kind=kind, cut=cut, block__in=blocks_between(*scope.days))
    if owners is not None:
        rows = rows.filter(owner__in=sorted(owners))
    if scope.source:
        rows = rows.filter(source=scope.source)
    found = Spans()
    for one, seconds, bins in rows.order_by().values_list("owner" if by_owner else "rank", "seconds", "bins"):
        found.add(one, bins.items(), seconds)
    return found


def _counted(scope: Scope, kind: DaySpan.Kind, by_owner: bool) -> Spans:
    rows: Any
    if kind == DaySpan.Kind.STEP:
        rows = Reached.objects.filter(scope.people_q("person__"), day__range=scope.days, seconds__isnull=False)
        rows = rows.annotate(key=F("rank") - 1)
    elif kind == DaySpan.Kind.CYCLE:
        rows = DealFact.objects.filter(scope.facts_q(), won=1, day__range=scope.days)
        if scope.pipeline is not None:
            rows = rows.filter(pipeline=scope.pipeline)
        if scope.campaign:
            rows = rows.filter(person__in=Lead.objects.filter(campaign=scope.campaign).values("pk"))
    else:
        rows = HandoffFact.objects.filter(scope.facts_q(), assigned__range=scope.days, seconds__isnull=False)
        if scope.campaign:
            rows = rows.filter(campaign=scope.campaign)
    if kind != DaySpan.Kind.STEP:
        rows = rows.annotate(key=F("owner") if by_owner else Value(0))
    found = Spans()
    cells = rows.annotate(cell=_bin()).values_list("key", "cell").order_by()
    for key, cell, n, seconds in cells.annotate(many=Count("pk"), total=Sum("seconds")):
        found.add(key, [(cell, n)], seconds)
    return found


def _bin() -> Case:
    """``rules.rates.span_bin`` in SQL (whole division of whole numbers)."""
    whens = [When(seconds__gte=low, then=first + (F("seconds") - low) / width) for low, width, first in rates.BINS]
    return Case(*whens, default=0, output_field=BigIntegerField())
