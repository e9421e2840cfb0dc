"""The chaos run itself, small: the command that wrecks a house of its own, also with every clock at another time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.chaos.client import captures
from bench.chaos.nemesis import KILLED, plan
from bench.chaos.place import Place
from tests.machinery.stages import clean_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.postgres
def test_captures_survive_kills_restarts_and_wrong_clocks(tmp_path, record_property):
    """Web and worker are killed and live ten minutes before and after the database's time; nothing is lost."""
    report = tmp_path / "report.json"
    words = ["--captures", "300", "--kills", "2", "--pg-restarts", "2", "--rate", "40", "--skew", "600"]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "chaos", *words, "--report", str(report)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["findings"] == []
    assert found["faults"] == {"web": 2, "worker": 2, "beat": 2, "broker": 2, "postgres": 2}
    assert found["2xx"] == found["captures"] == 300 and found["handoffs"] > 30
    said = f"chaos: 300 captures, 10 faults, clocks 10 minutes off: drained after {found['seconds to drain']} s"
    record_property("measured", said)


@pytest.mark.slow
@pytest.mark.postgres
def test_no_real_database_can_be_meant(monkeypatch):
    """What the caller's environment names is not looked at."""
    named = {"DATABASE_URL": "postgres://real@db.example/real", "REDIS_URL": "redis://real.example"}
    named |= {"EMAIL_URL": "smtp://real.example", "BATON_VAR": "/srv/real"}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    place = Place()
    try:
        assert not set(named.values()) & set(place.environment.values())
        assert "real" not in place.environment["DATABASE_URL"] and "EMAIL_URL" not in place.environment
        assert place.environment["BATON_VAR"].startswith(str(place.folder))
        assert os.environ["DATABASE_URL"] == named["DATABASE_URL"]
    finally:
        place.close(keep=False)


def test_a_seed_says_who_dies_when_and_what_arrives():
    faults = plan(7, captures=1000, kills=5, restarts=4)
    assert faults == plan(7, captures=1000, kills=5, restarts=4) != plan(8, captures=1000, kills=5, restarts=4)
    assert [one.when for one in faults] == sorted(one.when for one in faults) and faults[-1].when < 1000
    for name in KILLED:
        assert sum(one.what == name for one in faults) == 5
    assert sorted(one.how for one in faults if one.what == "postgres") == ["fast", "fast", "immediate", "immediate"]
    sent = captures(7, 1000)
    assert sent == captures(7, 1000) and len({one.key for one in sent}) == 1000
    assert {one.door for one in sent} == {"capture", "form", "lead"} and 100 < sum(one.demo for one in sent) < 300
