"""The broker holds wake-ups only: emptied, killed and started again while captures arrive, it costs time, no lead."""

from pathlib import Path

import pytest

from tests.flow.world import drained, faults, mailed_again, reps

pytestmark = pytest.mark.slow


def test_a_worker_asks_for_a_broker_that_is_long_gone_every_two_seconds(stack, client):
    """Celery by itself would ask more and more seldom, and come back half a minute after the broker."""
    reps(2)
    worker = stack.start_worker()
    stack.kill(stack.broker)
    stack.wait_until(lambda: worker.output().count("Trying again in 2.00 seconds") >= 4, seconds=40)
    client.captures("gone", 3)
    stack.start_broker()
    stack.start_beat()
    stack.wait_until(drained, seconds=30)
    assert faults(client) == []


def test_a_lost_connection_that_cannot_be_closed_is_not_the_workers_end(stack, client):
    """Of ten brokers killed while the worker had a wake-up in hand one left it hanging for ever, before."""
    reps(2)
    worker = stack.start_worker(app="tests.flow.broken", env={"BROKEN": "close"})
    stack.kill(stack.broker)
    stack.wait_until(lambda: "could not be closed in order" in worker.output())
    client.captures("gone", 3)
    stack.start_broker()
    stack.start_beat()
    stack.wait_until(drained, seconds=30)
    assert worker.alive and faults(client) == []


def test_a_worker_that_cannot_go_on_ends_and_does_not_hang(stack):
    worker = stack.start_worker(app="tests.flow.broken", env={"BROKEN": "stuck"})
    children = worker.children()
    stack.kill(stack.broker)
    stack.wait_until(lambda: not worker.alive, seconds=10)
    assert "Unrecoverable error" in worker.output() and len(children) == 2
    stack.wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), seconds=5)


def test_captures_go_on_while_the_broker_is_emptied_killed_and_back(stack, client, record_property):
    reps(3)
    worker = stack.start_worker(wait=False)
    stack.start_beat()
    _ = stack.url
    for turn in range(4):
        client.captures(f"emptied-{turn}", 4)
        stack.empty_broker()
    stack.kill(stack.broker)
    client.captures("gone", 10)
    stack.start_broker()
    client.captures("back", 4)

    def watched() -> bool:
        # A worker that is just connecting when the broker dies may end with an error of kombu's. Whoever watches over
        # it starts it again: ./run, or Docker's restart policy.
        nonlocal worker
        if not worker.alive:
            worker = stack.start_worker(wait=False)
        return drained()

    stack.wait_until(watched, seconds=60, message="the sweeper did not pick up what was left")
    assert client.refused == []
    assert len(client.accepted) == 30
    assert faults(client) == []
    assert mailed_again() == 0
