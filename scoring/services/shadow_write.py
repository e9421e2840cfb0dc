"""Scores of the model in shadow into their table: in the transaction of the real ones, and never in their way."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import connection, transaction

from core import outbox
from core.clock import db_now
from leads.models import Standing
from scoring.models import ScoringModel, ShadowScore
from scoring.rules import Score
from scoring.selectors.compute import Basis, scores_compute
from scoring.selectors.setbased import scores_sql

log = logging.getLogger(__name__)
TABLE = ShadowScore._meta.db_table
COLUMNS = ("model_id", "fit", "engagement", "score", "scored_at")
FIELDS = ["model", "fit", "engagement", "score", "scored_at"]


def shadow_leave(model: ScoringModel) -> None:
    """Its rows go, in parts, by a worker. In the transaction in which it stops being the shadow."""
    outbox.emit("scoring.shadow_left", f"{model.pk}:{db_now().isoformat()}", model_id=model.pk)


def shadow_batch(shadow: Basis, lead_ids: list[int], now: datetime) -> None:
    """The scores of these leads, whose standings this transaction holds."""
    _guarded(shadow, lambda: _write(shadow, scores_compute(shadow, lead_ids, now), now))


def shadow_range(shadow: Basis, first_id: int, last_id: int, now: datetime) -> None:
    """The scores of a range of leads; only rows that change are written."""
    if connection.vendor == "postgresql":
        _guarded(shadow, lambda: _range_set(shadow, first_id, last_id, now))
        return
    ids = list(Standing.objects.filter(pk__gte=first_id, pk__lte=last_id).values_list("pk", flat=True))
    shadow_batch(shadow, ids, now)


def _guarded(shadow: Basis, write: Callable[[], None]) -> None:
    """A shadow that cannot be scored must not hold up the model that counts: it is said on its page instead."""
    try:
        with transaction.atomic():
            write()
    except Exception as error:
        log.exception("the model in shadow cannot be scored")
        ScoringModel.objects.filter(pk=shadow.model.pk).update(shadow_error=f"{type(error).__name__}: {error}"[:300])


def _write(shadow: Basis, scores: Mapping[int, Score], now: datetime) -> None:
    rows = [
        ShadowScore(
            lead_id=pk, model=shadow.model, fit=one.fit, engagement=one.engagement, score=one.score, scored_at=now
        )
        for pk, one in sorted(scores.items())
    ]
    ShadowScore.objects.bulk_create(
        rows, batch_size=1000, update_conflicts=True, unique_fields=["lead"], update_fields=FIELDS
    )


def _range_set(shadow: Basis, first_id: int, last_id: int, now: datetime) -> None:
    sql, params = scores_sql(shadow, first_id, last_id, now)
    differs = " OR ".join(f"s.{name} <> excluded.{name}" for name in COLUMNS[:4])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute(
            f"""INSERT INTO {TABLE} AS s (lead_id, {", ".join(COLUMNS)})
            SELECT v.lead_id, %s, v.fit, v.engagement, v.score, %s FROM ({sql}) v ORDER BY v.lead_id
            ON CONFLICT (lead_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}
            WHERE s.scored_at < excluded.scored_at AND ({differs} OR s.scored_at < %s)""",
            [shadow.model.pk, now, *params, shadow.model.shadow_since],
        )
