"""What is kept for a time and then removed: answers to repeated requests, ended sessions, letters that were sent."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from core.clock import db_now
from core.models import IdempotentRequest, OutboxMessage

ANSWERS_KEPT = timedelta(hours=24)
SESSIONS_LINGER = timedelta(hours=1)  # so that a busy house sweeps them by the hour, not one by one
LETTERS_KEPT = timedelta(days=30)  # sent: their text names people and holds links
BATCH = 2000


def forget() -> int:
    """Remove answers older than 24 hours, sessions that ended an hour ago and e-mails sent a month ago, in batches.

    Returns how many rows went. Only of topic ``mail.send``: its rows hold the letter itself, the others numbers.

    Looks at most at one row of each when there is nothing to do. A batch at a time keeps transactions short.
    """
    now = db_now()
    return sum(map(_in_batches, _past(now)))


def _past(now: datetime) -> Iterator[QuerySet]:  # type: ignore[type-arg]
    yield IdempotentRequest.objects.filter(created_at__lt=now - ANSWERS_KEPT)
    yield Session.objects.filter(expire_date__lt=now - SESSIONS_LINGER)
    done = OutboxMessage.objects.filter(state=OutboxMessage.State.DONE, topic="mail.send")
    yield done.filter(done_at__lt=now - LETTERS_KEPT)


def _in_batches(rows: QuerySet) -> int:  # type: ignore[type-arg]
    removed = 0
    while rows.exists():
        some = list(rows.values_list("pk", flat=True)[:BATCH])
        removed += rows.model.objects.filter(pk__in=some).delete()[0]
    return removed
