"""How long something took: mean, median and 90th percentile, from the kept histograms or from the rows themselves.

Median and 90th percentile are exact to ten seconds under ten minutes, to the minute under two hours, to the hour
under ten days, else to the day: the width of a bin (``rules.rates.span_bin``).
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Case, Count, ExpressionWrapper, F, FloatField, QuerySet, Sum, When
from django.db.models.functions import Cast, Floor

from insights.metrics.scope import Scope
from insights.models import DaySpan
from insights.rules import rates
from insights.rules.blocks import blocks_between
from insights.rules.rates import Spread


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


def kept(scope: Scope, kind: DaySpan.Kind, key: str = "rank") -> Spans | None:
    """The kept histograms of the period by ``rank`` or by ``owner``; None when they are not kept by these filters (a
    source and owners together, a campaign). One query."""
    owners = scope.owners
    by_owner = owners is not None or key == "owner"
    if scope.campaign or (by_owner and scope.source):
        return None
    cut = DaySpan.Cut.OWNER if by_owner else DaySpan.Cut.SOURCE if scope.source else DaySpan.Cut.ALL
    rows = DaySpan.objects.filter(kind=kind, cut=cut, block__in=blocks_between(*scope.days))
    if owners is not None:
        rows = rows.filter(owner__in=sorted(owners))
    if scope.source:
        rows = rows.filter(source=scope.source)
    found = Spans()
    for one, seconds, bins in rows.order_by().values_list(key, "seconds", "bins"):
        found.add(one, bins.items(), seconds)
    return found


def live(rows: QuerySet[Any], key: Any, start: str, end: str) -> Spans:
    """The same, counted from rows with two moments: by the value of a column. One query."""
    found = Spans()
    if connection.vendor != "postgresql":
        for one, began, ended in rows.values_list(key, start, end):
            seconds = int((ended - began).total_seconds())
            found.add(one, [(rates.span_bin(seconds), 1)], seconds)
        return found
    took = Cast(Floor(_Seconds(F(end) - F(start))), BigIntegerField())
    return live_seconds(rows.annotate(took=took), key, "took")


def live_seconds(rows: QuerySet[Any], key: Any, seconds: str) -> Spans:
    """The same, of rows that hold their seconds."""
    found = Spans()
    cells = rows.annotate(cell=_bin(seconds)).values_list(key, "cell").order_by()
    for one, cell, n, total in cells.annotate(many=Count("pk"), total=Sum(seconds)):
        found.add(one, [(cell, n)], total)
    return found


def _bin(seconds: str) -> Case:
    """``rules.rates.span_bin`` in SQL (whole division of whole numbers)."""
    whens = [
        When(**{f"{seconds}__gte": low}, then=first + (F(seconds) - low) / width) for low, width, first in rates.BINS
    ]
    return Case(*whens, default=0, output_field=BigIntegerField())


class _Seconds(ExpressionWrapper):
    """A span as seconds (PostgreSQL)."""

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, output_field=FloatField())

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"EXTRACT(EPOCH FROM {sql})::float8", params
