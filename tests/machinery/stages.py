"""The stages of ``./test``: what runs, with which environment, and what came of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from core.processes import die_with_parent
from tests.machinery import needs

PYTHON = sys.executable
TOOLS = Path(PYTHON).parent
# What a developer has set for running Baton must not leak into its tests.
OURS = ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DEBUG", "SITE_URL"]
OURS += [
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "LOG_LEVEL",
    "DJANGO_SETTINGS_MODULE",
    "PYTEST_ADDOPTS",
    "WEB_CONCURRENCY",
]
# What says where something is on this machine, and what to test.
KEPT = ["BATON_VENV", "BATON_CHROMIUM", "BATON_POSTGRES_BIN", "BATON_SAMPLE_DATA"]
QUICK = "not slow and not browser"
# A test process that died is not replaced: with loadfile and loadgroup the run would never end (pytest-xdist 3.8, its
# issues 1323 and 1327). The test that it died of fails, and what it had still to run is not run.
SHOWN = ["-q", "--reuse-db", "--tb=short", "--durations=5", "--durations-min=5", "--max-worker-restart=0"]
PARALLEL = ["-n", "2", "--dist", "loadfile", *SHOWN]
# Those that wait for processes and pages: one more of them than cores, each test by itself (but for an xdist_group),
# so that no core is idle while another has a long file to the end.
SPREAD = ["-n", "3", "--dist", "loadgroup", *SHOWN]
# A stage takes four minutes. pytest gives up a single test that hangs (faulthandler_timeout, pyproject.toml); this is
# for what hangs outside of a test.
MOST_SECONDS = 25 * 60

Checks = dict[str, tuple[list[str], dict[str, str]]]


@dataclass
class Outcome:
    """What came of one stage. ``tests`` is empty for a check that is not a test run."""

    name: str
    passed: bool
    seconds: float
    note: str = ""
    tests: dict[str, int] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in OURS and not k.startswith("BATON_")}
    kept |= {k: v for k, v in os.environ.items() if k in KEPT}
    return kept | {"PYTHONUNBUFFERED": "1"} | more


def served_environment(url: str, **more: str) -> dict[str, str]:
    """The environment of an install on PostgreSQL, as an operator would set it."""
    secret = "only-for-tests-" + "".join(chr(97 + n % 26) + str(n) for n in range(30))
    return clean_environment(DATABASE_URL=url, SECRET_KEY=secret, ALLOWED_HOSTS="localhost,127.0.0.1", **more)


def migrations(database_url: str | None, var: str) -> Checks:
    """One empty database of each kind migrated, for the test processes to copy: each would do the same itself."""
    migrate = [PYTHON, "manage.py", "migrate", "-v0"]
    wanted = {"migrate on SQLite": (migrate, clean_environment(BATON_VAR=var))}
    if database_url:
        wanted["migrate on PostgreSQL"] = (migrate, served_environment(database_url, BATON_VAR=var))
    return wanted


def checks(database_url: str, var: str) -> Checks:
    """The checks that are not tests: name -> (command, environment)."""
    plain = clean_environment(BATON_VAR=var)
    served = served_environment(database_url, BATON_VAR=var)
    manage = [PYTHON, "manage.py"]
    return {
        "ruff check": ([PYTHON, "-m", "ruff", "check", "."], plain),
        "ruff format": ([PYTHON, "-m", "ruff", "format", "--check", "."], plain),
        "import contracts": ([PYTHON, str(TOOLS / "lint-imports"), "--no-cache"], plain),
        "mypy": ([PYTHON, "-m", "mypy", "."], plain),
        "check --deploy": ([*manage, "check", "--deploy", "--fail-level", "WARNING"], served),
        "makemigrations --check": ([*manage, "makemigrations", "--check", "--dry-run"], plain),
    }


def run_checks(wanted: Checks) -> list[Outcome]:
    """Two at a time; what a check said is shown when it failed."""

    def one(name: str) -> Outcome:
        command, environment = wanted[name]
        started = time.monotonic()
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        outcome = Outcome(name, done.returncode == 0, time.monotonic() - started)
        said = "" if outcome.passed else f"\n{done.stdout}{done.stderr}"
        print(f"{'ok  ' if outcome.passed else 'FAIL'} {name} ({outcome.seconds:.0f} s){said}", flush=True)
        return outcome

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, wanted))


def call(command: list[str], environment: dict[str, str], most: float) -> int:
    """Run to the end; when we are interrupted, let the command tidy up first. It never outlives us.

    :raises subprocess.TimeoutExpired: it took longer than ``most`` seconds, and is stopped
    """
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent(), start_new_session=True
    )
    try:
        return process.wait(most)
    except BaseException:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def run_pytest(
    name: str, arguments: list[str], environment: dict[str, str], report: Path, most: float = MOST_SECONDS
) -> Outcome:
    """One pytest run, shown as it goes. A skipped test fails it: what could not run was not tested."""
    print(f"\n=== {name}", flush=True)
    started = time.monotonic()
    command = [PYTHON, "-m", "pytest", f"--junitxml={report}", *arguments]
    try:
        code, ended = (done := call(command, environment, most)), f"pytest ended with code {done}"
    except subprocess.TimeoutExpired:
        code, ended = 1, f"pytest was stopped: not at its end after {most:.0f} s"
    tests = counts(report)
    trouble = [
        *([ended] if code else []),
        *([f"{tests['skipped']} skipped: a test that could not run fails the command"] if tests["skipped"] else []),
        *(["no test ran"] if not tests["passed"] and not code else []),
    ]
    return Outcome(name, not trouble, time.monotonic() - started, "; ".join(trouble), tests, measured(report))


def counts(report: Path) -> dict[str, int]:
    """Passed, failed (with errors) and skipped of a JUnit report; all nought when there is none."""
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    if report.exists():
        for suite in ElementTree.parse(report).iter("testsuite"):
            for word in total:
                total[word] += int(suite.get(word, 0))
    failed = total["failures"] + total["errors"]
    return {"passed": total["tests"] - failed - total["skipped"], "failed": failed, "skipped": total["skipped"]}


def measured(report: Path) -> list[str]:
    """What tests measured and left with ``record_property("measured", "second start: 2.1 s")``."""
    if not report.exists():
        return []
    found = ElementTree.parse(report).iter("property")
    return [one.get("value", "") for one in found if one.get("name") == "measured"]


def closing(outcomes: list[Outcome]) -> str:
    """The table of stages, and on the last line the sum: a failed check counts as one failed."""
    lines = ["", "=== summary"]
    for one in outcomes:
        said = ", ".join(f"{count} {word}" for word, count in one.tests.items() if count)
        note = ": ".join(filter(None, [said, one.note]))
        lines.append(f"{'ok  ' if one.passed else 'FAIL'} {one.name:32} {one.seconds:6.1f} s  {note}".rstrip())
        lines += [f"       {said}" for said in one.measured]
    if needs.sample_data() is None:
        lines.append("note: the tests on real data were left out; BATON_SAMPLE_DATA names the folder that has it.")
    passed = sum(one.tests["passed"] if one.tests else one.passed for one in outcomes)
    failed = sum(max(one.tests.get("failed", 0), not one.passed) for one in outcomes)
    return "\n".join([*lines, f"{passed} passed, {failed} failed"])
