"""The sums from the facts, all at once: what ``services.sums`` keeps up step by step. For a rebuild and doctor."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from insights.models import EVERYBODY, AnswerCount, DayCount, DaySpan, DealCount, OpenCount, RollupState, VerdictCount
from insights.rules.blocks import LEVEL, OFFSET, WIDTHS
from insights.rules.rates import BINS
from insights.services.sums import KEYS, SUMS

# Facts by day and owner: what a sum is keyed by besides owner and block, and what it adds.
BASES: dict[Any, str] = {
    DayCount: """
        SELECT day, owner, 0 AS axis, furthest AS rank, door,
            CASE WHEN fate = 0 AND due > 0 AND due <= {today} THEN {stalled} ELSE fate END AS fate, source,
            COUNT(*) AS n, SUM(value) AS value
        FROM insights_journey GROUP BY 1, 2, 3, 4, 5, 6, 7
        UNION ALL
        SELECT r.day, j.owner, 1, r.rank, j.door, 0, j.source, COUNT(*), SUM(j.value)
        FROM insights_reached r JOIN insights_journey j ON j.person = r.person_id GROUP BY 1, 2, 3, 4, 5, 6, 7""",
    DealCount: """
        SELECT day, owner, pipeline, won, reason, source,
            COUNT(*) AS n, SUM(priced) AS priced, SUM(value) AS value
        FROM insights_dealfact GROUP BY 1, 2, 3, 4, 5, 6""",
    VerdictCount: """
        SELECT decided AS day, owner, accepted, reason, source, campaign, COUNT(*) AS n
        FROM insights_handofffact WHERE decided IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6""",
    AnswerCount: """
        SELECT assigned AS day, owner, source, COUNT(*) AS n, COUNT(seconds) AS answered, SUM(in_time) AS in_time,
            SUM(unclocked) AS unclocked
        FROM insights_handofffact WHERE assigned IS NOT NULL GROUP BY 1, 2, 3""",
}
OPENED = """
    SELECT {axis} AS axis, stage, {at} AS at, COUNT(*) AS n, SUM(bare) AS bare, SUM(value) AS value
    FROM insights_openfact GROUP BY stage, {at}"""
SPANS = """
    SELECT 0 AS kind, r.day, j.owner, j.source, r.rank - 1 AS rank, {bin} AS bin,
        COUNT(*) AS n, SUM(seconds) AS seconds
    FROM insights_reached r JOIN insights_journey j ON j.person = r.person_id
    WHERE seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT 1, day, owner, source, 0, {bin}, COUNT(*), SUM(seconds)
    FROM insights_dealfact WHERE won = 1 GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT 2, assigned, owner, source, 0, {bin}, COUNT(*), SUM(seconds)
    FROM insights_handofffact WHERE assigned IS NOT NULL AND seconds IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6"""
WIDE = "wide(level, width) AS (VALUES " + ", ".join(f"({at}, {width})" for at, width in enumerate(WIDTHS)) + ")"
BLOCK = f"level * {LEVEL} + (day + {OFFSET}) / width"


def bin_sql(seconds: str = "seconds") -> str:
    """``rules.rates.span_bin`` in SQL (whole division of whole numbers)."""
    whens = " ".join(
        f"WHEN {seconds} >= {low} THEN {first} + ({seconds} - {low}) / {width}" for low, width, first in BINS
    )
    return f"CASE {whens} ELSE 0 END"


def counts_sql(model: Any, today: int) -> str:
    """A SELECT of every row that ``model`` should hold: its keys, then its sums."""
    if model is OpenCount:
        return _opened_sql()
    keys = [name for name in KEYS[model] if name not in ("owner", "block")]
    sums = ", ".join(f"SUM({name}) AS {name}" for name in SUMS[model])
    base = BASES[model].format(today=today, stalled=DayCount.STALLED)
    return (
        f"WITH base AS ({base}), {WIDE}, who(everybody) AS (VALUES (0), (1)) "
        f"SELECT {BLOCK} AS block, CASE WHEN everybody = 1 THEN {EVERYBODY} ELSE owner END AS owner, "
        f"{', '.join(keys)}, {sums} FROM base CROSS JOIN wide CROSS JOIN who "
        f"GROUP BY 1, 2, {', '.join(str(place) for place in range(3, 3 + len(keys)))}"
    )


def _opened_sql() -> str:
    """Not by blocks of days: what is open now is no matter of a period."""
    days = {
        "postgresql": "(since AT TIME ZONE 'UTC')::date - DATE '1970-01-01'",
        "sqlite": "CAST(julianday(date(since)) - julianday('1970-01-01') AS integer)",
    }[connection.vendor]
    axes = ((OpenCount.Axis.MONTH, "month"), (OpenCount.Axis.OWNER, "owner"), (OpenCount.Axis.DAY, days))
    return " UNION ALL ".join(OPENED.format(axis=int(axis), at=at) for axis, at in axes)


def spans_sql() -> str:
    """The same for ``DaySpan``: its keys, n, seconds and the bins as JSON."""
    gather = "jsonb_object_agg" if connection.vendor == "postgresql" else "json_group_object"
    return (
        f"WITH base AS ({SPANS.format(bin=bin_sql())}), {WIDE}, cuts(cut) AS (VALUES (0), (1), (2), (3)), "
        f"cells AS (SELECT kind, cut, {BLOCK} AS block, CASE WHEN cut >= 2 THEN owner ELSE {EVERYBODY} END AS owner, "
        f"CASE WHEN cut IN (1, 3) THEN source ELSE '' END AS source, rank, bin, "
        f"SUM(n) AS n, SUM(seconds) AS seconds FROM base CROSS JOIN wide CROSS JOIN cuts "
        f"WHERE cut < 3 OR owner = 0 GROUP BY 1, 2, 3, 4, 5, 6, 7) "
        f"SELECT kind, cut, block, owner, source, rank, SUM(n) AS n, SUM(seconds) AS seconds, "
        f"{gather}(CAST(bin AS text), n) AS bins FROM cells GROUP BY 1, 2, 3, 4, 5, 6"
    )


def sums_make(today: int) -> None:
    """Fill the (empty) sums from the facts."""
    with connection.cursor() as cursor:
        for model in SUMS:
            names = ", ".join(KEYS[model] + SUMS[model])
            order = ", ".join(KEYS[model])  # rows that are read together lie together
            rows = f"SELECT * FROM ({counts_sql(model, today)}) made ORDER BY {order}"
            cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) {rows}")
        names = ", ".join((*KEYS[DaySpan], "n", "seconds", "bins"))
        rows = f"SELECT * FROM ({spans_sql()}) made ORDER BY {', '.join(KEYS[DaySpan])}"
        cursor.execute(f"INSERT INTO {DaySpan._meta.db_table} ({names}) {rows}")


def counts_wrong() -> Iterator[str]:
    """Sums of counts that differ from their facts: a line each, at most ten a table."""
    today = RollupState.objects.values_list("today", flat=True).get(pk=1)
    with connection.cursor() as cursor:
        for model in SUMS:
            names = ", ".join(KEYS[model] + SUMS[model])
            kept, should = (
                f"SELECT {names} FROM {model._meta.db_table}",
                f"SELECT * FROM ({counts_sql(model, today)}) s",
            )
            for what, one, other in (("is kept but wrong", kept, should), ("is missing", should, kept)):
                cursor.execute(f"SELECT * FROM ({one} EXCEPT {other}) wrong LIMIT 10")
                for row in cursor.fetchall():
                    yield f"Rollup sum {model.__name__} {tuple(row)} {what}."
