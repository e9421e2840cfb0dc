"""The broker holds wake-ups only: emptied, killed and started again while captures arrive, it costs time, no lead."""

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
        # A worker that is just connecting when the broker dies may end with an error of kombu's (its connection has
        # no address for a moment). Whoever watches over it starts it again: ./run, or Docker's restart policy.
        nonlocal worker
        if not worker.alive:
            worker = stack.start_worker(wait=False)
        return drained()

    stack.wait_until(watched, seconds=60, message="the sweeper did not pick up what was left")
    assert client.refused == []
    assert len(client.accepted) == 30
    assert faults(client) == []
    assert mailed_again() == 0
