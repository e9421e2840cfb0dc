"""How a lower room tells an upper one. ``config/flow.py`` is the one list of who listens to what.

Two ways to listen. *Together*: called at once, inside the caller's transaction; both facts exist or neither.
*Later*: one outbox row per listener, written in the same transaction and done by a worker, at least once.
A Celery message is never the fact; it only makes a worker look sooner than the sweeper would.
"""

import json
import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from core import leases, points
from core.bulk import rows_insert
from core.clock import db_now
from core.flow import flow_map
from core.models import OutboxMessage

log = logging.getLogger(__name__)

BROKER_REST_SECONDS = 15
WAKE_EVERY_SECONDS = 0.5
PATIENCE = timedelta(days=1)
_broker_down_until = 0.0
_next_wake: dict[str, float] = {}  # task -> when it may be woken again, on the monotonic clock


class Later(Exception):
    """A handler's "not now": the row waits until then, and this was no try. ``why`` says what is in the way; for that
    a row waits a day, and is then given up."""

    def __init__(self, until: datetime, why: str = "") -> None:
        super().__init__(why or f"not before {until}")
        self.until, self.why = until, why


class GiveUp(Exception):
    """A handler's "never by itself": the row is given up at once, with these words, until a person says otherwise."""


def emit(topic: str, key: str, **payload: Any) -> None:
    """Tell the listeners of ``topic`` about one fact. Must be called inside the fact's transaction."""
    emit_many(topic, [(key, payload)])


def emit_many(topic: str, facts: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """As ``emit``, for a batch. Listeners *together* get the list of payloads in one call.

    Raises RuntimeError outside a transaction: a fact and its message must commit as one.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("emit() outside a transaction: the message could outlive a rolled-back fact")
    listed = list(facts)
    if not listed:
        return
    flow = flow_map()
    for path in flow.TOGETHER.get(topic, []):
        import_string(path)([payload for _, payload in listed])
    handlers = flow.LATER.get(topic, [])
    if handlers:
        rows = [(key, json.dumps(payload)) for key, payload in listed]
        now = db_now()
        for path in handlers:
            same = {"topic": topic, "handler": path, "due_at": now, "created_at": now}
            rows_insert(OutboxMessage, ["key", "payload"], rows, same=same, known_stay=True)
        wake("core.tasks.outbox_drain")


def wake(task: str) -> None:
    """After commit, ask a worker to look now. Never raises: without a broker the sweeper comes instead."""
    transaction.on_commit(lambda: _send(task), robust=True)


def _send(task: str) -> None:
    """Wake at once when it was quiet; in a rush, one wake-up at the end of half a second tells of all in it.
    A task takes all that waits: of a message for each of a hundred captures, ninety-nine would be in vain. Taking one
    costs nearly as much as taking fifty, so a longer rest leaves more of the machine to those who send.

    Threads need no lock here: at worst two wake-ups are sent instead of one.
    """
    points.reached(f"wake.{task.partition('.')[0]}")
    now = time.monotonic()
    due = _next_wake.get(task, now)
    if due <= now:
        _next_wake[task] = now + WAKE_EVERY_SECONDS
        _publish(task)
    elif due <= now + WAKE_EVERY_SECONDS:  # beyond that somebody has set the timer already
        _next_wake[task] = due + WAKE_EVERY_SECONDS
        threading.Timer(due - now, _publish, [task]).start()


def _publish(task: str) -> None:
    """Publish, with one more try for a connection that went stale while the broker restarted. A broker that hangs
    costs the transport's half second twice, then nobody here asks it again for BROKER_REST_SECONDS."""
    global _broker_down_until
    if time.monotonic() < _broker_down_until:
        return
    from celery import current_app

    for last_try in (False, True):
        try:
            current_app.send_task(task, retry=False, expires=settings.WAKES_KEPT)
            return
        except Exception as error:  # any broker trouble costs latency only
            if last_try:
                _broker_down_until = time.monotonic() + BROKER_REST_SECONDS
                log.warning("broker not reachable, the sweeper will pick up %s: %s", task, error)


def drain(*, limit: int = 100, seconds: float = 20) -> int:
    """Do the due outbox rows. Each row on its own: one that fails is put back and stops no other."""
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        held = leases.claim(OutboxMessage.objects.all(), limit=limit, count=False)
        if not held.rows:
            return done
        points.reached("outbox.leased")
        for place, row in enumerate(held.rows):
            if time.monotonic() > end:  # a slow mail server: the rest is free for others, and was not tried
                leases.release(held.rows[place:], held.token)
                break
            if leases.begin(row, held.token):
                done += _deliver(row, held.token)
    return done


def _deliver(row: OutboxMessage, token: Any) -> int:
    try:
        import_string(row.handler)(row.key, **row.payload)
    except Later as later:
        _wait(row, token, later)
        return 0
    except GiveUp as error:
        _fail(row, token, str(error), max_attempts=0)
        return 0
    except Exception as error:
        dead = _fail(row, token, f"{type(error).__name__}: {error}")
        log.warning("outbox %s attempt %s failed%s: %s", row.pk, row.attempts, " for good" if dead else "", error)
        return 0
    points.reached("outbox.handled")
    return int(leases.complete(row, token))


def _wait(row: OutboxMessage, token: Any, later: Later) -> None:
    if later.why and later.until - row.created_at > PATIENCE:
        _fail(row, token, later.why, max_attempts=0)
    else:
        leases.postpone(row, token, later.until, later.why)


def _fail(row: OutboxMessage, token: Any, error: str, *, max_attempts: int = leases.MAX_ATTEMPTS) -> bool:
    """Put it back, or give it up and say so; True when given up."""
    dead = leases.fail(row, token, error, max_attempts=max_attempts)
    if dead:
        try:
            with transaction.atomic():
                channel = row.payload.get("channel_id")
                emit("outbox.given_up", str(row.pk), error=error, channel_id=channel)
        except Exception:  # who should hear of it does not; the page of deliveries shows it all the same
            log.exception("nobody was told that outbox %s was given up", row.pk)
    return dead


def poke(topic: str) -> None:
    """Wake the drains that the flow map names for ``topic``, after commit. Only a hint: nothing is lost without."""
    for task in flow_map().WAKE.get(topic, []):
        wake(task)
