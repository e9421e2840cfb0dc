"""What is kept for a time and then removed: answers to repeated requests, sessions that ended."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from core.clock import db_now
from core.models import IdempotentRequest

ANSWERS_KEPT = timedelta(hours=24)
SESSIONS_LINGER = timedelta(hours=1)  # so that a busy house sweeps them by the hour, not one by one
BATCH = 2000


def forget() -> int:
    """Remove answers older than 24 hours and sessions that ended an hour ago, in batches; returns how many rows.

    Looks at most at one row of each when there is nothing to do. A batch at a time keeps transactions short.
    """
    now = db_now()
    return _in_batches(IdempotentRequest.objects.filter(created_at__lt=now - ANSWERS_KEPT)) + _sessions(now)


def _sessions(now: datetime) -> int:
    return _in_batches(Session.objects.filter(expire_date__lt=now - SESSIONS_LINGER))


def _in_batches(rows: QuerySet) -> int:  # type: ignore[type-arg]
    removed = 0
    while rows.exists():
        some = list(rows.values_list("pk", flat=True)[:BATCH])
        removed += rows.model.objects.filter(pk__in=some).delete()[0]
    return removed
