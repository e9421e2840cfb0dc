"""``./run``: one small supervisor over broker, web, worker and beat.

It starts them, waits until each is well, restarts one that dies, and on Ctrl-C lets running tasks finish before it
stops the broker. Each child is killed by the kernel when the supervisor itself is killed (Linux).
"""

import argparse
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import broker
from config.children import Child, Failed, run_to_end, say
from config.preparing import Preparing
from core import health

DEFAULT_PORT = 8000
START_SECONDS = 60
FINISH_SECONDS = 60  # how long running tasks and requests may take to finish on Ctrl-C


class Stop(Exception):
    """The person, or the system, asked us to stop."""


class Supervisor:
    def __init__(self, port: int) -> None:
        self.port = port
        self.children: list[Child] = []
        self.environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        self.environment.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
        self.asked_to_stop = 0

    def hear(self, *_: object) -> None:
        self.asked_to_stop += 1
        if self.asked_to_stop == 1:
            raise Stop

    def manage(self, *words: str) -> str:
        return run_to_end([sys.executable, "manage.py", *words], self.environment)

    def add(self, name: str, command: list[str], well: Callable[[], bool]) -> None:
        self.children.append(Child(name, command, well, self.environment))

    def plan(self) -> None:
        python, var = sys.executable, Path(settings.VAR_DIR)
        if not self.environment.get("REDIS_URL"):
            server, path = broker.find(), broker.socket_of(var)
            if server is None:
                raise Failed("No broker: set REDIS_URL, or install redis-server or valkey-server.")
            broker.make_place(path)
            self.add("broker", broker.command(server, path), lambda: broker.answers(path))
        gunicorn = [python, "-m", "gunicorn", "-c", "python:config.gunicorn", "-b", f"127.0.0.1:{self.port}"]
        self.add("web", gunicorn, lambda: health.web_answers(self.port))
        celery = [python, "-m", "celery", "-A", "config"]
        worker = ["worker", "-c", "2", "-n", f"baton-{os.getpid()}@%h", "--without-gossip", "--without-mingle"]
        self.add("worker", [*celery, *worker], lambda: health.age("worker") < health.FRESH_SECONDS)
        beat = ["beat", "--schedule", str(var / "run" / "beat-schedule"), "--pidfile", ""]
        self.add("beat", [*celery, *beat], lambda: health.age("beat") < health.FRESH_SECONDS)

    def start(self) -> None:
        """Start all and wait until each is well. Raises Failed with the last words of the one that is not."""
        end = time.monotonic() + START_SECONDS
        for child in self.children:
            child.start()
            while child.name == "broker" and child.running and not child.well():
                time.sleep(0.01)
        waiting = list(self.children)
        while waiting := [child for child in waiting if not child.well()]:
            for child in waiting:
                if not child.running or time.monotonic() > end:
                    raise Failed(
                        f"{child.name} did not start. Its last words, from {child.log}:\n{child.last_words()}"
                    )
            time.sleep(0.05)

    def watch(self) -> None:
        while True:
            for child in self.children:
                child.look()
            time.sleep(0.25)

    def finish(self) -> None:
        """Let everything finish what it does; the broker last. A second Ctrl-C does not wait."""
        brokers = [child for child in self.children if child.name == "broker"]
        for group in ([child for child in self.children if child not in brokers], brokers):
            end = time.monotonic() + FINISH_SECONDS
            for child in group:
                child.signal(signal.SIGTERM)
            while any(child.running for child in group) and time.monotonic() < end and self.asked_to_stop < 2:
                time.sleep(0.05)
            for child in group:
                child.signal(signal.SIGKILL, group=True)
                if child.process:
                    child.process.wait()


def free_port(asked: int | None) -> int:
    """The port asked for, or the first free one from 8000 on. Raises Failed when the one asked for is in use."""
    for port in [asked] if asked else range(DEFAULT_PORT, DEFAULT_PORT + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise Failed(
        f"Port {asked} is in use: choose another with --port." if asked else "No free port from 8000 to 8019."
    )


def lock(var: Path) -> IO[str]:
    """Held while we live. Raises Failed when another ./run works in the same folder."""
    (var / "run").mkdir(parents=True, exist_ok=True)
    file = (var / "run" / "supervisor").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise Failed(f"Baton already runs in {var}: {file.read().strip()}") from None
    file.truncate(0)
    return file


def run(options: argparse.Namespace) -> None:
    began = time.monotonic()
    held = lock(Path(settings.VAR_DIR))
    supervisor = Supervisor(free_port(options.port))
    signal.signal(signal.SIGINT, supervisor.hear)
    signal.signal(signal.SIGTERM, supervisor.hear)
    signal.signal(signal.SIGHUP, supervisor.hear)
    address = f"http://127.0.0.1:{supervisor.port}/"
    held.write(address)
    held.flush()
    try:
        preparing = Preparing(supervisor.manage, say)
        preparing.everything(empty=options.empty)
        supervisor.plan()
        supervisor.start()
        say(f"\nBaton is ready after {time.monotonic() - began:.1f} s: {address}")
        if preparing.logins.exists() and settings.DEMO_ALLOWED:
            say(f"The demo company is in. Sign in as:\n{preparing.logins.read_text().rstrip()}")
        else:
            say("Sign in there; in an empty Baton the first visit makes the administrator.")
        say(f"Logs are in {Path(settings.VAR_DIR) / 'log'}. Ctrl-C stops.")
        supervisor.watch()
    except Stop:
        say("\nFinishing what runs ... (Ctrl-C again: stop now)")
    finally:
        supervisor.finish()
    say("Stopped.")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    parser = argparse.ArgumentParser(prog="./run", description="Start Baton: broker, web, worker and beat.")
    parser.add_argument("--port", type=int, help="the web server's port; without it 8000, or the next free one")
    parser.add_argument("--empty", action="store_true", help="do not load the demo company on the first start")
    options = parser.parse_args()
    try:
        run(options)
    except (Failed, ImproperlyConfigured, PermissionError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
