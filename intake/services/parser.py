"""The understanding half of an import: the rows of the file become items, a column at a time. The plan is made from
the database at once; reading then touches it no more, so that another process may do it (``ahead``)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core import csvsafe
from intake.errors import RowProblem
from intake.kinds.base import Item, Kind, reader_of
from intake.models import ImportRun
from intake.reader import Reader, Row
from intake.rules import custom_reader
from leads.models import CustomField

CHUNK_CHARS = 20_000_000  # a chunk of very long rows ends early


@dataclass
class Chunk:
    items: list[Item]
    position: int


@dataclass(frozen=True)
class Column:
    """A column that is taken: its place in the row, its field, or the key of its custom field, and its reader."""

    place: int
    name: str
    custom: str
    read: Callable[[str], Any]


class Parser:
    """Iterate over the chunks of a run from where it stands."""

    def __init__(self, run: ImportRun, kind: Kind) -> None:
        self.kind, self.skip, self.path = kind, run.rows_in, run.full_path
        self.encoding, self.delimiter = run.encoding, run.delimiter
        self.plan = list(_plan(run, kind))
        self.plain = not any(column.custom or column.name == "full_name" for column in self.plan)

    def __iter__(self) -> Iterator[Chunk]:
        with self.path.open("rb") as file:
            reader = Reader(file, self.encoding, self.delimiter)
            rows: list[Row] = []
            chars = 0
            for place, row in enumerate(reader):
                if place < self.skip:
                    continue
                rows.append(row)
                chars += reader.lines.chars
                if len(rows) >= self.kind.chunk or chars > CHUNK_CHARS:
                    yield Chunk(self._items(rows), reader.position)
                    rows, chars = [], 0
            if rows:
                yield Chunk(self._items(rows), reader.position)

    def _items(self, rows: list[Row]) -> list[Item]:
        items = [Item(row.line, row.cells) for row in rows]
        for item, row in zip(items, rows, strict=True):
            if row.problem:
                item.problem = RowProblem(row.problem)
        whole = [item for item in items if item.problem is None]
        for item, values in zip(whole, self._values([item.cells for item in whole]), strict=True):
            if isinstance(values, RowProblem):
                item.problem = values
                continue
            try:
                item.values, item.keys = values, self.kind.keys(values)
            except RowProblem as problem:
                item.problem = problem
        return items

    def _values(self, rows: Sequence[Sequence[str]]) -> Sequence[dict[str, Any] | RowProblem]:
        """What each row says, or the first thing that is wrong with it."""
        if not (rows and self.plan):
            return [{} for _ in rows]
        given = list(zip(*rows, strict=True))
        read = [list(map(column.read, given[column.place])) for column in self.plan]
        names = [column.name for column in self.plan]
        if self.plain and not any(None in cells or RowProblem in set(map(type, cells)) for cells in read):
            return [dict(zip(names, cells, strict=True)) for cells in zip(*read, strict=True)]
        return [self._row(cells) for cells in zip(*read, strict=True)]

    def _row(self, cells: Sequence[Any]) -> dict[str, Any] | RowProblem:
        values: dict[str, Any] = {}
        for column, value in zip(self.plan, cells, strict=True):
            if value is None:
                continue
            if isinstance(value, RowProblem):
                # the readers remember their problems: never change one
                return RowProblem(value.reason, value.field or column.name)
            if column.custom:
                values.setdefault("custom", {})[column.custom] = value
            else:
                values[column.name] = value
        if "full_name" in values:
            _split_name(values)
        return values


def _plan(run: ImportRun, kind: Kind) -> Iterator[Column]:
    types = dict(CustomField.objects.values_list("key", "type"))
    empty = frozenset(run.options.get("empty", []))
    for place, column in enumerate(run.header):
        target = run.mapping.get(column, "")
        if target.startswith("custom:"):
            _, key, type_ = target.split(":")
            type_ = types.get(key, type_)
            # texts of one's own may be long: not kept in memory
            read = cell_reader(custom_reader(type_, run.date_format), empty, repeats=type_ != "text")
            yield Column(place, column, key, read)
        elif target:
            spec = kind.spec(target)
            assert spec is not None  # run_map checked it
            read = cell_reader(reader_of(spec, run.date_format), empty, repeats=spec.repeats)
            yield Column(place, target, "", read)


def cell_reader(read: Callable[[str], Any], empty: frozenset[str], *, repeats: bool = True) -> Callable[[str], Any]:
    """How a cell becomes a value: None when it is empty, the RowProblem when it cannot be read. ``repeats``: remember
    the cells seen last."""

    def cell(text: str) -> Any:
        text = text.strip()
        if not text or text in empty:
            return None
        try:
            return read(cell_plain(text) if text[0] == "'" else text)
        except RowProblem as problem:
            return RowProblem(problem.reason, problem.field)  # remembered: without the frames that the other holds

    return lru_cache(maxsize=8192)(cell) if repeats else cell


def cell_plain(text: str) -> str:
    """The cell as it was before an export made its formula harmless with an apostrophe."""
    return text[1:] if text.startswith("'") and csvsafe.cell(text[1:]) == text else text


def _split_name(values: dict[str, Any]) -> None:
    first, _, last = values.pop("full_name").partition(" ")
    values.setdefault("first_name", first[:80])
    values.setdefault("last_name", last[:80])
