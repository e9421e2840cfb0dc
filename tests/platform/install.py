"""An install of Baton in a copy of the tree, started with ``./run`` as a newcomer does."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from config import broker
from tests.guard import house
from tests.machinery.stack import free_port
from tests.machinery.stages import clean_environment


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
        while "Ctrl-C stops." not in self.said():  # the last of what it says when all is healthy
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
