"""A large file is read by a process of its own: the same report, no row lost when it dies, nothing left behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from intake.kinds import KINDS
from intake.models import ImportRun
from intake.services import ahead, run_cancel, run_create, run_map, run_start, runs_drain
from intake.services import engine as engine_module
from intake.services.parser import Parser
from leads.models import Lead
from tests.intake.conftest import counts

ROWS, CHUNK = 1000, 50
pytestmark = pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="needs Linux's /proc to look around")


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ahead, "LARGE", 0)
    monkeypatch.setattr(type(KINDS["leads"]), "chunk", CHUNK)
    yield
    assert _readers() == []


@pytest.fixture
def started(db: Any, tmp_path: Path) -> ImportRun:
    path = tmp_path / "many.csv"
    lines = [f"p{n}@example.com,P{n}" if n % 7 else f"bad{n},P{n}" for n in range(ROWS)]
    path.write_text("Email,First name\n" + "\n".join(lines) + "\n")
    run, _, _ = run_create(kind="leads", by=None, path=path)
    run_map(run, mapping=run.mapping)
    run_start(run)
    return run


def _readers(of: int | None = None) -> list[int]:
    """The processes that a process has started, and that still are."""
    text = "".join(path.read_text() for path in Path(f"/proc/{of or os.getpid()}/task").glob("*/children"))
    return [pid for pid in map(int, text.split()) if (of or _is_python(pid))]


def _is_python(pid: int) -> bool:
    try:  # a fork of this test, not a server that the tests have started
        return Path(f"/proc/{pid}/cmdline").read_bytes() == Path("/proc/self/cmdline").read_bytes()
    except OSError:
        return False


def _kill_after(monkeypatch: pytest.MonkeyPatch, chunks: Callable[[int], bool]) -> None:
    """SIGKILL the reader after the chunks of which ``chunks`` says so."""
    whole, calls = engine_module._account, []

    def account(*args: Any) -> None:
        whole(*args)
        calls.append(1)
        if chunks(len(calls)):
            for pid in _readers():
                os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(engine_module, "_account", account)


def test_the_report_is_the_same_as_without_a_process(
    bring: Callable[..., ImportRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"p{n}@example.com,Ann Smith,{n},2026-01-0{n % 9 + 1}" for n in range(200)]
    rows[10], rows[60], rows[110] = "nobody,Ann,1,2026-01-01", "p1@example.com,Ann,1,2026-01-01", "p1@x.example"
    rows[150], rows[160] = "a@x.example,Ann,many,2026-01-01", "b@x.example,Ann,1,01.01.2026"
    rows[170], rows[180] = "c@x.example,A\0n,1,2026-01-01", '"d@x.example,Ann,1,2026-01-01'
    text = "Email,Full name,Employees,Created\n" + "\n".join(rows) + "\n"
    apart = bring("leads", text, dry=True, date_format="yyyy-mm-dd")
    monkeypatch.setattr(ahead, "LARGE", 1 << 40)
    here = bring("leads", text, dry=True, date_format="yyyy-mm-dd")
    assert counts(apart) == counts(here) == (193, 0, 0, 7)
    said = [list(run.issues.order_by("line").values_list("line", "field", "reason", "row")) for run in (apart, here)]
    assert said[0] == said[1]
    assert apart.bytes_done == here.bytes_done == len(text.encode())


def test_a_reader_that_is_killed_is_started_again_and_no_row_comes_twice(
    started: ImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kill_after(monkeypatch, lambda number: number in (1, 5, 6, 7, 8, 12))
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.DONE
    assert (started.rows_in, started.created, started.rejected) == (1000, 857, 143)
    assert Lead.objects.count() == 857
    assert started.issues.count() == 143


def test_a_reader_that_never_brings_a_chunk_ends_the_run_with_a_clear_word(
    started: ImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: Parser) -> Iterator[Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield

    monkeypatch.setattr(Parser, "__iter__", dies)
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.FAILED
    assert "The process that reads the file was killed" in started.error
    assert Lead.objects.count() == started.rows_in == 0


def test_a_file_that_went_away_is_named(started: ImportRun) -> None:
    started.full_path.unlink()
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.FAILED
    assert "FileNotFoundError" in started.error


def test_no_reader_stays_when_the_run_is_cancelled_or_pauses(started: ImportRun) -> None:
    runs_drain(seconds=0.001)
    assert _readers() == []
    run_cancel(started)
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.CANCELLED
    assert 0 < Lead.objects.count() == started.created < 857


def test_no_reader_outlives_a_writer_that_is_killed(started: ImportRun) -> None:
    parser = Parser(started, KINDS["leads"])
    writer = os.fork()
    if writer == 0:
        chunks = ahead.chunks(parser, started.size)
        next(chunks)
        time.sleep(60)  # never done with its chunk
        os._exit(0)
    readers: list[int] = []
    _until(lambda: bool(readers.extend(_readers(writer)) or readers))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    _until(lambda: all(_gone(pid) for pid in readers))


def test_the_reader_is_ahead_by_little_however_large_the_file(started: ImportRun) -> None:
    with started.full_path.open("a") as file:
        file.writelines(f"more{n}@example.com,{'x' * 70}\n" for n in range(50_000))
    chunks = ahead.chunks(Parser(started, KINDS["leads"]), started.size)
    next(chunks)
    (reader,) = _readers()
    seen = [-1, _place(reader, started.full_path)]
    while seen[-1] != seen[-2]:
        time.sleep(0.3)
        seen.append(_place(reader, started.full_path))
    # as much as the pipe holds, and the chunk that does not go in any more
    assert 0 < seen[-1] < 300_000 < started.full_path.stat().st_size / 10
    chunks.close()


def _place(pid: int, path: Path) -> int:
    """How far a process has read into a file."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        if os.readlink(link) == str(path):
            return int(Path(f"/proc/{pid}/fdinfo/{link.name}").read_text().split()[1])
    return 0


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)
