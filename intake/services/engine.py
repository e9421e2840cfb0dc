"""Running an import: the reader understands the file chunk by chunk, here they are written. Each chunk is one
transaction with its counters, so that a run that is killed goes on after its last chunk; no row is counted twice."""

import gc
import json
import time
import uuid
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from core import bulk
from core.clock import db_now
from core.leases import LeaseLost
from intake.errors import FileProblem, ReaderLost, RowProblem
from intake.kinds import kind_get
from intake.kinds.base import CREATED, Context, Item, Kind, key_hash, repeated
from intake.models import LEASE_SECONDS, ImportIssue, ImportKey, ImportRun
from intake.services import ahead
from intake.services.parser import Chunk, Parser
from leads.rules import json_storable

MAX_ATTEMPTS = 5


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
    with _garbage_rarely():
        return _execute(run, time.monotonic() + seconds if seconds else 0)


def _execute(run: ImportRun, end: float) -> int:
    kind, before = kind_get(run.kind), run.rows_in
    try:
        context = Context(run.pk, db_now(), run.options, settings.CURRENCY, run.dry_run, Counter(run.notes))
        with closing(_chunks(run, kind)) as chunks:  # whatever happens: no reader stays
            for chunk in chunks:
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
    except (FileProblem, ReaderLost, OSError, LookupError, UnicodeError) as problem:
        _finish(run, ImportRun.State.FAILED, f"{type(problem).__name__}: {problem}"[:1000])
    return run.rows_in - before


def _chunks(run: ImportRun, kind: Kind) -> Generator[Chunk, None, None]:
    """The chunks from where the run stands. A reader that was killed is started again after the last one written."""
    lost, stood = 0, run.rows_in
    while True:
        try:
            yield from ahead.chunks(Parser(run, kind), run.size)
            return
        except ReaderLost:
            lost = lost + 1 if run.rows_in == stood else 1
            stood = run.rows_in
            if lost == ahead.TRIES:
                raise


@contextmanager
def _garbage_rarely() -> Iterator[None]:
    """Rows live for a chunk and make no cycles; looking for cycles among them took a third of the reading."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _chunk(run: ImportRun, kind: Kind, chunk: Chunk, context: Context) -> None:
    kept = Counter(context.notes)
    try:
        with transaction.atomic():
            # rows and counters are lost together or not at all, and the end of the run waits for the disk
            bulk.durable_later()
            # before all that writes, so that a second worker waits here and then finds the run moved on
            until = db_now() + timedelta(seconds=LEASE_SECONDS)
            if not _mine(run).update(lease_until=until):
                raise LeaseLost("another worker goes on with this import")
            good = [item for item in chunk.items if item.problem is None]
            first = _first_of_key(good, _lines_before(run, kind, good))
            _write(kind, first, context)
            _keys_keep(run, kind, first)
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


def _remembers(run: ImportRun, kind: Kind) -> bool:
    return kind.remembers and not run.dry_run


def _lines_before(run: ImportRun, kind: Kind, items: list[Item]) -> dict[str, int]:
    """The keys of these rows that the file has brought before, with the line that did."""
    if _remembers(run, kind) and not (run.updated or run.unchanged or run.rejected):
        return {}  # all rows so far were made, and remember it themselves
    hashed = {key_hash(key): key for item in items for key in item.keys}
    known = bulk.where_in(ImportKey.objects.filter(run=run), "key", list(hashed))
    return {hashed[key]: line for key, line in known.values_list("key", "line")}


def _first_of_key(items: list[Item], before: dict[str, int]) -> list[Item]:
    """The items whose keys this file has not brought before; the others are rejected naming the first line."""
    first: list[Item] = []
    for item in items:
        for key in item.keys:
            if key in before:
                item.problem = repeated(before[key])
                break
        else:
            first.append(item)
            for key in item.keys:
                before[key] = item.line
    return first


def _keys_keep(run: ImportRun, kind: Kind, items: list[Item]) -> None:
    kept = [item for item in items if item.outcome != CREATED] if _remembers(run, kind) else items
    rows = [(key_hash(key), item.line) for item in kept for key in item.keys]
    bulk.rows_insert(ImportKey, ["key", "line"], rows, same={"run": run.pk})


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
