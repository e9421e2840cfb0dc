"""How long something took: mean, median and 90th percentile, from the kept histograms or from the facts.

Median and 90th percentile are exact to ten seconds under ten minutes, to the minute under two hours, to the hour
under ten days, else to the day: the width of a bin (``rules.rates.span_bin``).
"""

import json
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Cast

from insights.metrics.scope import NOBODY, Scope
from insights.models import DaySpan, DealFact, HandoffFact, Reached
from insights.rules import rates
from insights.rules.blocks import blocks_between
from insights.rules.rates import Spread
from leads.models import Lead


class Spans:
    """Histograms by a key (a rank, an owner), with the seconds that they add up to. Bins are added up by their names,
    as they are kept, and numbered at the end: a page adds up tens of thousands."""

    def __init__(self) -> None:
        self.bins: dict[Any, dict[str, int]] = {}
        self.seconds: dict[Any, int] = {}

    def add(self, key: Any, bins: dict[str, int], seconds: int) -> None:
        """``bins`` is ours from now on."""
        held = self.bins.setdefault(key, bins)
        if held is not bins:
            got = held.get
            for bin_, n in bins.items():
                held[bin_] = got(bin_, 0) + n
        self.seconds[key] = self.seconds.get(key, 0) + seconds

    def spreads(self, unit: float = 1.0) -> dict[Any, Spread]:
        """In units of so many seconds."""
        return {key: rates.spread_of(_numbered(bins), self.seconds[key], unit) for key, bins in self.bins.items()}

    def one(self, unit: float = 1.0) -> Spread:
        """The only histogram there is."""
        return next(iter(self.spreads(unit).values()), rates.spread_of({}, 0))


def _numbered(bins: dict[str, int]) -> dict[int, int]:
    return dict(zip(map(int, bins), bins.values(), strict=True))


def spans(scope: Scope, kind: DaySpan.Kind, *, by_owner: bool = False) -> Spans:
    """The histograms of the period, by rank or by owner: from the kept sums, or from the facts where the filters are
    finer than the sums (a source and owners together, a campaign, a pipeline). One or two queries."""
    found, owners, cuts = Spans(), scope.owners, DaySpan.Cut
    pipeline = scope.pipeline is not None and kind != DaySpan.Kind.ANSWER
    if scope.campaign or pipeline or (scope.source and by_owner and owners is None):
        _count(found, scope, kind, by_owner)
    elif scope.source and owners is not None:
        if NOBODY in owners:
            _add(found, scope, by_owner, kind=kind, cut=cuts.NOBODY, source=scope.source)
        _count(found, scope.owned(), kind, by_owner)
    elif scope.source:
        _add(found, scope, by_owner, kind=kind, cut=cuts.SOURCE, source=scope.source)
    elif owners is not None:
        _add(found, scope, by_owner, kind=kind, cut=cuts.OWNER, owner__in=sorted(owners))
    else:
        _add(found, scope, by_owner, kind=kind, cut=cuts.OWNER if by_owner else cuts.ALL)
    return found


def _add(found: Spans, scope: Scope, by_owner: bool, **filters: Any) -> None:
    """Kept sums. Their histograms are read as one JSON text: one by one takes twice as long."""
    rows = DaySpan.objects.filter(block__in=blocks_between(*scope.days), **filters).order_by()
    texts = rows.annotate(text=Cast("bins", TextField()))
    held = list(texts.values_list("owner" if by_owner else "rank", "seconds", "text"))
    for (key, seconds, _), bins in zip(held, json.loads(f"[{','.join(row[2] for row in held)}]"), strict=True):
        found.add(key, bins, seconds)


def _count(found: Spans, scope: Scope, kind: DaySpan.Kind, by_owner: bool) -> None:
    """Facts."""
    if kind == DaySpan.Kind.STEP:
        rows = _steps(scope).annotate(key=F("rank") - 1)
    else:
        rows = _cycles(scope) if kind == DaySpan.Kind.CYCLE else _answers(scope)
        rows = rows.annotate(key=F("owner") if by_owner else Value(0))
    cells = rows.annotate(cell=_bin()).values_list("key", "cell").order_by()
    for key, cell, n, seconds in cells.annotate(many=Count("pk"), total=Sum("seconds")):
        found.add(key, {str(cell): n}, seconds)


def _steps(scope: Scope) -> QuerySet[Any]:
    return Reached.objects.filter(scope.people_q("person__"), day__range=scope.days, seconds__isnull=False)


def _cycles(scope: Scope) -> QuerySet[Any]:
    rows = DealFact.objects.filter(scope.facts_q(), won=1, day__range=scope.days)
    if scope.pipeline is not None:
        rows = rows.filter(pipeline=scope.pipeline)
    if scope.campaign:
        rows = rows.filter(person__in=Lead.objects.filter(campaign=scope.campaign).values("pk"))
    return rows


def _answers(scope: Scope) -> QuerySet[Any]:
    rows = HandoffFact.objects.filter(scope.facts_q(), assigned__range=scope.days, seconds__isnull=False)
    return rows.filter(campaign=scope.campaign) if scope.campaign else rows


def _bin() -> Case:
    """``rules.rates.span_bin`` in SQL (whole division of whole numbers)."""
    whens = [When(seconds__gte=low, then=first + (F("seconds") - low) / width) for low, width, first in rates.BINS]
    return Case(*whens, default=0, output_field=BigIntegerField())
