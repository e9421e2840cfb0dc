"""The spread of scores, kept: counting a million standings takes longer than a page may."""

from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import Coalesce

from core.bulk import rows_insert
from insights.metrics.marketing import band_of, in_marketing
from insights.models import RollupState, ScoreCount

LEAST, A_SECOND = 60, 10_000  # kept for a minute at least, and for a second for every so many leads


def scores_due(state: RollupState, now: datetime) -> bool:
    if state.scores_at is None:
        return True
    return now - state.scores_at > timedelta(seconds=max(LEAST, state.scores_n // A_SECOND))


def scores_count(state: RollupState, now: datetime) -> None:
    """Count the leads that are in marketing's hands, by owner, source and band."""
    found = (
        in_marketing().values_list(Coalesce("owner_id", 0), "source", band_of()).order_by().annotate(n=Count("pk"))
    )
    counted = list(found)
    ScoreCount.objects.all().delete()
    rows_insert(ScoreCount, ["owner", "source", "band", "n"], counted)
    state.scores_at, state.scores_n = now, sum(n for *_, n in counted)
