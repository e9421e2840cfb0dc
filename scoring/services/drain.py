"""Scoring what was marked: claim, compute, write, move stages and tell the handoff, one transaction a batch."""

import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from core import outbox, points
from core.clock import db_now
from core.rules import backoff_seconds
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import placed_by_hand
from funnels.services import journey_move
from leads.models import Lead, Standing
from scoring import rules
from scoring.models import ScoreFailure
from scoring.selectors.compute import Basis, bases_live, scores_compute
from scoring.services.shadow_write import shadow_batch
from scoring.services.write import scores_write

log = logging.getLogger(__name__)
BATCH = 2000


def score_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Score marked leads until none is due; returns how many. Safe to run many times at once."""
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ids = _due(limit)
        if not ids:
            break
        count = _batch(ids, end)
        if not count:  # all in other hands, put off, or no active model: the next sweep looks again
            break
        done += count
        if len(ids) < limit:  # who was marked since then wakes a worker after the commit
            break
    return done


def _due(limit: int) -> list[int]:
    """Marked leads that nobody has in hand, longest waiting first. Only a hint: the claim is made later."""
    due = Standing.objects.filter(score_due_at__lte=db_now()).order_by("score_due_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def _batch(ids: Sequence[int], end: float) -> int:
    """Score these together; when that fails, in halves, so that the one at fault is found and put off alone."""
    try:
        return score_batch(ids)
    except Exception as error:
        if len(ids) == 1:
            _put_off(ids[0], error)
            return 0
        log.info("scoring batch of %s falls back to halves: %s", len(ids), error)
    if time.monotonic() > end:
        return 0
    middle = len(ids) // 2
    return _batch(ids[:middle], end) + _batch(ids[middle:], end)


def score_batch(ids: Sequence[int]) -> int:
    """Score those of these leads that are still marked and free. One transaction; the queries do not grow."""
    with transaction.atomic():
        # The clock before the model: a score that was made with an older model is then older than its successor's
        # activation, and the pass that follows an activation replaces it.
        now = db_now()
        basis, shadow = bases_live()
        if basis is None:
            return 0
        # PostgreSQL skips rows in other hands; on SQLite the IMMEDIATE transaction lets one in at a time. While we
        # hold a row nobody can mark it: who tries waits, and marks it again after our commit.
        claim = Standing.objects.filter(pk__in=ids, score_due_at__lte=now).order_by("pk")
        held = list(claim.select_related("stage__funnel").select_for_update(skip_locked=True, of=("self",)))
        if held:
            _apply(basis, held, now)
            if shadow is not None:
                shadow_batch(shadow, [row.pk for row in held], now)
            points.reached("scoring.written")
        return len(held)


def _apply(basis: Basis, held: Sequence[Standing], now: datetime) -> None:
    by_id = {row.pk: row for row in held}
    scores = scores_compute(basis, list(by_id), now)
    scores_write(scores, now)
    for pk, found in scores.items():
        row = by_id[pk]
        row.fit, row.engagement, row.score, row.grade = found.fit, found.engagement, found.score, found.grade
    stages_advance(basis, held, now)
    ScoreFailure.objects.filter(lead__in=by_id).delete()
    outbox.emit("leads.scored", f"scored:{uuid.uuid4()}", lead_ids=sorted(by_id))


def stages_advance(basis: Basis, standings: Sequence[Standing], now: datetime) -> int:
    """Move leads forward to the marketing stage that their score has earned; never backwards, and never out of
    where a person has put them before the score has risen past a further bar.

    The standings were read in this transaction with ``stage__funnel`` and carry their new score.
    """
    movable = [
        one for one in standings if one.stage.funnel.kind == Funnel.Kind.MARKETING and one.stage.kind == "open"
    ]
    if not movable:
        return 0
    stages = {(stage.funnel_id, stage.key): stage for stage in marketing_ladder()}
    moves: defaultdict[Stage, list[Standing]] = defaultdict(list)
    ladders = {
        one.funnel_id: [key for funnel_id, key in stages if funnel_id == one.funnel_id] for one in stages.values()
    }
    rose = {one.pk: (one.score, ladders.get(one.stage.funnel_id, []), one.stage.key) for one in movable}
    targets = stages_earned(basis, rose)
    for one in movable:
        if target := targets.get(one.pk):
            moves[stages[one.stage.funnel_id, target]].append(one)
    return sum(
        journey_move(group, kind=Transition.Kind.LEAD, to=stage, cause="scored", at=now)
        for stage, group in moves.items()
    )


def stages_earned(basis: Basis, leads: Mapping[int, tuple[int, list[str], str]]) -> dict[int, str]:
    """Key of the stage to move to, for those who have earned one. ``leads``: score, ladder and stage now, by id."""
    earned = {pk: target for pk, one in leads.items() if (target := rules.stage_for(basis.card, *one))}
    for pk, placed_at in placed_by_hand(earned).items() if earned else ():
        target = rules.stage_for(basis.card, *leads[pk], placed_at=placed_at)
        if target:
            earned[pk] = target
        else:
            del earned[pk]
    return earned


def marketing_ladder() -> list[Stage]:
    """The open stages of marketing, in their order."""
    stages = Stage.objects.filter(funnel__kind=Funnel.Kind.MARKETING, kind=Stage.Kind.OPEN, is_active=True)
    return list(stages.select_related("funnel").order_by("funnel__position", "funnel_id", "position", "id"))


def _put_off(lead_id: int, error: Exception) -> None:
    """A lead that cannot be scored waits, longer each time; what went wrong is kept for the doctor."""
    log.warning("lead %s cannot be scored: %s", lead_id, error)
    text = f"{type(error).__name__}: {error}"[:300]
    with transaction.atomic():
        now = db_now()
        if not Lead.objects.filter(pk=lead_id).exists():
            return
        row, fresh = ScoreFailure.objects.get_or_create(
            lead_id=lead_id, defaults={"attempts": 1, "error": text, "at": now}
        )
        if not fresh:
            ScoreFailure.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, error=text, at=now)
        due = now + timedelta(seconds=backoff_seconds(row.attempts + (0 if fresh else 1)))
        Standing.objects.filter(pk=lead_id, score_due_at__lte=now).update(score_due_at=due)
