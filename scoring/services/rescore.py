"""A pass over all leads: cut into chunks that are rows, so that progress shows, workers share and none is lost."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, connection, transaction

from core import outbox
from core.ask import ask
from core.clock import db_now
from core.errors import Refused
from funnels.models import Stage, Transition
from funnels.services import journeys_advance
from leads.models import Lead, Standing
from scoring.models import Rescore, RescoreChunk, ScoringModel
from scoring.selectors.cards import active_model
from scoring.selectors.compute import Basis, bases_live, scores_compute
from scoring.selectors.setbased import scores_sql
from scoring.services.drain import marketing_ladder, stages_advance, stages_earned
from scoring.services.shadow_write import shadow_range
from scoring.services.write import COLUMNS, SET, TABLE, scores_write

log = logging.getLogger(__name__)
# A chunk is one transaction and must stay well under a second. A worker that finds itself slower (another machine,
# much else to do, many pass the bar) takes only the first part of one, and leaves the rest as a chunk of its own. Not
# less than LEAST: what a chunk costs whatever its size would make it slower still.
CHUNK = {"postgresql": 6_000, "sqlite": 2_000}
SECONDS, LEAST = 0.5, 2_000
_pace = {"seconds_a_lead": 0.0}  # of this process' last chunk


@transaction.atomic
def rescore_start(*, model: ScoringModel, cause: str, by: Any = None, key: str = "") -> Rescore:
    """Begin a pass over every lead with the active model; one that was under way gives way to it.

    ``key`` makes starting twice impossible: the second raises IntegrityError.
    """
    made = Rescore.objects.create(
        key=key or f"{cause}:{model.pk}:{uuid.uuid4()}", model=model, cause=cause, created_by=by
    )
    RescoreChunk.objects.filter(done_at__isnull=True).delete()
    Rescore.objects.filter(finished_at__isnull=True, pk__lt=made.pk).update(finished_at=db_now())
    now = db_now()
    chunks = [
        RescoreChunk(rescore=made, first_id=a, last_id=b, leads=count, not_before=now) for a, b, count in _ranges()
    ]
    RescoreChunk.objects.bulk_create(chunks)
    made.total = sum(one.leads for one in chunks)
    if not chunks:
        made.finished_at = db_now()
    made.save(update_fields=["total", "finished_at"])
    outbox.wake("scoring.tasks.rescore_drain")
    return made


def _ranges() -> list[tuple[int, int, int]]:
    """(first, last, how many) of every chunk, over all leads there are now. It steps through the primary key from one
    cut to the next: numbering every lead would take half a second of a million's pass."""
    size, leads = CHUNK[connection.vendor], Lead._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE cut(id) AS (SELECT MIN(id) FROM {leads} UNION ALL "
            f"SELECT (SELECT id FROM {leads} WHERE id >= cut.id ORDER BY id LIMIT 1 OFFSET {size}) FROM cut "
            "WHERE cut.id IS NOT NULL) SELECT id FROM cut WHERE id IS NOT NULL ORDER BY id"
        )
        firsts = [row[0] for row in cursor.fetchall()]
        cursor.execute(f"SELECT MAX(id), COUNT(*) FROM {leads} WHERE id >= %s", firsts[-1:] or [0])
        end, rest = cursor.fetchone()
    whole = [(first, following - 1, size) for first, following in pairwise(firsts)]
    return [*whole, (firsts[-1], end, rest)] if firsts else []


def rescore_drain(*, seconds: float = 20) -> int:
    """Do open chunks until none is left; returns how many leads were looked at. Safe to run many times at once.

    Also begins the pass of the day: points fade at midnight UTC.
    """
    end = time.monotonic() + seconds
    day_begin()
    done = 0
    while time.monotonic() < end:
        count = chunk_next()
        if count is None:
            break
        done += count
    return done


def day_begin() -> Rescore | None:
    """Begin today's pass (UTC) unless one was begun today. The unique key settles a race."""
    now = db_now()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    model = active_model()
    if model is None or Rescore.objects.filter(created_at__gte=midnight).exists():
        return None
    try:
        return rescore_start(model=model, cause="day", key=f"day:{midnight:%Y-%m-%d}")
    except IntegrityError:
        return None


def chunk_next() -> int | None:
    """Take one open chunk and do it, in one transaction. A worker that dies gives it back. None: nothing to do."""
    chunk: RescoreChunk | None = None
    begun = time.monotonic()
    try:
        with transaction.atomic():
            now = db_now()
            free = RescoreChunk.objects.filter(done_at__isnull=True, not_before__lte=now).order_by("id")
            chunk = free.select_for_update(skip_locked=True, of=("self",)).first()
            if chunk is None:
                return None
            # after the model was activated: what was scored before this moment may be of the model before
            basis, shadow = bases_live()
            if basis is not None:
                _take(chunk)
                chunk.changed = _chunk(basis, chunk.first_id, chunk.last_id, now)
                if shadow is not None:
                    shadow_range(shadow, chunk.first_id, chunk.last_id, now)
            chunk.done_at, chunk.error = now, ""
            chunk.save(update_fields=["last_id", "leads", "changed", "done_at", "error"])
    except Exception as error:
        if chunk is None:
            raise
        log.warning("rescoring leads %s failed and is put off: %s", chunk, error)
        later = db_now() + timedelta(seconds=30)
        RescoreChunk.objects.filter(pk=chunk.pk, done_at=None).update(
            not_before=later, error=f"{type(error).__name__}: {error}"[:300]
        )
        return 0
    _pace["seconds_a_lead"] = (time.monotonic() - begun) / max(chunk.leads, 1)
    _finish(chunk.rescore_id)
    return chunk.leads


def _take(chunk: RescoreChunk) -> None:
    """Cut off what this process would not do in time, as one more open chunk. The caller saves what is left."""
    most = max(LEAST, int(SECONDS / _pace["seconds_a_lead"])) if _pace["seconds_a_lead"] else chunk.leads
    if chunk.leads <= most * 1.25:
        return
    ours = Standing.objects.filter(pk__gte=chunk.first_id, pk__lte=chunk.last_id).order_by("pk")
    for edge in ours.values_list("pk", flat=True)[most - 1 : most]:
        RescoreChunk.objects.create(
            rescore_id=chunk.rescore_id,
            first_id=edge + 1,
            last_id=chunk.last_id,
            leads=chunk.leads - most,
            not_before=chunk.not_before,
        )
        chunk.last_id, chunk.leads = edge, most


def _finish(rescore_id: int) -> None:
    still = RescoreChunk.objects.filter(rescore=rescore_id, done_at__isnull=True)
    if not still.exists():
        Rescore.objects.filter(pk=rescore_id, finished_at__isnull=True).update(finished_at=db_now())


def _chunk(basis: Basis, first_id: int, last_id: int, now: datetime) -> int:
    if connection.vendor == "postgresql":
        return _chunk_set(basis, first_id, last_id, now)
    return _chunk_rows(basis, first_id, last_id, now)


def _chunk_set(basis: Basis, first_id: int, last_id: int, now: datetime) -> int:
    """One UPDATE for the range; only rows that change are written, marks are left alone.

    A lead that was scored after ``now`` by the drain knows more than this statement's snapshot: it is skipped.
    """
    open_ids = [stage.pk for stage in marketing_ladder()]
    sql, params = scores_sql(basis, first_id, last_id, now)
    differs = " OR ".join(f"s.{name} <> v.{name}" for name in COLUMNS)
    with connection.cursor() as cursor:
        # compiling the expressions takes longer than the chunk; and the workers are the parallelism
        cursor.execute("SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute(
            f"""WITH written AS (
              UPDATE {TABLE} s SET {SET}, scored_at = %s FROM ({sql}) v WHERE s.lead_id = v.lead_id
              AND s.lead_id BETWEEN %s AND %s AND (s.scored_at IS NULL OR (s.scored_at < %s AND ({differs})))
              RETURNING s.lead_id, s.stage_id, s.score,
                s.stage_id = ANY(%s) AND (v.fit > v.old_fit OR v.engagement > v.old_engagement
                  OR v.score > v.old_score) AS rose)
            SELECT COUNT(*), array_agg(ARRAY[lead_id, stage_id, score]) FILTER (WHERE rose) FROM written""",
            [now, *params, first_id, last_id, now, open_ids],
        )
        found: tuple[int, list[tuple[int, int, int]] | None] = cursor.fetchone()
    changed, rose = found
    _tell(basis, rose or [], now)
    return changed


def _tell(basis: Basis, rose: Sequence[tuple[int, int, int]], now: datetime) -> None:
    """Move those who earned a further stage, and let the bar be judged for all that rose to it."""
    if not rose:
        return
    _advance(basis, rose, now)
    # Below the bar only a deed can pass, and who did something is marked and told about by the drain.
    bar = ask("mql.lowest")
    over = [lead_id for lead_id, _, score in rose if bar is None or score >= bar]
    if over:
        outbox.emit("leads.scored", f"rescored:{uuid.uuid4()}", lead_ids=over)


def _advance(basis: Basis, rose: Sequence[tuple[int, int, int]], now: datetime) -> None:
    """To the stage that the new score has earned."""
    if connection.vendor != "postgresql":
        held = Standing.objects.filter(pk__in=[one[0] for one in rose]).select_related("stage__funnel")
        stages_advance(basis, list(held), now)
        return
    ladder = marketing_ladder()
    stages = {stage.pk: stage for stage in ladder}
    keys = {
        funnel_id: {stage.key: stage.pk for stage in ladder if stage.funnel_id == funnel_id}
        for funnel_id in {stage.funnel_id for stage in ladder}
    }
    at = {lead_id: stages[stage_id] for lead_id, stage_id, _ in rose}
    targets = stages_earned(
        basis, {lead_id: (score, list(keys[at[lead_id].funnel_id]), at[lead_id].key) for lead_id, _, score in rose}
    )
    moves = {lead_id: keys[at[lead_id].funnel_id][key] for lead_id, key in targets.items()}
    if moves:
        journeys_advance(Standing, moves, kind=Transition.Kind.LEAD, cause="scored", at=now)


def _chunk_rows(basis: Basis, first_id: int, last_id: int, now: datetime) -> int:
    """The same without PostgreSQL: computed in Python, only rows that change are written."""
    rows = list(Standing.objects.filter(pk__gte=first_id, pk__lte=last_id).select_related("stage__funnel"))
    scores = scores_compute(basis, [row.pk for row in rows], now)
    changed, rose = {}, []
    for row in rows:
        found = scores[row.pk]
        if row.scored_at is not None and all(getattr(row, name) == getattr(found, name) for name in COLUMNS):
            continue
        changed[row.pk] = found
        is_open = row.stage.kind == Stage.Kind.OPEN and row.stage.funnel.kind == "marketing"
        if is_open and (found.fit > row.fit or found.engagement > row.engagement or found.score > row.score):
            rose.append((row.pk, row.stage_id, found.score))
    scores_write(changed, now, keep_marks=True)
    _tell(basis, rose, now)
    return len(changed)


def scores_rescore(*, by: Any = None, progress: Callable[[int, int], None] | None = None) -> Rescore:
    """Score every lead anew with the active model, and wait for the end. Raises Refused without an active model."""
    model = active_model()
    if model is None:
        raise Refused("There is no active scoring model.")
    made = rescore_start(model=model, cause="asked", by=by)
    done = 0
    while (count := chunk_next()) is not None:
        done += count
        if progress:
            progress(done, made.total)
    made.refresh_from_db()
    return made
