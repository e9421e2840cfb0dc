"""A point does nothing, until a test asks a process to die at it; then once."""

import os
import subprocess
import sys
from pathlib import Path

from core import points
from tests.guard import house

PROGRAM = "from core.points import reached; reached('inbox.claimed'); print('lived')"


def run(tmp_path: Path, at: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BATON_STOP_AT": at, "BATON_STOP_MARKS": str(tmp_path)}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)


def test_it_kills_once_and_only_where_asked(tmp_path):
    assert run(tmp_path, "").stdout == "lived\n"
    assert run(tmp_path, "outbox.leased").stdout == "lived\n"
    assert run(tmp_path, "outbox.leased,inbox.claimed").returncode == -9
    assert run(tmp_path, "inbox.claimed").stdout == "lived\n"
    assert "no such point: nowhere" in run(tmp_path, "nowhere").stderr


def test_every_point_is_on_the_way():
    texts = "\n".join(house.files(".py", outside=("tests", "migrations")).values())
    for point in points.POINTS:
        if not point.startswith("wake."):  # outbox._send names those
            assert f'reached("{point}")' in texts
