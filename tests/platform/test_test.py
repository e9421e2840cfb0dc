"""``./test`` itself: it counts right, a test that could not run fails it, and it leaves nothing behind."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import conftest
from tests.guard import house
from tests.machinery import needs, stages
from tests.machinery.stages import Outcome

REPORT = """<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1">
<testcase name="a"><properties><property name="measured" value="start: 2.1 s"/></properties></testcase>
</testsuite></testsuites>"""


FROM_HERE = ["-c", str(house.ROOT / "pyproject.toml")]  # with our settings of pytest


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return path


def test_it_counts_errors_as_failures_and_keeps_what_was_measured(report):
    assert stages.counts(report) == {"passed": 2, "failed": 2, "skipped": 1}
    assert stages.measured(report) == ["start: 2.1 s"]


def test_a_run_that_left_no_report_passed_nothing(tmp_path):
    assert stages.counts(tmp_path / "none.xml") == {"passed": 0, "failed": 0, "skipped": 0}


@pytest.mark.parametrize(
    ("outcomes", "last"),
    [
        (
            [Outcome("check", True, 1), Outcome("run", True, 1, tests={"passed": 7, "failed": 0})],
            "8 passed, 0 failed",
        ),
        (
            [Outcome("check", False, 1), Outcome("run", True, 1, tests={"passed": 7, "failed": 0})],
            "7 passed, 1 failed",
        ),
        ([Outcome("run", False, 1, tests={"passed": 7, "failed": 2})], "7 passed, 2 failed"),
        ([Outcome("run", False, 1, "crashed", {"passed": 7, "failed": 0})], "7 passed, 1 failed"),
    ],
)
def test_the_last_line_is_the_sum_and_a_stage_that_broke_counts_as_failed(outcomes, last):
    assert stages.closing(outcomes).splitlines()[-1] == last


@pytest.mark.parametrize("there", [True, False])
def test_without_the_real_data_its_tests_are_left_out_and_that_is_said(monkeypatch, tmp_path, there):
    monkeypatch.setenv("BATON_SAMPLE_DATA", str(tmp_path if there else tmp_path / "nowhere"))
    plain = SimpleNamespace(fixturenames=["db"], get_closest_marker=lambda name: None)
    real = SimpleNamespace(fixturenames=["sample"], get_closest_marker=lambda name: None)
    said, items = [], [plain, real]
    hook = SimpleNamespace(pytest_deselected=lambda items: said.extend(items))
    conftest.pytest_collection_modifyitems(SimpleNamespace(hook=hook), items)
    assert (items, said) == (([plain, real], []) if there else ([plain], [real]))
    assert ("tests on real data were left out" in stages.closing([])) is not there


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(needs, "postgres_bin", lambda: None)
    monkeypatch.setattr(needs, "chromium", lambda: None)
    monkeypatch.setattr(needs.shutil, "which", lambda name: None)
    with pytest.raises(needs.Missing, match=r"PostgreSQL's server and Chromium.*apt-get install postgresql chromium"):
        needs.require()
    with pytest.raises(needs.Missing, match=r"need PostgreSQL's server\. "):
        needs.require(browser=False)
    needs.require(browser=False, postgres=False)


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("import pytest\ndef test_a(): pytest.skip('no')\ndef test_b(): pass", "1 skipped"),
        ("def test_a(): assert False", "ended with code 1"),
        ("import nowhere", "ended with code 2"),
        ("", "ended with code 5"),
    ],
)
def test_a_skipped_a_failed_and_an_absent_test_fail_the_stage(tmp_path, source, note):
    (tmp_path / "test_it.py").write_text(source)
    words = ["-q", "-p", "no:django", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    outcome = stages.run_pytest("twin", words, stages.clean_environment(), tmp_path / "report.xml")
    assert not outcome.passed and note in outcome.note


@pytest.mark.slow
@pytest.mark.sqlite
@pytest.mark.parametrize("spread", [stages.PARALLEL, stages.SPREAD], ids=["by file", "by test"])
def test_a_test_that_hangs_is_named_and_fails_the_stage(tmp_path, capfd, spread):
    (tmp_path / "conftest.py").write_text("")
    for name in "abc":
        tests = "".join(f"def test_{number}(): time.sleep(0.2)\n" for number in range(4))
        (tmp_path / f"test_{name}.py").write_text(f"import time\n{tests}")
    (tmp_path / "test_d.py").write_text("import time\ndef test_hangs(): time.sleep(600)\ndef test_after(): pass\n")
    words = [*spread, *FROM_HERE, str(tmp_path), "-o", "faulthandler_timeout=3"]
    outcome = stages.run_pytest("hangs", words, stages.clean_environment(), tmp_path / "one.xml", most=60)
    said = capfd.readouterr()
    assert outcome.tests["failed"] == 1 and outcome.tests["passed"] >= 8 and "not at its end" not in outcome.note
    assert "crashed while running" in said.out and "test_hangs" in said.out
    assert 'test_d.py", line 2 in test_hangs' in said.err


@pytest.mark.slow
@pytest.mark.sqlite
def test_a_run_that_does_not_end_fails_the_stage(tmp_path):
    (tmp_path / "conftest.py").write_text("import time\ndef pytest_sessionfinish(session): time.sleep(600)\n")
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    words = ["-q", *FROM_HERE, str(tmp_path)]
    outcome = stages.run_pytest("never ends", words, stages.clean_environment(), tmp_path / "one.xml", most=8)
    assert not outcome.passed and "not at its end after 8 s" in outcome.note


@pytest.mark.slow
@pytest.mark.postgres
def test_ctrl_c_leaves_no_server_and_no_folder(tmp_path):
    """The run that is interrupted has a PostgreSQL of its own, and a test that waits."""
    waiting = tmp_path / "test_waiting.py"
    waiting.write_text("import time\ndef test_wait(): time.sleep(600)\n")
    environment = stages.clean_environment(TMPDIR=str(tmp_path), BATON_VENV=os.environ.get("BATON_VENV", ".venv"))
    process = subprocess.Popen(
        ["./test", "--postgres", str(waiting)],
        cwd=house.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    place = str(tmp_path).encode()

    def servers() -> list[str]:
        return [
            folder.name
            for folder in Path("/proc").glob("[0-9]*")
            if b"postgres" in (words := _read(folder / "cmdline")) and place in words
        ]

    end = time.monotonic() + 60
    while not servers() and time.monotonic() < end:
        time.sleep(0.1)
    assert servers()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=180)  # on a crowded machine; the test inside waits longer
    assert process.returncode != 0, said
    assert servers() == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("baton-")] == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
