"""Taking work so that two workers never hold the same row, and a dead worker's row comes back."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F, Q, QuerySet

from core.clock import db_now
from core.models import Leased
from core.rules import backoff_seconds

M = TypeVar("M", bound=Leased)
MAX_ATTEMPTS = 8


@dataclass
class Claim:
    """Rows held under one lease."""

    token: uuid.UUID
    rows: list[Any] = field(default_factory=list)


def claim(queryset: QuerySet[M], *, limit: int, lease_seconds: int = 60) -> Claim:
    """Take up to ``limit`` due rows. PostgreSQL skips rows that others hold; on SQLite the IMMEDIATE
    transaction lets one claimer in at a time, so the same statements are safe there."""
    token = uuid.uuid4()
    with transaction.atomic():
        now = db_now()
        due = queryset.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=now), state=Leased.State.PENDING, due_at__lte=now
        ).order_by("due_at", "pk")
        ids = list(due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:limit])
        if not ids:
            return Claim(token)
        model: Any = queryset.model
        model.objects.filter(pk__in=ids).update(
            lease_token=token, lease_until=now + timedelta(seconds=lease_seconds), attempts=F("attempts") + 1
        )
        return Claim(token, list(model.objects.filter(pk__in=ids).order_by("due_at", "pk")))


def held(row: Leased, token: uuid.UUID) -> QuerySet[Any]:
    """The row, only while the lease is still ours: a late worker's write then changes nothing (fencing)."""
    manager: models.Manager[Any] = type(row)._default_manager
    return manager.filter(pk=row.pk, lease_token=token, state=Leased.State.PENDING)


def complete(row: Leased, token: uuid.UUID) -> bool:
    """Mark done; False when the lease was lost meanwhile."""
    return bool(held(row, token).update(state=Leased.State.DONE, done_at=db_now(), lease_until=None, last_error=""))


def fail(row: Leased, token: uuid.UUID, error: str, *, max_attempts: int = MAX_ATTEMPTS) -> bool:
    """Put back with growing delay, or give up for good after ``max_attempts`` tries. True when given up."""
    now = db_now()
    dead = row.attempts >= max_attempts
    held(row, token).update(
        state=Leased.State.DEAD if dead else Leased.State.PENDING,
        due_at=now + timedelta(seconds=backoff_seconds(row.attempts)),
        lease_until=None,
        last_error=error[:2000],
    )
    return dead


def retry_now(queryset: QuerySet[Any]) -> int:
    """A person's 'try again' on rows that were given up or quarantined."""
    stuck = queryset.filter(state__in=[Leased.State.DEAD, Leased.State.QUARANTINED])
    return stuck.update(
        state=Leased.State.PENDING,
        attempts=0,
        due_at=db_now(),
        lease_until=None,
        lease_token=None,
        done_at=None,
    )


class LeaseLost(Exception):
    """The work took longer than its lease; somebody else has it now."""
