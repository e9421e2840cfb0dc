"""Looks at the data that take a while: begun by a person or by the day, done by a worker under a lease."""

import time
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core import leases, outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from scoring.models import Rescore, ScoringModel, Study
from scoring.selectors.cards import active_model
from scoring.services.counting import count_run
from scoring.services.drift import drift_check
from scoring.services.learn_study import learn_run
from scoring.services.studying import Tell

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
    end, done = time.monotonic() + seconds, 0
    day_begin()
    drift_check()
    while time.monotonic() < end:
        held = leases.claim(Study.objects.all(), limit=1, lease_seconds=LEASE_SECONDS)
        if not held.rows:
            break
        _work(held.rows[0], held.token)
        done += 1
    return done


def _work(study: Study, token: UUID) -> None:
    def tell(done: int, total: int, step: str) -> None:
        until = db_now() + timedelta(seconds=LEASE_SECONDS)
        said = {"done": done, "total": total, "step": step[:120], "lease_until": until}
        if not leases.held(study, token).update(**said):
            raise leases.LeaseLost("somebody else has this study now")

    try:
        found = RUN[study.kind](study, tell)
        leases.held(study, token).update(result=found, step="")
        leases.complete(study, token)
    except leases.LeaseLost:
        pass
    except Refused as refusal:  # trying again would say the same
        leases.held(study, token).update(
            state=Study.State.DEAD, last_error=refusal.message, lease_until=None, done_at=db_now()
        )
    except Exception as error:  # kept on the study, tried again later
        leases.fail(study, token, f"{type(error).__name__}: {error}", max_attempts=TRIES)


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
