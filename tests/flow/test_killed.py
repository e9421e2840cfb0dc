"""A worker or a web server is killed at each point between capture and notice: nothing is lost, nothing doubled."""

import pytest

from core.points import POINTS
from tests.flow.world import drained, faults, mailed_again, reps, rest, time_passes

pytestmark = pytest.mark.slow
EACH = 4


def test_a_worker_killed_at_each_point_loses_and_doubles_nothing(stack, client, tmp_path):
    reps(3)
    healthy = stack.start_worker()
    stack.start_beat()
    client.captures("warm-up", 1)
    stack.wait_until(drained)
    again = 0
    for point in [one for one in POINTS if one != "wake.leads"]:
        rest(stack, healthy, on=True)
        client.captures(point, EACH)
        marks = tmp_path / point
        marks.mkdir()
        env = {"BATON_STOP_AT": point, "BATON_STOP_MARKS": str(marks)}
        doomed = stack.start_worker(pool="solo", concurrency=1, env=env, wait=False)
        stack.wait_until(lambda doomed=doomed: not doomed.alive, seconds=40, message=f"never came to {point}")
        assert doomed.popen.returncode == -9, doomed.output()
        assert not drained(), f"{point}: there was nothing left to do"
        time_passes()
        rest(stack, healthy, on=False)
        stack.wait_until(drained, seconds=30, message=f"{point}: not drained")
        assert faults(client) == [], point
        again += point == "outbox.handled"
        # Sent and killed before that was written down: once more, with the same Message-ID. Nowhere else.
        assert mailed_again() == again, point
    assert len(client.accepted) == 1 + EACH * (len(POINTS) - 1)


def test_a_web_server_killed_before_it_answers_keeps_the_capture_once(stack, client, tmp_path):
    reps(2)
    stack.start_web(env={"BATON_STOP_AT": "wake.leads", "BATON_STOP_MARKS": str(tmp_path)})
    client.captures("web", 3)
    assert (tmp_path / "wake.leads").exists()
    stack.start_worker()
    stack.wait_until(drained)
    assert faults(client) == []
    assert mailed_again() == 0
