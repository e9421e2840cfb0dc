"""What is kept for a time and then removed: answers to repeated requests, ended sessions, letters, what was done."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from core.clock import db_now
from core.models import IdempotentRequest, OutboxMessage

ANSWERS_KEPT = timedelta(hours=24)
SESSIONS_LINGER = timedelta(hours=1)  # so that a busy house sweeps them by the hour, not one by one
LETTERS_KEPT = timedelta(days=30)  # sent or given up: their text names people and holds links
DONE_KEPT = timedelta(days=90)  # messages that hold numbers only
BATCH = 2000


def forget() -> int:
    """Remove answers older than 24 hours, sessions that ended an hour ago, letters (topic ``mail.send``) of a month
    ago, and what else was done 90 days ago, in batches. Returns how many rows went.

    Looks at most at one row of each when there is nothing to do. A batch at a time keeps transactions short.
    """
    now = db_now()
    done = OutboxMessage.objects.filter(state=OutboxMessage.State.DONE).exclude(topic="setup")
    return sum(map(_in_batches, _past(now))) + forget_oldest(done, before=now - DONE_KEPT)


def forget_oldest(rows: QuerySet, *, before: datetime) -> int:  # type: ignore[type-arg]
    """Remove, of the oldest ``BATCH`` rows, those made before then; returns how many. Idle, it is one look at the
    first: rows are numbered as they are made, so that no index by time is needed."""
    oldest = rows.order_by("pk").values_list("pk", "created_at")
    first = oldest.first()
    if first is None or first[1] >= before:
        return 0
    past = [pk for pk, made in oldest[:BATCH] if made < before]
    return rows.model.objects.filter(pk__in=past).delete()[0]


def _past(now: datetime) -> Iterator[QuerySet]:  # type: ignore[type-arg]
    yield IdempotentRequest.objects.filter(created_at__lt=now - ANSWERS_KEPT)
    yield Session.objects.filter(expire_date__lt=now - SESSIONS_LINGER)
    done = OutboxMessage.objects.filter(state=OutboxMessage.State.DONE, topic="mail.send")
    yield done.filter(done_at__lt=now - LETTERS_KEPT)
    dead = OutboxMessage.objects.filter(state=OutboxMessage.State.DEAD, topic="mail.send")
    yield dead.filter(created_at__lt=now - LETTERS_KEPT)


def _in_batches(rows: QuerySet) -> int:  # type: ignore[type-arg]
    removed = 0
    while rows.exists():
        some = list(rows.values_list("pk", flat=True)[:BATCH])
        removed += rows.model.objects.filter(pk__in=some).delete()[0]
    return removed
