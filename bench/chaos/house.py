"""The house as production runs it (``config.supervisor`` over broker, web, worker and beat), and who is in it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.place import Place
from core import health
from core.processes import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
# What the command line of each says. The broker may be either server.
WORDS = {"web": ("gunicorn",), "worker": ("celery", "worker"), "beat": ("celery", "beat"), "broker": ("unixsocket",)}


@dataclass(frozen=True)
class One:
    """A process of the house: the one that the supervisor started, or a child of that."""

    pid: int
    age: float


class House:
    """``own_broker``: the broker is a server of its own, as beside a web of several machines, so that it can be gone
    for as long as one likes; the supervisor would start its own again at once."""

    def __init__(self, place: Place, *, own_broker: bool) -> None:
        self.place, self.own_broker = place, own_broker
        self.environment = dict(place.environment)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.broker: subprocess.Popen[bytes] | None = None
        if own_broker:
            from config import broker

            self.environment["REDIS_URL"] = broker.url(place.folder / "own-broker.sock")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place.port}"

    def start(self) -> None:
        if self.own_broker:
            self.broker_start()
        words = [sys.executable, "-m", "config.supervisor", "--empty", "--port", str(self.place.port)]
        log = self.place.folder / "supervisor.log"
        self.supervisor = self._run(words, log, self.environment)
        end = time.monotonic() + START_SECONDS
        while "Baton is ready" not in log.read_text(errors="replace"):
            if self.supervisor.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"The house did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)

    @staticmethod
    def _run(words: list[str], log: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                words,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    # --- the broker, when it is ours -------------------------------------------------------------
    def broker_start(self) -> None:
        from config import broker

        server, path = broker.find(), self.place.folder / "own-broker.sock"
        if server is None:
            raise SystemExit("No broker: install redis-server or valkey-server.")
        path.unlink(missing_ok=True)
        self.broker = self._run(broker.command(server, path), self.place.folder / "broker.log", self.environment)

    def broker_watch(self) -> None:
        """As a supervisor does: it is started again when it died."""
        if self.own_broker and self.broker is not None and self.broker.poll() is not None:
            self.broker_start()

    def broker_stop(self) -> None:
        assert self.broker is not None
        self.broker.kill()
        self.broker.wait()
        self.broker = None

    # --- who is there ----------------------------------------------------------------------------
    def main(self, name: str) -> One | None:
        """The process of that name which the supervisor started; None while there is none."""
        if name == "broker" and self.own_broker:
            return _one(self.broker.pid) if self.broker and self.broker.poll() is None else None
        assert self.supervisor is not None
        for pid in _children(self.supervisor.pid):
            if all(word in _command(pid) for word in WORDS[name]):
                return _one(pid)
        return None

    def well(self, name: str) -> bool:
        """As the supervisor asks it; what an earlier process said is forgotten when the next one starts."""
        if name == "web":
            return health.web_answers(self.place.port, seconds=0.5)
        return name == "broker" or health.age(name) < health.FRESH_SECONDS

    @staticmethod
    def children(one: One) -> list[One]:
        return [found for pid in _children(one.pid) if (found := _one(pid))]

    def stop(self) -> None:
        """Ctrl-C: whoever runs may finish; who does not in a minute is killed."""
        if self.supervisor is not None:
            self.supervisor.send_signal(signal.SIGTERM)
            try:
                self.supervisor.wait(70)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        if self.broker is not None:
            self.broker_stop()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:
        pass
    return found


def _one(pid: int) -> One | None:
    """None when it is gone, or dead and not yet buried."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        up = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return None
    return None if said[0] == "Z" else One(pid, up - int(said[19]) / os.sysconf("SC_CLK_TCK"))
