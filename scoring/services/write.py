"""Scores into standings: one statement for any number of leads."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from leads.models import Standing
from scoring.rules import Score

COLUMNS = ("fit", "engagement", "score", "grade", "reason")
TABLE = Standing._meta.db_table
SET = ", ".join(f"{name} = v.{name}" for name in COLUMNS)
TYPES = ("smallint", "smallint", "smallint", "text", "text")


def scores_write(scores: Mapping[int, Score], now: datetime, *, keep_marks: bool = False) -> None:
    """Write the scores of leads whose standings this transaction holds, and clear their marks."""
    if not scores:
        return
    mark = "" if keep_marks else ", score_due_at = NULL"
    rows = [(pk, one.fit, one.engagement, one.score, one.grade, one.reason) for pk, one in sorted(scores.items())]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{kind}[]" for kind in ("bigint", *TYPES))
            cursor.execute(
                f"UPDATE {TABLE} s SET {SET}, scored_at = %s{mark} "
                f"FROM unnest({arrays}) AS v(lead_id, {', '.join(COLUMNS)}) WHERE s.lead_id = v.lead_id",
                [now, *(list(column) for column in zip(*rows, strict=True))],
            )
        else:
            moment = connection.ops.adapt_datetimefield_value(now)
            cursor.executemany(
                f"UPDATE {TABLE} SET fit = %s, engagement = %s, score = %s, grade = %s, reason = %s, "
                f"scored_at = %s{mark} WHERE lead_id = %s",
                [(*row[1:], moment, row[0]) for row in rows],
            )
