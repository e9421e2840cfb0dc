"""The inbox: first kept, then understood. What cannot be understood is quarantined with the reason, never dropped."""

import logging
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core import leases, outbox, points
from core.clock import db_now
from core.errors import Refused
from core.models import Leased
from core.prepared import row_insert
from leads import rules
from leads.models import InboxItem
from leads.services.people import Entry, captures_apply

log = logging.getLogger(__name__)
PUBLIC_SOURCES = ("form:", "track")
BATCH = 300
MAX_TRIES = 5


def capture_accept(*, source: str, key: str, body: dict[str, Any]) -> tuple[InboxItem, bool]:
    """Keep a capture as it came; (item, True) when new, (the first one, False) for a repeat of the same key.

    Committed before this returns (unless inside a caller's transaction), so a 2xx may be given after it.
    """
    now = db_now()  # not the web server's clock: the workers would find it due when theirs gets there
    item = InboxItem(source=source, key=key[:150], body=rules.json_storable(body), due_at=now, created_at=now)
    if not row_insert(item):
        return InboxItem.objects.get(source=source, key=key[:150]), False
    outbox.poke("inbox")
    return item, True


def inbox_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Take inbox rows in batches until none is due; returns how many were processed."""
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        held = leases.claim(InboxItem.objects.all(), limit=limit, count=False)
        if not held.rows:
            break
        points.reached("inbox.claimed")
        done += _process(held.rows, held.token)
        if len(held.rows) < limit:  # who came since then wakes a worker after the commit
            break
    return done


def _process(items: list[InboxItem], token: UUID) -> int:
    # A row that was tried before may be the one that killed its worker: it goes alone.
    together = [item for item in items if item.attempts == 0]
    alone = [item for item in items if item.attempts > 0]
    done = 0
    InboxItem.objects.filter(lease_token=token, pk__in=[item.pk for item in together]).update(attempts=1)
    for item in together:
        item.attempts = 1
    try:
        done += _apply(together, token)
    except Exception as error:  # one bad row must not stop the batch: each by itself then
        log.info("inbox batch of %s falls back to single rows: %s", len(together), error)
        alone = together + alone
    for item in alone:
        if not leases.begin(item, token, max_attempts=MAX_TRIES):
            continue
        try:
            done += _apply([item], token)
        except Refused as refusal:
            _put_aside(item, token, refusal)
        except Exception as error:
            leases.fail(item, token, f"{type(error).__name__}: {error}", max_attempts=MAX_TRIES)
    return done


def _put_aside(item: InboxItem, token: UUID, refusal: Refused) -> None:
    said = f"{refusal.field}: {refusal.message}".removeprefix(": ")
    leases.held(item, token).update(
        state=Leased.State.QUARANTINED, lease_until=None, done_at=db_now(), last_error=said
    )


def _apply(items: list[InboxItem], token: UUID) -> int:
    if not items:
        return 0
    now = db_now()
    understood: list[tuple[InboxItem, Entry]] = []
    for item in items:
        try:
            capture = rules.capture_parse(item.body, now)
        except Refused as refusal:
            _put_aside(item, token, refusal)
            continue
        trusted = not item.source.startswith(PUBLIC_SOURCES)
        understood.append((item, Entry(capture, f"{item.source}/{item.key}"[:140], trusted, item.created_at)))
    if not understood:
        return 0
    with transaction.atomic():
        captures_apply([entry for _, entry in understood], now=now)
        # Fencing: if the lease ran out and somebody else took the rows, their work counts and ours is undone.
        leads = [(item.pk, entry.lead.pk if entry.lead else None) for item, entry in understood]
        if _close(leads, token, now) != len(leads):
            raise leases.LeaseLost("the lease ran out while the batch was being processed")
        points.reached("inbox.applied")
    return len(understood)


def _close(leads: list[tuple[int, int | None]], token: UUID, now: datetime) -> int:
    """Mark (item, its lead) as done where the lease is still ours; returns how many. One statement on PostgreSQL:
    Django's bulk_update takes a millisecond a row to write its own."""
    table = InboxItem._meta.db_table
    done = f"UPDATE {table} SET state = 'done', done_at = %s, lease_until = NULL, last_error = '', lead_id = "
    ours = f"AND {table}.state = 'pending' AND {table}.lease_token = %s"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            ids, whose = [pk for pk, _ in leads], [lead for _, lead in leads]
            cursor.execute(
                f"{done}v.lead_id FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, lead_id) "
                f"WHERE {table}.id = v.id {ours}",
                [now, ids, whose, token],
            )
        else:
            moment = connection.ops.adapt_datetimefield_value(now)
            cursor.executemany(
                f"{done}%s WHERE id = %s {ours}", [(moment, lead, pk, token.hex) for pk, lead in leads]
            )
        return int(cursor.rowcount)
