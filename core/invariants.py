"""What must always hold, and how to look. Each room has an ``invariants.py``; the flow map lists them; ``manage.py
doctor`` asks them all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.module_loading import import_string

from core.models import Leased, OutboxMessage

SHOWN = 10


@dataclass(frozen=True)
class Broken:
    """One finding. ``serious`` False is only worth knowing (a message that was given up and can be retried)."""

    check: str
    message: str
    serious: bool = True


def found(check: str, rows: QuerySet[Any], say: Any, *, serious: bool = True) -> Iterator[Broken]:
    """A finding for each of the first rows, said by ``say(row)``, and one for how many more there are."""
    head = list(rows[: SHOWN + 1])
    for row in head[:SHOWN]:
        yield Broken(check, say(row), serious)
    if len(head) > SHOWN:
        yield Broken(check, f"... and {rows.count() - SHOWN:,} more.", serious)


def twice(check: str, rows: QuerySet[Any], *fields: str) -> Iterator[Broken]:
    """A finding for each combination of ``fields`` that is there more than once, whatever the constraints say."""
    groups = rows.order_by().values(*fields).annotate(times=Count("pk")).filter(times__gt=1)
    return found(
        check, groups, lambda row: f"{row['times']} times: " + ", ".join(f"{name} {row[name]}" for name in fields)
    )


def leased(name: str, model: type[Leased], now: datetime, grace: timedelta) -> Iterator[Broken]:
    """Work that somebody takes: none stuck, no lease past its limit, done means done."""
    manager: Any = model._default_manager
    rows: QuerySet[Any] = manager.order_by("pk")
    waiting = rows.filter(state=Leased.State.PENDING)
    yield from found(
        f"{name}: no lease past its limit",
        waiting.filter(lease_until__lt=now - grace),
        lambda row: f"{row.pk} ({row}): the lease ran out {row.lease_until:%Y-%m-%d %H:%M} and nobody took it again.",
    )
    yield from found(
        f"{name}: nothing is stuck",
        waiting.filter(lease_until=None, due_at__lt=now - grace),
        lambda row: f"{row.pk} ({row}): due since {row.due_at:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        f"{name}: done is done",
        rows.filter(state=Leased.State.DONE, done_at=None),
        lambda row: f"{row.pk} ({row}): done, but never.",
    )
    yield from found(
        f"{name}: given up",
        rows.filter(state=Leased.State.DEAD),
        lambda row: f"{row.pk} ({row}): {row.last_error[:200]}",
        serious=False,
    )


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """Of the outbox."""
    yield from leased("outbox", OutboxMessage, now, grace)
    yield from twice("outbox: each message once a listener", OutboxMessage.objects.all(), "topic", "key", "handler")
    for path in OutboxMessage.objects.order_by().values_list("handler", flat=True).distinct():
        try:
            import_string(path)
        except ImportError:
            yield Broken("outbox: every handler is there", f"{path} cannot be imported.")


def collect(paths: Iterable[str], now: datetime, grace: timedelta) -> Iterator[tuple[str, list[Broken]]]:
    """Each module's findings in turn."""
    for path in paths:
        yield path, list(import_string(path)(now, grace))
