"""The reading half of an import: a thread that turns the file into items, ahead of the writer."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core import csvsafe
from intake.errors import RowProblem
from intake.kinds.base import Item, Kind, reader_of
from intake.models import ImportRun
from intake.reader import Reader
from intake.rules import custom_reader
from leads.models import CustomField


@dataclass
class Chunk:
    items: list[Item]
    position: int


class Parser(threading.Thread):
    """Reads ahead of the writer by at most two chunks. Touches no database."""

    def __init__(self, run: ImportRun, kind: Kind, skip: int) -> None:
        super().__init__(daemon=True)
        self.kind, self.skip = kind, skip
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
        values, name = item.values, ""
        try:
            for place, name, custom, read in self.plan:
                value = read(cells[place])
                if value is None:
                    continue
                if custom:
                    values.setdefault("custom", {})[custom] = value
                else:
                    values[name] = value
            if "full_name" in values:
                _split_name(values)
            item.keys = self.kind.keys(values)
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
    empty = frozenset(run.options.get("empty", []))
    for place, column in enumerate(run.header):
        target = run.mapping.get(column, "")
        if target.startswith("custom:"):
            _, key, type_ = target.split(":")
            type_ = types.get(key, type_)
            # texts of one's own may be long: not kept in memory
            read = cell_reader(custom_reader(type_, run.date_format), empty, repeats=type_ != "text")
            yield place, column, key, read
        elif target:
            spec = kind.spec(target)
            assert spec is not None  # run_map checked it
            yield place, target, "", cell_reader(reader_of(spec, run.date_format), empty, repeats=spec.repeats)


def cell_reader(read: Callable[[str], Any], empty: frozenset[str], *, repeats: bool = True) -> Callable[[str], Any]:
    """How a cell becomes a value, None when it is empty. ``repeats``: remember the cells seen last."""

    def cell(text: str) -> Any:
        text = text.strip()
        if not text or text in empty:
            return None
        return read(cell_plain(text) if text[0] == "'" else text)

    return lru_cache(maxsize=8192)(cell) if repeats else cell


def cell_plain(text: str) -> str:
    """The cell as it was before an export made its formula harmless with an apostrophe."""
    return text[1:] if text.startswith("'") and csvsafe.cell(text[1:]) == text else text


def _split_name(values: dict[str, Any]) -> None:
    first, _, last = values.pop("full_name").partition(" ")
    values.setdefault("first_name", first[:80])
    values.setdefault("last_name", last[:80])
