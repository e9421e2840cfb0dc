"""The sender's own book: a line before each try and one for each answer. It knows nothing of Baton's database."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCEPTED = {200, 201, 202, 302}  # a form answers with the way to its thanks


@dataclass
class Promise:
    """One capture: what was sent, and what the answers were. ``status`` 0 is a try without an answer."""

    key: str
    door: str
    email: str
    demo: bool
    answers: list[int] = field(default_factory=list)
    at: float = 0.0  # of the last answer

    @property
    def accepted(self) -> bool:
        return any(one in ACCEPTED for one in self.answers)

    @property
    def retried(self) -> bool:
        return len(self.answers) > 1


class Book:
    """Writing. Each line is flushed to the file before anything is sent."""

    def __init__(self, path: Path) -> None:
        self._file, self._lock = path.open("a", buffering=1), threading.Lock()

    def meant(self, key: str, door: str, email: str, demo: bool) -> None:
        self._write({"key": key, "door": door, "email": email, "demo": demo})

    def answered(self, key: str, status: int) -> None:
        self._write({"key": key, "status": status, "at": time.time()})

    def _write(self, row: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(row) + "\n")


def read(path: Path) -> dict[str, Promise]:
    """All promises by key."""
    found: dict[str, Promise] = {}
    for row in _rows(path):
        if "door" in row:
            found[row["key"]] = Promise(row["key"], row["door"], row["email"], row["demo"])
        else:
            one = found[row["key"]]
            one.answers.append(row["status"])
            one.at = row["at"]
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        for line in file:
            if line.endswith("\n"):  # the last one may be half written
                yield json.loads(line)
