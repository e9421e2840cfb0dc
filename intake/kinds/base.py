"""What the kinds of import have in common: fields with their readers, and the shape of a writer."""

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from intake import rules
from intake.errors import RowProblem
from leads.rules import email_normalise

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"


@dataclass(frozen=True)
class Field:
    """One thing a column can be. ``names``: what files call it, best first; ``type`` says how a cell is read."""

    name: str
    label: str
    type: str = "text"
    limit: int = 200
    names: tuple[str, ...] = ()
    content: str = ""  # what the guess expects in the column: number, unique ...
    repeats: bool = True  # the same cell comes again and again: worth remembering what it means


@dataclass(slots=True)
class Item:
    """One row on its way in; ends with an outcome or a problem."""

    line: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # what makes the row unique
    outcome: str = ""
    problem: RowProblem | None = None


@dataclass
class Context:
    """What a writer may need to know about the run."""

    run: int
    now: datetime
    options: dict[str, Any]
    currency: str
    dry: bool = False
    notes: Counter[str] = field(default_factory=Counter)
    cache: dict[str, Any] = field(default_factory=dict)  # emptied when a chunk was rolled back


Reader = Callable[[str], Any]


def email_read(text: str) -> str:
    """The normalised e-mail of a cell. Raises RowProblem."""
    from core.errors import Refused

    try:
        return email_normalise(text)
    except Refused as refusal:
        raise RowProblem(refusal.message) from None


def reader_of(spec: Field, date_format: str) -> Reader:
    """How a cell of that field becomes a value."""
    if spec.type == "date":
        return lambda text: rules.moment_read(text, date_format or "yyyy-mm-dd")
    simple: dict[str, Reader] = {
        "email": email_read,
        "whole": rules.whole_read,
        "money": rules.money_read,
        "bool": rules.bool_read,
        "year": lambda text: rules.whole_read(text, 2200),
    }
    return simple.get(spec.type) or rules.text_reader(spec.limit)


def key_hash(key: str) -> int:
    """64 bits that stand for a key."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def repeated(line: int) -> RowProblem:
    return RowProblem(f"The same key stands on line {line:,} already; that row was taken.")


def near(text: str, known: Iterable[str]) -> str:
    """' Did you mean X?' when something known is spelt alike, else ''."""
    close = get_close_matches(text, list(known), n=1, cutoff=0.75)
    return f" Did you mean {close[0]!r}?" if close else ""


class Kind(ABC):
    """One kind of import. Stateless: all that a run needs comes with the context."""

    name: str
    label: str
    roles: tuple[str, ...]
    fields: tuple[Field, ...]
    custom = False
    chunk = 1000  # rows in one transaction
    # What it makes remembers the run and the line (and the writer refuses a repeat of it), so that the engine need
    # not keep the keys of those rows.
    remembers = False
    help = ""

    def spec(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)

    @property
    def synonyms(self) -> dict[str, list[str]]:
        return {one.name: [one.name.replace("_", " "), one.label, *one.names] for one in self.fields}

    @property
    def contents(self) -> dict[str, str]:
        kinds = {"whole": "number", "money": "number", "year": "number", "date": "date", "email": "email"}
        return {one.name: one.content or kinds.get(one.type, "") for one in self.fields}

    def mapping_problem(self, targets: set[str]) -> str:
        """What is missing in a mapping, '' when it will do."""
        return ""

    @abstractmethod
    def keys(self, values: dict[str, Any]) -> list[str]:
        """What makes the row unique in the file. Raises RowProblem when the row has nothing of it."""

    @abstractmethod
    def write(self, items: Sequence[Item], context: Context) -> None:
        """Give every item an outcome or a problem; write unless the context says dry. Inside a transaction."""


def differing(known: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values that are not yet so on a model instance."""
    return {name: value for name, value in values.items() if getattr(known, name) != value}
