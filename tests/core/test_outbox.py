"""Deliveries that are slow, and some that kill: nobody else's work suffers, nothing is done twice without need."""

import time

import pytest

from core import leases, outbox
from core.models import OutboxMessage
from leads.models import InboxItem
from leads.services import inbox_drain
from tests.core import deeds
from tests.flow.world import time_passes


def message(key: str, deed: str) -> OutboxMessage:
    return OutboxMessage.objects.create(topic="test", key=key, handler=f"tests.core.deeds.{deed}")


@pytest.fixture(autouse=True)
def fresh():
    deeds.did.clear()


def test_what_somebody_else_took_over_meanwhile_is_not_done_again(db):
    message("slow", "lose_the_next")
    message("theirs", "note")
    outbox.drain()
    assert deeds.did == ["slow"]


def test_when_the_time_is_over_the_rest_is_free_and_untried(db):
    for number in range(3):
        message(f"{number}", "note")
    held = leases.claim(OutboxMessage.objects.all(), limit=10, count=False)
    leases.release(held.rows[1:], held.token)
    assert outbox.drain() == 2
    assert deeds.did == ["1", "2"]
    assert set(OutboxMessage.objects.filter(state="done").values_list("attempts", flat=True)) == {1}


def test_a_capture_that_always_kills_is_given_up_and_only_that_one(db):
    """As the database looks after each death: the row was begun, its lease ran out."""
    from leads.services import capture_accept

    bad, _ = capture_accept(source="api:1", key="bad", body={"lead": {"email": "bad@firm.example"}})
    InboxItem.objects.filter(pk=bad.pk).update(attempts=5, last_error="")
    good, _ = capture_accept(source="api:1", key="good", body={"lead": {"email": "good@firm.example"}})
    assert inbox_drain() == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("dead", "done")
    assert bad.last_error == "Its worker died in all of 5 tries."


@pytest.mark.django_db(transaction=True)
def test_a_rush_is_woken_for_at_once_and_once_at_its_end(monkeypatch):
    woken: list[tuple[str, float]] = []
    began = time.monotonic()
    monkeypatch.setattr(outbox, "_publish", lambda task: woken.append((task, time.monotonic() - began)))
    monkeypatch.setattr(outbox, "_next_wake", {})
    for _ in range(50):
        outbox.wake("one")
    outbox.wake("two")
    assert [task for task, _ in woken] == ["one", "two"]
    last = time.monotonic() - began
    time.sleep(outbox.WAKE_EVERY_SECONDS * 3)
    assert [task for task, _ in woken] == ["one", "two", "one"]
    assert last < woken[-1][1], "who came last is told of after its commit"
    outbox.wake("one")
    assert [task for task, _ in woken] == ["one", "two", "one", "one"], "quiet again: at once"


@pytest.mark.slow
def test_a_message_that_kills_its_worker_stops_no_other_and_is_given_up(stack):
    message("deadly", "die")
    OutboxMessage.objects.update(attempts=6)  # it has been at it for a while
    for number in range(5):
        message(f"{number}", "note")
    stack.start_worker(concurrency=1)
    stack.start_beat()

    def through() -> bool:
        time_passes(held_since=1)
        return not OutboxMessage.objects.filter(state="pending").exists()

    stack.wait_until(through, seconds=60)
    deadly = OutboxMessage.objects.get(key="deadly")
    assert (deadly.state, deadly.attempts) == ("dead", 8)
    assert deadly.last_error == "Its worker died in all of 8 tries."
    others = OutboxMessage.objects.exclude(key="deadly")
    assert set(others.values_list("state", "attempts")) == {("done", 1)}
