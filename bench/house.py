"""The running house: broker, one gunicorn worker, one Celery worker; a keep-alive client; memory as PSS."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("BATON_BENCH_PORT", "8230"))


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    direct = [int(one) for one in path.read_text().split()] if path.exists() else []
    return direct + [far for one in direct for far in _children(one)]


def pss(pid: int) -> float:
    """MiB of memory that a process answers for: its own pages, and its part of the shared ones."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cpu(process: "subprocess.Popen[bytes]") -> float:
    """CPU seconds that the workers of a master have used so far: says what a page costs on a busy machine too."""
    spent = 0
    for pid in _children(process.pid):
        spent += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return spent / os.sysconf("SC_CLK_TCK")


def memory(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """PSS of a master and of each of its workers, MiB."""
    children = [round(pss(one), 1) for one in _children(process.pid)]
    own = round(pss(process.pid), 1)
    return {"master": own, "workers": children, "all": round(own + sum(children), 1)}


@contextmanager
def started(name: str, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
    from bench.cluster import folder

    with (folder() / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=ROOT, env=os.environ, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def broker() -> Iterator[None]:
    """A broker of our own, unless REDIS_URL names one."""
    from config import broker as embedded

    server = embedded.find()
    if os.environ.get("REDIS_URL") or server is None:
        yield
        return
    path = embedded.socket_of(Path(os.environ["BATON_VAR"]))
    embedded.make_place(path)
    with started("broker", *embedded.command(server, path)):
        while not path.exists():
            time.sleep(0.05)
        yield


@contextmanager
def web() -> "Iterator[subprocess.Popen[bytes]]":
    """gunicorn with one worker process of eight threads, as config/gunicorn.py has them."""
    os.environ["WEB_CONCURRENCY"] = "1"
    words = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "-b", f"127.0.0.1:{PORT}"]
    with started("web", *words, "--max-requests", "0") as process:
        for _ in range(300):
            try:
                if Client("").get("/healthz")[0] < 500:
                    break
            except OSError:
                time.sleep(0.2)
        yield process


@contextmanager
def worker() -> "Iterator[subprocess.Popen[bytes]]":
    """Celery with two processes and no beat: captures wake it, in a rush twice a second."""
    words = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "-c",
        "2",
        "--without-gossip",
        "--without-mingle",
    ]
    with started("worker", *words) as process:
        end = time.monotonic() + 60
        while len(_children(process.pid)) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(3)
        yield process


class Client:
    """One keep-alive connection."""

    def __init__(self, cookie: str, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        self.headers = {"Cookie": cookie} if cookie else {}
        if token:
            self.headers |= {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        self.connection.request(method, path, body, self.headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read()


def spread(seconds: list[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds."""
    rows = sorted(seconds)
    return {
        "p50": round(rows[len(rows) // 2] * 1000, 2),
        "p95": round(rows[min(len(rows) - 1, int(len(rows) * 0.95))] * 1000, 2),
    }


def load_now() -> float:
    return round(os.getloadavg()[0], 1)
