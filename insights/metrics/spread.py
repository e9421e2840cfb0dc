"""Mean, median and percentiles of how long something took: by PostgreSQL itself, in Python on SQLite."""

from typing import Any

from django.db import connection
from django.db.models import Aggregate, Avg, Count, DurationField, ExpressionWrapper, F, FloatField, QuerySet

from insights.rules.rates import Spread, spread_of


class _Percentile(Aggregate):
    """percentile_cont of PostgreSQL."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def durations(rows: QuerySet[Any], start: str, end: str, unit: float = 1.0) -> Spread:
    """Mean, median and 90th percentile of ``end - start`` in seconds / ``unit``. One query."""
    took = ExpressionWrapper(F(end) - F(start), output_field=DurationField())
    if connection.vendor != "postgresql":
        found = rows.annotate(took=took).values_list("took", flat=True)
        return spread_of(one.total_seconds() / unit for one in found if one is not None)
    got = rows.order_by().aggregate(**_spread(start, end))
    return Spread(got["n"], *(None if got[key] is None else got[key] / unit for key in ("mean", "median", "p90")))


def durations_by(rows: QuerySet[Any], key: str, start: str, end: str) -> dict[Any, Spread]:
    """``durations`` in seconds for each value of a column. One query."""
    if connection.vendor != "postgresql":
        values: dict[Any, list[float]] = {}
        for one, began, ended in rows.values_list(key, start, end):
            values.setdefault(one, []).append((ended - began).total_seconds())
        return {one: spread_of(took) for one, took in values.items()}
    found = rows.values_list(key).order_by().annotate(**_spread(start, end))
    return {one: Spread(n, mean, median, p90) for one, n, mean, median, p90 in found}


def _spread(start: str, end: str) -> dict[str, Any]:
    seconds = _Seconds(F(end) - F(start))
    return {
        "n": Count("pk"),
        "mean": Avg(seconds),
        "median": _Percentile(seconds, part=0.5),
        "p90": _Percentile(seconds, part=0.9),
    }


class _Seconds(ExpressionWrapper):
    """A span as seconds (PostgreSQL)."""

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, output_field=FloatField())

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"EXTRACT(EPOCH FROM {sql})::float8", params
