"""Taking work so that two workers never hold the same row, and a dead worker's row comes back."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import F, Q, QuerySet

from core.clock import db_now
from core.models import Leased
from core.rules import backoff_seconds

M = TypeVar("M", bound=Leased)
MAX_ATTEMPTS = 8
LEASE_SECONDS = 30  # so that the work of the dead is done again, and all of it, within a minute


@dataclass
class Claim:
    """Rows held under one lease."""

    token: uuid.UUID
    rows: list[Any] = field(default_factory=list)


def claim(queryset: QuerySet[M], *, limit: int, lease_seconds: int = LEASE_SECONDS, count: bool = True) -> Claim:
    """Take up to ``limit`` due rows. PostgreSQL skips rows that others hold; on SQLite the IMMEDIATE
    transaction lets one claimer in at a time, so the same statements are safe there.

    Attempts are counted here; who takes many rows and does them one by one says ``count=False`` and calls ``begin``
    before each, so that only the row at work is blamed when the worker dies. Least tried first.
    """
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
            lease_token=token,
            lease_until=now + timedelta(seconds=lease_seconds),
            attempts=F("attempts") + int(count),
        )
        rows = list(model.objects.filter(pk__in=ids).order_by("attempts", "due_at", "pk"))
        return Claim(token, [row for row in rows if not (count and _deadly(row, token, row.attempts - 1))])


def begin(row: Leased, token: uuid.UUID, *, max_attempts: int = MAX_ATTEMPTS) -> bool:
    """Right before a try: count it and hold the row for a full lease from now. False when it is not to be tried:
    somebody else has it by now, or it has ended its worker ``max_attempts`` times and is given up."""
    if _deadly(row, token, row.attempts, max_attempts):
        return False
    until = db_now() + timedelta(seconds=LEASE_SECONDS)
    row.attempts += 1
    return bool(held(row, token).update(attempts=row.attempts, lease_until=until))


def release(rows: Iterable[Leased], token: uuid.UUID) -> None:
    """Give back rows that were not begun: anybody may take them at once."""
    for row in rows:
        held(row, token).update(lease_until=None, lease_token=None)


def postpone(row: Leased, token: uuid.UUID, until: datetime, why: str = "") -> None:
    """Put back a row that was begun and then not tried: it waits until then, and the try is not counted."""
    error = why[:2000] or row.last_error
    held(row, token).update(
        due_at=until, attempts=row.attempts - 1, lease_until=None, lease_token=None, last_error=error
    )


def _deadly(row: Leased, token: uuid.UUID, tried: int, max_attempts: int = MAX_ATTEMPTS) -> bool:
    """A row that was tried so often and never came to an end, good or bad: it is given up."""
    if tried < max_attempts:
        return False
    said = row.last_error or f"Its worker died in all of {tried} tries."
    held(row, token).update(state=Leased.State.DEAD, lease_until=None, last_error=said)
    return True


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
