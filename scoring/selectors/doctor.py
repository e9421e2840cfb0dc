"""Is every score the fold of its inputs? The doctor's question."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import db_now
from leads.models import Standing
from scoring import rules
from scoring.models import RescoreChunk, ScoringModel, ShadowScore
from scoring.selectors.compute import Basis, basis_of, scores_compute

BATCH = 5000
Chunk = tuple[int, int, datetime | None]


@dataclass(frozen=True)
class Mismatch:
    """A lead whose stored score is not what its inputs gave at ``as_of``."""

    lead_id: int
    stored: tuple[int, int, str]
    expected: tuple[int, int, str]
    as_of: datetime


def score_mismatches(limit: int = 20) -> list[Mismatch]:
    """Up to ``limit`` leads whose stored score differs from the fold of their inputs.

    Each is folded anew as of the moment that its score is of: when it was scored, or when a finished chunk of a
    pass found nothing to change. Leads that wait for scoring (marked, or in an open chunk) are not judged.
    """
    basis = basis_of()
    found: list[Mismatch] = []
    if basis is None:
        return found
    chunks: list[Chunk] = list(RescoreChunk.objects.values_list("first_id", "last_id", "done_at"))
    for batch in _batches():
        found += _judge(basis, batch, chunks)
        if len(found) >= limit:
            return found[:limit]
    return found


def _batches() -> Iterator[list[Standing]]:
    last = 0
    while True:
        rows = list(Standing.objects.filter(pk__gt=last, score_due_at__isnull=True).order_by("pk")[:BATCH])
        if not rows:
            return
        yield rows
        last = rows[-1].pk


def _as_of(row: Standing | ShadowScore, chunks: list[Chunk]) -> datetime | None:
    """The moment a stored score is of; None while it waits for an open chunk."""
    moment = row.scored_at
    for first, last, done_at in chunks:
        if not first <= row.pk <= last:
            continue
        if done_at is None:
            return None
        moment = max(moment, done_at) if moment else done_at
    return moment


def _judge(basis: Basis, rows: list[Standing], chunks: list[Chunk]) -> list[Mismatch]:
    if not rows:
        return []
    near = [one for one in chunks if one[1] >= rows[0].pk and one[0] <= rows[-1].pk]
    by_moment: dict[datetime, list[Standing]] = {}
    unscored = []
    for row in rows:
        moment = _as_of(row, near)
        if moment is not None:
            by_moment.setdefault(_bucket(basis, moment), []).append(row)
        elif row.scored_at is None:
            unscored.append(row)
    found = []
    for moment, group in by_moment.items():
        scores = scores_compute(basis, [row.pk for row in group], moment)
        found += [miss for row in group if (miss := _compare(row, scores[row.pk], moment))]
    if unscored and not any(done_at is None for _, _, done_at in near):
        # neither scored, nor marked, nor in a pass: nobody would ever look at it
        found += [Mismatch(row.pk, (row.fit, row.engagement, row.grade), (0, 0, "?"), db_now()) for row in unscored]
    return found


def _bucket(basis: Basis, moment: datetime) -> datetime:
    """Scores of one UTC day are alike, unless a rule asks for an age: then each moment counts by itself."""
    if basis.asks_for_time:
        return moment
    return moment.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=0)


def _compare(row: Standing, score: rules.Score, moment: datetime) -> Mismatch | None:
    stored = (row.fit, row.engagement, row.grade)
    expected = (score.fit, score.engagement, score.grade)
    if stored == expected and row.score == score.score:
        return None
    return Mismatch(row.pk, stored, expected, moment)


def shadow_mismatches(limit: int = 20) -> list[Mismatch]:
    """The same for the scores of the model in shadow: up to ``limit`` that are not the fold of their inputs, or that
    are missing though the lead was scored since."""
    model = ScoringModel.objects.filter(state=ScoringModel.State.SHADOW, shadow_error="").first()
    basis = basis_of(model) if model else None
    since = basis.model.shadow_since if basis else None
    if basis is None or since is None:
        return []
    chunks: list[Chunk] = list(RescoreChunk.objects.values_list("first_id", "last_id", "done_at"))
    found: list[Mismatch] = []
    for batch in _batches():
        near = [one for one in chunks if one[1] >= batch[0].pk and one[0] <= batch[-1].pk]
        found += _judge_shadow(basis, since, batch, near)
        if len(found) >= limit:
            return found[:limit]
    return found


def _judge_shadow(basis: Basis, since: datetime, batch: list[Standing], near: list[Chunk]) -> list[Mismatch]:
    ours = ShadowScore.objects.filter(model=basis.model, scored_at__gte=since)
    rows = {row.pk: row for row in ours.filter(pk__gte=batch[0].pk, pk__lte=batch[-1].pk)}
    by_moment: dict[datetime, list[ShadowScore]] = {}
    found = []
    for standing in batch:
        row = rows.get(standing.pk)
        moment = _as_of(row or standing, near)
        if row is not None and moment is not None:
            by_moment.setdefault(_bucket(basis, moment), []).append(row)
        elif row is None and moment is not None and moment > since + timedelta(minutes=1):
            found.append(Mismatch(standing.pk, (0, 0, "none"), (0, 0, "?"), moment))
    for moment, group in by_moment.items():
        scores = scores_compute(basis, [row.pk for row in group], moment)
        found += [miss for row in group if (miss := _compare_shadow(row, scores[row.pk], moment))]
    return found


def _compare_shadow(row: ShadowScore, score: rules.Score, moment: datetime) -> Mismatch | None:
    if (row.fit, row.engagement, row.score) == (score.fit, score.engagement, score.score):
        return None
    stored, expected = (row.fit, row.engagement, str(row.score)), (score.fit, score.engagement, str(score.score))
    return Mismatch(row.pk, stored, expected, moment)
