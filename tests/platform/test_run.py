"""``./run`` as a newcomer uses it: a copy of the tree, one command, Ctrl-C; and as the world treats it: kill -9."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from config import broker
from tests.guard import house
from tests.machinery.stack import free_port
from tests.machinery.stages import clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]


class Install:
    """A copy of the tree in a folder whose name has a space, with its own ``var/``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path in house.tracked():
            target = root / path.relative_to(house.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        self.var = root / "var"
        self.vars = {self.var}
        self.port = free_port()
        self.output = root / "output.txt"
        self.run: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str) -> dict[str, str]:
        # BATON_TEST_MARK is how the processes of this install are found again, whoever their parent is.
        return clean_environment(BATON_VENV=sys.prefix, BATON_TEST_MARK=str(self.root), **more)

    def start(self, *words: str, **more: str) -> float:
        """Start and wait until it says that it is ready; seconds that took."""
        began = time.monotonic()
        self.begin(*words, **more)
        while "Baton is ready" not in self.said():
            assert self.run and self.run.poll() is None, self.said()
            assert time.monotonic() - began < 120, self.said()
            time.sleep(0.02)
        return time.monotonic() - began

    def begin(self, *words: str, **more: str) -> None:
        self.vars.add(Path(more.get("BATON_VAR", self.var)))
        with self.output.open("wb") as output:
            self.run = subprocess.Popen(
                ["./run", "--port", str(self.port), *words],
                cwd=self.root,
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def processes(self) -> dict[int, str]:
        """Process id -> command line of everything that was started from this install and is still there.

        A Redis server writes its title over its environment; it is known by its socket.
        """
        mark, found = f"BATON_TEST_MARK={self.root}".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                marked = mark in (folder / "environ").read_bytes().split(b"\0")
                if marked or any(str(broker.socket_of(var)) in command for var in self.vars):
                    found[int(folder.name)] = command
        return found

    def one(self, word: str) -> int:
        """The oldest process with that word in its command line."""
        return min(pid for pid, command in self.processes().items() if word in command)

    def interrupt(self) -> int:
        assert self.run
        self.run.send_signal(signal.SIGINT)
        return self.run.wait(60)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.var / "baton.sqlite3", timeout=20)) as connection, connection:
            return connection.execute(statement).fetchall()

    def queue(self, handler: str, payload: str) -> None:
        """One outbox row that is due now."""
        self.rows(
            "INSERT INTO core_outboxmessage"
            " (state, due_at, attempts, last_error, created_at, topic, key, handler, payload)"
            f" VALUES ('pending', datetime('now', '-1 minute'), 0, '', datetime('now'), 't', hex(randomblob(8)),"
            f" '{handler}', '{payload}')"
        )

    def wait(self, true, seconds: float = 20, message: str = "") -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{message}\n{self.said()}\n{self.processes()}"
            time.sleep(0.05)

    def end(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.run:
            self.run.wait(10)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    install = Install(tmp_path_factory.mktemp("a copy") / "baton crm")
    yield install
    install.end()


@pytest.fixture
def install(tree):
    """The copy, with the database that the first test left."""
    yield tree
    tree.end()


def test_first_start_loads_the_demo_and_ctrl_c_leaves_no_process(install, record_property):
    seconds = install.start()
    assert install.ask("/healthz/") == '{"status": "ok"}'
    assert "password" in install.ask("/login/").lower()
    assert f"http://127.0.0.1:{install.port}/" in install.said()
    emails = re.findall(r"\S+@\S+", install.said())
    assert len(emails) >= 4
    known = {row[0] for row in install.rows("SELECT email FROM team_user")}
    assert set(emails) <= known
    assert install.interrupt() == 0
    assert install.processes() == {}
    record_property("measured", f"first start, with the demo company: {seconds:.1f} s")


def test_second_start_is_quick_and_says_the_logins_again(install, record_property):
    seconds = install.start()
    assert "Preparing" not in install.said() and "@" in install.said()
    assert install.interrupt() == 0
    record_property("measured", f"second start: {seconds:.1f} s")
    assert seconds < 10, "5 s is the aim on an idle machine; twice that is broken on any"


def test_kill_9_of_the_supervisor_leaves_no_orphan(install):
    install.start()
    assert len(install.processes()) == 9  # supervisor, broker, web and 2, worker and 2, beat
    os.kill(install.run.pid, signal.SIGKILL)
    install.run.wait()
    install.wait(lambda: not install.processes(), 5, "orphans")


def test_ctrl_c_lets_a_running_task_finish(install, tmp_path):
    install.start()
    nap = tmp_path / "nap"
    install.queue("tests.platform.naps.nap", f'{{"path": "{nap}", "seconds": 3}}')
    install.wait(nap.exists, message="the task did not begin")
    assert nap.read_text() == "begun"
    assert install.interrupt() == 0
    assert nap.read_text() == "done"
    assert install.rows("SELECT state FROM core_outboxmessage WHERE handler LIKE '%nap'") == [("done",)]
    assert install.processes() == {}


def test_a_second_ctrl_c_does_not_wait(install, tmp_path):
    install.start()
    nap = tmp_path / "nap"
    install.queue("tests.platform.naps.nap", f'{{"path": "{nap}", "seconds": 45}}')
    install.wait(nap.exists, message="the task did not begin")
    install.run.send_signal(signal.SIGINT)
    install.wait(lambda: "Ctrl-C again" in install.said())
    assert install.interrupt() == 0
    assert install.processes() == {}


@pytest.mark.parametrize("name", ["celery -A config worker", "celery -A config beat", "gunicorn", "broker.sock"])
def test_a_child_that_is_killed_comes_back_and_work_goes_on(install, tmp_path, name):
    install.start()
    victim = install.one(name)
    os.kill(victim, signal.SIGKILL)
    install.wait(lambda: "starting it again" in install.said())
    nap = tmp_path / "nap"
    install.queue("tests.platform.naps.nap", f'{{"path": "{nap}", "seconds": 0}}')
    install.wait(lambda: nap.exists() and nap.read_text() == "done", 30, f"no work is done after {name} was killed")

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return install.ask("/healthz/") == '{"status": "ok"}'
        return False

    install.wait(answers)
    assert install.interrupt() == 0
    assert install.processes() == {}


def test_a_second_run_in_the_same_folder_is_refused(install):
    install.start()
    command = ["./run", "--port", str(free_port())]
    second = subprocess.run(command, cwd=install.root, env=install.environment(), capture_output=True, text=True)
    assert second.returncode == 1
    assert f"already runs in {install.var}" in second.stdout and f":{install.port}/" in second.stdout
    assert install.interrupt() == 0


def refused(install: Install, *words: str, **more: str) -> str:
    environment = install.environment(**more)
    done = subprocess.run(["./run", *words], cwd=install.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert install.processes() == {}
    return done.stdout + done.stderr


def test_a_port_in_use_is_said_plainly(install):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in refused(install, "--port", str(port))


def test_a_bad_setting_is_said_by_name(install):
    assert "BATON_CURRENCY" in refused(install, BATON_CURRENCY="dollars")


def test_a_served_database_without_a_secret_is_refused(install):
    assert "SECRET_KEY" in refused(install, DATABASE_URL="postgres://baton@localhost/baton")


def test_empty_stays_empty_also_on_the_next_start_and_in_a_very_long_path(install, tmp_path):
    var = tmp_path / ("long" * 30) / "var"
    install.start("--empty", BATON_VAR=str(var))
    assert "demo" not in install.said() and "createsuperuser" in install.said()
    assert install.interrupt() == 0
    install.start(BATON_VAR=str(var))
    assert "demo" not in install.said()
    with contextlib.closing(sqlite3.connect(var / "baton.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM team_user").fetchone() == (0,)
    assert install.interrupt() == 0
    assert install.processes() == {}


def test_help_starts_nothing(install):
    done = subprocess.run(
        ["./run", "--help"], cwd=install.root, env=install.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0
    for word in ("--port", "--empty"):
        assert word in done.stdout
