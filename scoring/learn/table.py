"""What is learned from: one row a closed outcome, one column a fact as it was known before the outcome. Pure."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from core.errors import Refused

YES = frozenset({"1", "yes", "true", "y", "won", "converted", "1.0"})
NO = frozenset({"0", "no", "false", "n", "lost", "rejected", "not converted", "0.0"})
DATES = ("%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d")


class Kind(Enum):
    NUMBER = "number"
    CATEGORY = "category"  # values are text
    COUNT = "count"  # how often something was done: never unknown
    KNOWN = "known"  # only whether there is a value: "known" or None
    PAIR = "pair"  # two facts together: a pair of values


RANGED = (Kind.NUMBER, Kind.COUNT)


class Unseen(Enum):
    """What a value was at that time cannot be told: it speaks neither for nor against."""

    UNSEEN = 0


UNSEEN = Unseen.UNSEEN


@dataclass(frozen=True)
class Column:
    """One input. Values are numbers or text by ``kind``, None where it was known to be empty, UNSEEN."""

    name: str
    kind: Kind
    values: Sequence[Any]
    fact: str = ""  # what the condition language calls it; did:<kind> for a deed


@dataclass
class Table:
    columns: list[Column]
    wins: list[bool]
    moments: list[datetime] | None = None
    left_out: dict[str, str] = field(default_factory=dict)  # name -> why

    def __len__(self) -> int:
        return len(self.wins)

    def rows(self, index: Sequence[int]) -> "Table":
        """Only these rows, in this order."""
        columns = [replace(one, values=[one.values[i] for i in index]) for one in self.columns]
        moments = [self.moments[i] for i in index] if self.moments else None
        return Table(columns, [self.wins[i] for i in index], moments, self.left_out)

    def without(self, reasons: dict[str, str]) -> "Table":
        """Without these columns; why is kept."""
        columns = [one for one in self.columns if one.name not in reasons]
        return Table(columns, self.wins, self.moments, {**self.left_out, **reasons})


def excluded(name: str, patterns: Iterable[str]) -> bool:
    """Whether a column was named in the exclusions; ``Asymmetrique*`` names all that begin so, in any case."""
    return any(fnmatchcase(name.lower(), pattern.strip().lower()) for pattern in patterns)


def table_read(path: Path, *, label: str, date: str = "", exclude: Sequence[str] = ()) -> Table:
    """A CSV file with a header as a table. Columns in which every value is a number are numbers, others categories.

    Raises Refused when a named column is not there, when the label is not yes or no, or a date cannot be read.
    """
    header, cells = _cells(path)
    place = {name: index for index, name in enumerate(header)}
    _named(header, label, date, exclude)
    outcomes = [_yes_or_no(row[place[label]], label, line) for line, row in enumerate(cells, 2)]
    moments = _moments([row[place[date]] for row in cells], date) if date else None
    named = {name: "excluded by name" for name in header if excluded(name, exclude)}
    columns = [
        column_of(name, [row[place[name]] for row in cells])
        for name in header
        if name not in {label, date} and name not in named
    ]
    return Table(columns, outcomes, moments, named)


def _cells(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Refused(f"Cannot read {path}: {error.strerror}.", field="file") from None
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = text.decode("cp1252", "replace")
    rows = list(csv.reader(decoded.replace("\x00", "").splitlines(keepends=True)))
    if len(rows) < 2:
        raise Refused("The file has a header and rows, or nothing can be learned from it.", field="file")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) != len(header):
        raise Refused("Two columns of the file have the same name.", field="file")
    cells = [[cell.strip() for cell in row] for row in rows[1:] if row]
    for line, row in enumerate(cells, 2):
        if len(row) != len(header):
            raise Refused(f"Row {line} has {len(row)} cells, the header {len(header)}.", field="file")
    return header, cells


def _named(header: Sequence[str], label: str, date: str, exclude: Sequence[str]) -> None:
    for name, what in ((label, "label"), (date, "date")):
        if name and name not in header:
            raise Refused(f"No column '{name}' in the file. It has: {', '.join(header)}.", field=what)
    for pattern in exclude:
        if not any(excluded(name, [pattern]) for name in header):
            raise Refused(f"No column '{pattern}' to exclude. The file has: {', '.join(header)}.", field="exclude")


def _yes_or_no(text: str, label: str, line: int) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise Refused(f"Row {line}: '{text[:40]}' in '{label}' is neither yes nor no.", field="label")
    return word in YES


def _moments(texts: Sequence[str], name: str) -> list[datetime]:
    """All dates by the one format that reads them all."""
    readers = [datetime.fromisoformat, *(lambda text, f=form: datetime.strptime(text, f) for form in DATES)]
    for read in readers:
        try:
            found = [read(text) for text in texts]
        except ValueError:
            continue
        return [one.astimezone(UTC) if one.tzinfo else one.replace(tzinfo=UTC) for one in found]
    raise Refused(f"The dates in '{name}' cannot all be read in one way. Use 2026-03-31.", field="date")


def column_of(name: str, texts: Sequence[str], fact: str = "") -> Column:
    """A column of texts: numbers when every value is one and there are more than ten, otherwise categories."""
    numbers = [_number(text) for text in texts]
    known = {text for text in texts if text}
    numeric = len(known) > 10 and all(number is not None for number, text in zip(numbers, texts, strict=True) if text)
    if numeric:
        return Column(name, Kind.NUMBER, numbers, fact or f"custom.{key_of(name)}")
    return Column(name, Kind.CATEGORY, [text or None for text in texts], fact or f"custom.{key_of(name)}")


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?", text):
        return None
    return float(text)


def key_of(name: str) -> str:
    """A column's name as the key of a custom field, as an import makes it."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60].strip("_") or "column"
