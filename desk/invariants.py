"""What must always hold of work given to others."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.invariants import Broken, leased
from desk.models import Relief


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    yield from leased("relief", Relief, now, grace)
