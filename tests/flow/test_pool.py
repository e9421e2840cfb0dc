"""Pool children die on the way, again and again; the worker starts others, and the sweeper goes on."""

import pytest
from celery import current_app
from django.db.models import Count

from handoff.models import Handoff
from tests.flow.world import drained, faults, mailed_again, reps, send, time_passes

pytestmark = pytest.mark.slow
DEADLY = ["inbox.claimed", "scoring.written", "handoff.given", "wake.core", "outbox.handled"]


def test_a_worker_whose_children_die_heals_itself(stack, client, tmp_path):
    reps(3)
    client.captures("pool", 12)
    stack.start_beat()
    stack.start_worker(env={"BATON_STOP_AT": ",".join(DEADLY), "BATON_STOP_MARKS": str(tmp_path)})

    def through() -> bool:
        time_passes(held_since=4)  # a batch takes far less here
        return drained()

    stack.wait_until(through, seconds=60)
    assert sorted(mark.name for mark in tmp_path.iterdir()) == sorted(DEADLY)
    assert faults(client) == []
    assert mailed_again() == 1


def test_every_task_three_times_at_once_by_two_workers_is_as_once(stack, client):
    """All of them, again and again while captures arrive: the same outcome, and the leads shared out evenly."""
    people = reps(3)
    stack.start_worker(wait=False)
    stack.start_worker()
    current_app.loader.import_default_modules()
    ours = sorted(name for name in current_app.tasks if not name.startswith(("celery.", "tests.")))
    assert len(ours) >= 10
    for turn in range(5):
        client.captures(f"thrice-{turn}", 3)
        send(stack, *ours * 3)
    stack.wait_until(drained, seconds=40)
    assert faults(client) == []
    assert mailed_again() == 0
    shares = Handoff.objects.values_list("rep").annotate(n=Count("pk"))
    assert sorted(dict(shares).values()) == [5, 5, 5] and len(people) == 3
