"""Running an import: one thread reads and understands, this one writes. Each chunk is one transaction with its
counters, so that a run that is killed goes on after its last chunk and no row is counted twice."""

import json
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from core import bulk, csvsafe
from core.clock import db_now
from core.leases import LeaseLost
from intake.errors import FileProblem, RowProblem
from intake.kinds import kind_get
from intake.kinds.base import Context, Item, Kind, key_hash, reader_of
from intake.models import LEASE_SECONDS, ImportIssue, ImportKey, ImportRun
from intake.reader import Reader
from intake.rules import custom_reader
from leads.models import CustomField
from leads.rules import json_storable

MAX_ATTEMPTS = 5


@dataclass
class Chunk:
    items: list[Item]
    position: int


class Parser(threading.Thread):
    """Reads ahead of the writer by at most two chunks. Touches no database."""

    def __init__(self, run: ImportRun, kind: Kind, skip: int) -> None:
        super().__init__(daemon=True)
        self.kind, self.skip = kind, skip
        self.empty = frozenset(run.options.get("empty", []))
        self.plan = list(_plan(run, kind))
        self.file = run.full_path.open("rb")
        self.reader = Reader(self.file, run.encoding, run.delimiter)
        self.queue: queue.Queue[Chunk | Exception | None] = queue.Queue(maxsize=2)
        self.stopped = threading.Event()

    def run(self) -> None:
        try:
            items: list[Item] = []
            for place, row in enumerate(self.reader):
                if place < self.skip:
                    continue
                items.append(self._item(row.line, row.cells, row.problem))
                if len(items) >= self.kind.chunk:
                    self._put(Chunk(items, self.reader.position))
                    items = []
                if self.stopped.is_set():
                    return
            if items:
                self._put(Chunk(items, self.reader.position))
            self._put(None)
        except Exception as error:  # handed to the writer, which fails the run with it
            self._put(error)
        finally:
            self.reader.close()

    def _put(self, chunk: Chunk | Exception | None) -> None:
        while not self.stopped.is_set():
            try:
                self.queue.put(chunk, timeout=0.5)
                return
            except queue.Full:
                continue

    def _item(self, line: int, cells: list[str], problem: str) -> Item:
        item = Item(line, cells)
        if problem:
            item.problem = RowProblem(problem)
            return item
        values, empty, name = item.values, self.empty, ""
        try:
            for place, name, custom, read in self.plan:
                text = cells[place].strip()
                if not text or text in empty:
                    continue
                if text[0] == "'":
                    text = cell_plain(text)
                if custom:
                    values.setdefault("custom", {})[custom] = read(text)
                else:
                    values[name] = read(text)
            if "full_name" in values:
                _split_name(values)
            item.keys = [key_hash(key) for key in self.kind.keys(values)]
        except RowProblem as found:
            # the readers share their problems through a cache: never change one
            item.problem = RowProblem(found.reason, found.field or name)
        return item

    def __iter__(self) -> Iterator[Chunk]:
        self.start()
        try:
            while (chunk := self.queue.get()) is not None:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.stopped.set()
            self.join(timeout=10)


def _plan(run: ImportRun, kind: Kind) -> Iterator[tuple[int, str, str, Any]]:
    """(place, field, custom key, reader) of every column that is taken."""
    types = dict(CustomField.objects.values_list("key", "type"))
    for place, column in enumerate(run.header):
        target = run.mapping.get(column, "")
        if target.startswith("custom:"):
            _, key, type_ = target.split(":")
            yield place, column, key, custom_reader(types.get(key, type_), run.date_format)
        elif target:
            spec = kind.spec(target)
            assert spec is not None  # run_map checked it
            yield place, target, "", reader_of(spec, run.date_format)


def cell_plain(text: str) -> str:
    """The cell as it was before an export made its formula harmless with an apostrophe."""
    return text[1:] if text.startswith("'") and csvsafe.cell(text[1:]) == text else text


def _split_name(values: dict[str, Any]) -> None:
    first, _, last = values.pop("full_name").partition(" ")
    values.setdefault("first_name", first[:80])
    values.setdefault("last_name", last[:80])


def runs_drain(*, seconds: float = 100) -> int:
    """Work on the imports that wait, one after the other; what is not finished in time goes on at the next call."""
    end = time.monotonic() + seconds
    done = 0
    while time.monotonic() < end:
        now = db_now()
        waiting = ImportRun.objects.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        run = waiting.filter(state__in=ImportRun.ACTIVE).order_by("started_at").first()
        if run is None:
            return done
        token = uuid.uuid4()
        mine = waiting.filter(pk=run.pk, state=run.state).update(
            lease_token=token, lease_until=now + timedelta(seconds=LEASE_SECONDS), attempts=F("attempts") + 1
        )
        if not mine:
            continue
        run.refresh_from_db()
        done += run_execute(run, seconds=end - time.monotonic())
    return done


def run_execute(run: ImportRun, *, seconds: float = 0) -> int:
    """Bring the rows in from where the run stands; returns how many. ``seconds``: stop (resumable) after that long.

    The caller holds the run by its ``lease_token`` (or nobody does, on the command line).
    """
    if run.attempts > MAX_ATTEMPTS:
        _finish(run, ImportRun.State.FAILED, "Given up: the same rows broke the import again and again.")
        return 0
    end = time.monotonic() + seconds if seconds else 0
    kind, before = kind_get(run.kind), run.rows_in
    try:
        context = Context(db_now(), run.options, settings.CURRENCY, run.dry_run, Counter(run.notes))
        for chunk in Parser(run, kind, run.rows_in):
            _chunk(run, kind, chunk, context)
            run.refresh_from_db(fields=["cancel_requested"])
            if run.cancel_requested:
                _finish(run, ImportRun.State.CANCELLED)
                return run.rows_in - before
            if end and time.monotonic() > end:
                ImportRun.objects.filter(pk=run.pk, lease_token=run.lease_token).update(lease_until=None)
                return run.rows_in - before
        _finish(run, ImportRun.State.CHECKED if run.dry_run else ImportRun.State.DONE)
    except LeaseLost:
        run.refresh_from_db()
    except (FileProblem, OSError, LookupError, UnicodeError) as problem:
        _finish(run, ImportRun.State.FAILED, f"{type(problem).__name__}: {problem}"[:1000])
    return run.rows_in - before


def _chunk(run: ImportRun, kind: Kind, chunk: Chunk, context: Context) -> None:
    kept = Counter(context.notes)
    try:
        with transaction.atomic():
            # first of all, so that a second worker waits here and then finds the run moved on
            until = db_now() + timedelta(seconds=LEASE_SECONDS)
            if not _mine(run).update(lease_until=until):
                raise LeaseLost("another worker goes on with this import")
            good = [item for item in chunk.items if item.problem is None]
            _write(kind, _first_of_key(run, good), context)
            _account(run, chunk, context)
    except BaseException:
        context.notes, context.cache = kept, {}
        raise


def _write(kind: Kind, items: Sequence[Item], context: Context) -> None:
    """Write the items; when the database refuses them, halve until the one row at fault stands alone."""
    if not items:
        return
    notes = Counter(context.notes)
    try:
        with transaction.atomic():
            kind.write(items, context)
    except (IntegrityError, DataError) as error:
        context.notes, context.cache = notes, {}
        if len(items) == 1:
            items[0].problem = RowProblem(f"The database refused the row: {str(error).splitlines()[0]}")
            return
        for item in items:
            item.outcome, item.problem = "", None
        half = len(items) // 2
        _write(kind, items[:half], context)
        _write(kind, items[half:], context)


def _first_of_key(run: ImportRun, items: list[Item]) -> list[Item]:
    """The items whose keys this file has not brought before; the others are rejected naming the first line."""
    every = [key for item in items for key in item.keys]
    known = bulk.where_in(ImportKey.objects.filter(run=run), "key", every)
    seen: dict[int, int] = dict(known.values_list("key", "line"))
    fresh: list[tuple[int, int, int]] = []
    first: list[Item] = []
    for item in items:
        line = next((seen[key] for key in item.keys if key in seen), None)
        if line is not None:
            item.problem = RowProblem(f"The same key stands on line {line:,} already; that row was taken.")
            continue
        first.append(item)
        for key in item.keys:
            seen[key] = item.line
            fresh.append((run.pk, key, item.line))
    bulk.rows_insert(ImportKey, ["run", "key", "line"], fresh)
    return first


def _mine(run: ImportRun) -> QuerySet[ImportRun]:
    """The run, only while it is ours and stands where we left it."""
    return ImportRun.objects.filter(pk=run.pk, rows_in=run.rows_in, lease_token=run.lease_token, state=run.state)


def _account(run: ImportRun, chunk: Chunk, context: Context) -> None:
    """Count every row of the chunk and keep the rejected ones."""
    outcomes = Counter("rejected" if item.problem else item.outcome for item in chunk.items)
    bad = [item for item in chunk.items if item.problem]
    names = ["run", "line", "field", "reason", "excerpt", "row"]
    bulk.rows_insert(ImportIssue, names, [_issue(run, item) for item in bad])
    counters = {name: getattr(run, name) + outcomes[name] for name in ("created", "updated", "unchanged", "rejected")}
    changes = {**counters, "rows_in": run.rows_in + len(chunk.items), "bytes_done": chunk.position}
    changes |= {"notes": dict(context.notes), "attempts": 0}
    _mine(run).update(**changes)
    for name, value in changes.items():
        setattr(run, name, value)


def _issue(run: ImportRun, item: Item) -> tuple[Any, ...]:
    assert item.problem is not None
    cells = json_storable(item.cells)
    excerpt = ", ".join(cell for cell in cells if cell)[:300]
    row = cells if sum(map(len, cells)) < 20_000 else []
    return (
        run.pk,
        item.line,
        json_storable(item.problem.field),
        json_storable(item.problem.reason),
        excerpt,
        json.dumps(row),
    )


def _finish(run: ImportRun, state: str, error: str = "") -> None:
    changes: dict[str, Any] = {"state": state, "error": error, "finished_at": db_now()}
    changes |= {"lease_until": None, "lease_token": None}
    if state == ImportRun.State.CHECKED:
        changes["checked"] = {**run.counters, "notes": run.notes}
    ImportRun.objects.filter(pk=run.pk, lease_token=run.lease_token).update(**changes)
    ImportKey.objects.filter(run=run).delete()
    run.refresh_from_db()
