"""When a program that died is started again."""

import sys
import time

import pytest

from config.children import Child


@pytest.fixture
def child(request):
    well = []
    one = Child("napper", [sys.executable, "-c", "import time; time.sleep(60)"], lambda: bool(well), {})
    one.becomes_well = lambda: well.append(1)
    yield one
    one.signal(9)
    if one.process:
        one.process.wait()


def dies(child: Child) -> float:
    """Kill it, let the supervisor look; seconds until it may start again."""
    while not child.running:
        child.start_at = 0
        child.look()
    child.look()
    child.process.kill()
    child.process.wait()
    child.look()
    return max(0.0, child.start_at - time.monotonic())


def test_who_was_well_starts_again_at_once_however_often(child):
    child.start()
    child.becomes_well()
    assert [dies(child) for _ in range(6)] == [0] * 6
    assert child.running


def test_who_never_gets_well_is_tried_more_and_more_seldom(child):
    child.start()
    waits = [dies(child) for _ in range(8)]
    assert waits[0] == 0 and [round(one) for one in waits[1:]] == [1, 2, 4, 8, 16, 30, 30]
    assert not child.running
