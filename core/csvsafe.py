"""CSV that no spreadsheet runs. People's text may begin like a formula; then it gets an apostrophe before it."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

BOM = "\ufeff"
_STARTS = frozenset("=+-@")
# What looks like these to a spreadsheet: full-width and small forms fold to them under NFKC, these do not.
_LOOKALIKES = frozenset("\u2212\u02d7\u207a\u207b\u208a\u208b")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?\Z", re.ASCII)


def cell(value: Any) -> str:
    """One value as text for a CSV cell. Numbers stay numbers; text that a spreadsheet would run is quoted with '.

    Dangerous is text whose first character after any blanks, controls or invisible characters is =, +, - or @
    (also in their full-width, small and superscript forms), and text that begins with a tab or a line break.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = str(value)
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    if not text or _NUMBER.match(text):
        return False
    if text[0] in "\t\r\n":
        return True
    for char in text:
        # Z: spaces and separators; C: controls, zero-width and byte-order marks; Mn: bare combining marks
        if unicodedata.category(char)[0] in "ZC" or unicodedata.category(char) == "Mn":
            continue
        return char in _LOOKALIKES or unicodedata.normalize("NFKC", char)[:1] in _STARTS
    return False


class _Echo:
    def write(self, line: str) -> str:
        return line


def lines(rows: Iterable[Iterable[Any]], *, bom: bool = False) -> Iterator[str]:
    """The rows as CSV lines, one at a time, for a streaming response. Every cell goes through ``cell``."""
    writer = csv.writer(_Echo())
    if bom:
        yield BOM
    for row in rows:
        yield writer.writerow([cell(value) for value in row])
