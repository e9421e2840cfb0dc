"""The programs that the supervisor runs. Each is killed by the kernel when the supervisor is (Linux)."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from core import health
from core.processes import die_with_parent

LOG_BYTES = 10_000_000


class Failed(Exception):
    """Cannot go on; the message says why."""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def run_to_end(command: list[str], environment: dict[str, str]) -> str:
    """What the command printed. Raises Failed with that when it fails; it is killed when we are interrupted."""
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    try:
        said, _ = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise Failed(f"{' '.join(command[1:])} failed:\n{said}")
    return said


class Child:
    """One program that is to run as long as we do."""

    def __init__(self, name: str, command: list[str], well: Callable[[], bool], environment: dict[str, str]) -> None:
        self.name, self.command, self.well, self.environment = name, command, well, environment
        self.log = Path(settings.VAR_DIR) / "log" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths, self.start_at, self.was_well = 0, 0.0, False

    def start(self) -> None:
        health.forget(self.name)
        self.log.parent.mkdir(exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us alone; we pass it on in order
                preexec_fn=die_with_parent(signal.SIGTERM if self.name in ("broker", "beat") else signal.SIGKILL),
            )
        self.was_well = False

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look(self) -> None:
        """Start it again if it died: at once when it had been well since its start, because then it will be so
        again; after 1, 2, 4 ... 30 seconds when it dies before that again and again."""
        if self.running:
            self.was_well = self.was_well or self.well()
            return
        if self.process is not None:
            self.deaths = 1 if self.was_well else self.deaths + 1
            self.start_at = time.monotonic() + (0 if self.deaths == 1 else min(30, 2 ** (self.deaths - 2)))
            say(f"{self.name} ended (code {self.process.returncode}); starting it again. See {self.log}")
            self.process = None
        if time.monotonic() >= self.start_at:
            self.start()

    def signal(self, number: int, *, group: bool = False) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.process.pid, number)

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-12:])
