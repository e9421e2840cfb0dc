"""The one clock. Workers may disagree about the time; the database they share may not."""

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

ASKED_EVERY_SECONDS = 60
_asked: tuple[datetime, float] | None = None  # the database's time, and what the monotonic clock said then


def db_now() -> datetime:
    """The database's present time (UTC). On SQLite every process shares the machine's own clock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment.astimezone(UTC)


def screen_now() -> datetime:
    """The time that people are shown and countdowns start from: the database's, asked once a minute in a process and
    carried on by the monotonic clock. Exact to a few milliseconds; what decides anything asks ``db_now``."""
    global _asked
    if connection.vendor != "postgresql":
        return timezone.now()
    passed = time.monotonic() - _asked[1] if _asked else ASKED_EVERY_SECONDS
    if _asked is None or passed >= ASKED_EVERY_SECONDS:
        _asked, passed = (db_now(), time.monotonic()), 0
    return _asked[0] + timedelta(seconds=passed)
