"""The outbox: a fact and its message exist together or not at all, and each message is done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from core import leases, outbox
from core.clock import db_now
from core.mail import mail_queue
from core.models import OutboxMessage
from core.rules import backoff_seconds
from tests.core import flow_map


@pytest.fixture(autouse=True)
def own_flow(settings: Any) -> Iterator[None]:
    settings.FLOW_MAP = "tests.core.flow_map"
    for kept in (flow_map.seen, flow_map.together, flow_map.broken):
        kept.clear()
    yield


def emit(key: str = "k1", **payload: Any) -> None:
    with transaction.atomic():
        outbox.emit("thing.happened", key, **payload)


@pytest.mark.django_db(transaction=True)
def test_emit_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        outbox.emit("thing.happened", "k")


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_fact_leaves_no_message() -> None:
    with pytest.raises(KeyError), transaction.atomic():
        outbox.emit("thing.happened", "k")
        raise KeyError
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_listener_together_may_refuse_the_fact() -> None:
    with pytest.raises(ValueError, match="may not be"):
        emit(refuse=True)
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_each_listener_gets_its_own_message_once() -> None:
    emit(n=1)
    emit(n=1)  # the same key again is the same fact
    assert OutboxMessage.objects.count() == 2
    assert outbox.drain() == 2
    assert sorted(flow_map.seen, key=str) == [("k1", {"n": 1}), ("too:k1", {"n": 1})]
    assert outbox.drain() == 0


@pytest.mark.django_db
def test_one_that_fails_waits_and_stops_no_other() -> None:
    flow_map.broken.add("bad")
    emit("bad")
    emit("good")
    outbox.drain()
    waiting = OutboxMessage.objects.get(state="pending")
    assert (waiting.key, waiting.attempts) == ("bad", 1)
    assert "ConnectionError" in waiting.last_error
    assert waiting.due_at > db_now()
    assert OutboxMessage.objects.filter(state="done").count() == 3


@pytest.mark.django_db
def test_given_up_after_eight_tries_and_brought_back_by_hand() -> None:
    flow_map.broken.add("bad")
    emit("bad")
    for _ in range(10):
        OutboxMessage.objects.filter(state="pending").update(due_at=db_now() - timedelta(seconds=1))
        outbox.drain()
    dead = OutboxMessage.objects.get(state="dead")
    assert dead.attempts == leases.MAX_ATTEMPTS
    flow_map.broken.clear()
    assert leases.retry_now(OutboxMessage.objects.all()) == 1
    assert outbox.drain() == 1


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_taken_by_another_and_the_late_one_changes_nothing() -> None:
    emit()
    first = leases.claim(OutboxMessage.objects.all(), limit=10)
    assert leases.claim(OutboxMessage.objects.all(), limit=10).rows == []
    OutboxMessage.objects.update(lease_until=db_now() - timedelta(seconds=1))
    second = leases.claim(OutboxMessage.objects.all(), limit=10)
    assert len(second.rows) == 2
    assert not leases.complete(first.rows[0], first.token)
    assert leases.complete(second.rows[0], second.token)


@pytest.mark.django_db(transaction=True)
def test_many_claimers_never_hold_the_same_row() -> None:
    with transaction.atomic():
        outbox.emit_many("thing.happened", [(f"k{n}", {}) for n in range(100)])

    def take(_: int) -> list[int]:
        try:
            return [row.pk for row in leases.claim(OutboxMessage.objects.all(), limit=30).rows]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [pk for rows in pool.map(take, range(8)) for pk in rows]
    assert len(taken) == len(set(taken)) == 200


@pytest.mark.django_db
def test_mail_goes_once_with_a_fixed_id_and_no_header_of_anybodys_making() -> None:
    with transaction.atomic():
        for _ in range(2):
            mail_queue(key="n:1", to="rita@test.example", subject="New lead\nBcc: all@evil.example", text="Hello")
    outbox.drain()
    (sent,) = mail.outbox
    assert sent.subject == "New lead Bcc: all@evil.example"
    assert sent.recipients() == ["rita@test.example"]
    assert sent.extra_headers["Message-ID"].startswith("<n-1@")


def test_backoff_grows_and_ends_at_an_hour() -> None:
    delays = [backoff_seconds(n) for n in range(1, 12)]
    assert delays[:3] == [5, 10, 20]
    assert delays == sorted(delays)
    assert delays[-1] == 3600
