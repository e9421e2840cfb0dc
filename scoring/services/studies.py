"""Looks at the data that take a while: begun by a person or by the day, done by a worker under a lease."""

from collections.abc import Callable
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core import jobs, outbox
from core.clock import db_now
from core.errors import Conflict
from core.jobs import Tell
from scoring.models import Rescore, ScoringModel, Study
from scoring.selectors.cards import active_model
from scoring.services.counting import count_run
from scoring.services.drift import drift_check
from scoring.services.learn_study import learn_run

LEASE_SECONDS = 180  # between two words about the progress
TRIES = 3
Kind = Study.Kind
RUN: dict[str, Callable[[Study, Tell], dict[str, Any]]] = {Kind.COUNT: count_run, Kind.LEARN: learn_run}


def study_start(*, kind: str, model: ScoringModel | None, by: Any, params: dict[str, Any] | None = None) -> Study:
    """Begin a study. Raises Conflict while one of its kind is under way."""
    try:
        with transaction.atomic():
            now = db_now()
            made = Study.objects.create(
                kind=kind, model=model, by=by, params=params or {}, due_at=now, created_at=now
            )
            outbox.poke("scoring.study")
    except IntegrityError:
        raise Conflict("One is under way already: wait until it has finished.") from None
    return made


def study_drain(*, seconds: float = 20) -> int:
    """Do the studies that are due; returns how many. Safe to run many times at once. Begins that of the day, and
    looks once a week whether the active model has drifted."""
    day_begin()
    drift_check()
    return jobs.drain(Study.objects.all(), _work, seconds=seconds, lease_seconds=LEASE_SECONDS)


def _work(study: Study, token: UUID, end: float) -> int:
    jobs.run(study, token, lambda tell: RUN[study.kind](study, tell), lease_seconds=LEASE_SECONDS, tries=TRIES)
    return 1


def day_begin() -> Study | None:
    """Begin today's count (UTC) of the active model, when today's pass over all leads is through."""
    midnight = db_now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    model = active_model()
    if model is None or model.studies.filter(kind=Kind.COUNT, created_at__gte=midnight).exists():
        return None
    if Rescore.objects.filter(finished_at__isnull=True).exists():
        return None
    try:
        return study_start(kind=Kind.COUNT, model=model, by=None)
    except Conflict:
        return None
