"""Reading one cell: dates in a stated format, numbers, yes or no. Pure."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any


class RowProblem(Exception):
    """One row cannot be taken. ``field`` is the column or field at fault."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason, self.field = reason[:400], field[:80]


# Stated format -> (strptime pattern, how people write the first of February 2026)
DATE_FORMATS: dict[str, tuple[str, str]] = {
    "yyyy-mm-dd": ("%Y-%m-%d", "2026-02-01"),
    "dd-mm-yyyy": ("%d-%m-%Y", "01-02-2026"),
    "mm-dd-yyyy": ("%m-%d-%Y", "02-01-2026"),
    "dd/mm/yyyy": ("%d/%m/%Y", "01/02/2026"),
    "mm/dd/yyyy": ("%m/%d/%Y", "02/01/2026"),
    "yyyy/mm/dd": ("%Y/%m/%d", "2026/02/01"),
    "dd.mm.yyyy": ("%d.%m.%Y", "01.02.2026"),
    "iso": ("", "2026-02-01T14:30:00Z"),
}
YES = frozenset({"yes", "y", "true", "t", "1", "on", "x"})
NO = frozenset({"no", "n", "false", "f", "0", "off"})
EMPTY_WORDS = frozenset({"null", "n/a", "#n/a", "nan", "none", "nil", "select", "(null)", "-", "--"})
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?\Z")
_COMMAS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")
_DOTS = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+\Z")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d{1,2}\Z")
_MONEY = str.maketrans("", "", "$€£¥ \u00a0\u202f'")
NOON = time(12, tzinfo=UTC)


@lru_cache(maxsize=8192)
def moment_read(text: str, format_: str) -> datetime:
    """A cell as a moment. A date alone stands at noon UTC: the same date wherever it is read.

    Raises RowProblem when it does not follow the stated format, or is no real date.
    """
    pattern, example = DATE_FORMATS[format_]
    try:
        if not pattern:
            found = datetime.fromisoformat(text)
            if len(text) == 10:
                return datetime.combine(found.date(), NOON)
            moment = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        else:
            moment = datetime.combine(datetime.strptime(text, pattern).date(), NOON)
    except (ValueError, OverflowError):
        raise RowProblem(f"{text[:40]!r} is not a date of the form {format_} (such as {example}).") from None
    if not 1900 <= moment.year <= 2200:
        raise RowProblem(f"{text[:40]!r} is not a year from 1900 to 2200.")
    return moment


def date_formats_of(values: Sequence[str]) -> list[str]:
    """The formats that fit every value, best first. More than one with different readings must be asked."""
    seen = [value for value in dict.fromkeys(values) if value][:2000]
    return [name for name in DATE_FORMATS if seen and all(_fits(value, name) for value in seen)]


def _fits(value: str, format_: str) -> bool:
    try:
        moment_read(value, format_)
    except RowProblem:
        return False
    return True


def number_read(text: str) -> Decimal:
    """1054, 1,054.50, $1,054, 1.054,50 or 1054,5. Raises RowProblem for the rest."""
    bare = text.translate(_MONEY)
    if _PLAIN.match(bare):
        pass
    elif _COMMAS.match(bare):
        bare = bare.replace(",", "")
    elif _DOTS.match(bare) or _DECIMAL_COMMA.match(bare):
        bare = bare.replace(".", "").replace(",", ".")
    else:
        raise RowProblem(f"{text[:40]!r} is not a number.")
    if len(bare) > 20:
        raise RowProblem(f"{text[:40]!r} is out of range.")
    return Decimal(bare)


def whole_read(text: str, top: int = 2_000_000_000) -> int:
    """A whole number from 0 to ``top``."""
    number = number_read(text)
    if number != int(number) or not 0 <= number <= top:
        raise RowProblem(f"{text[:40]!r} is not a whole number from 0 to {top:,}.")
    return int(number)


def money_read(text: str) -> Decimal:
    """An amount, not negative, to the cent."""
    number = number_read(text)
    if not 0 <= number < Decimal(10) ** 12:
        raise RowProblem(f"{text[:40]!r} is not an amount from 0 to 999,999,999,999.")
    return number.quantize(Decimal("0.01"))


def bool_read(text: str) -> bool:
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise RowProblem(f"{text[:40]!r} is neither yes nor no.")


def text_reader(limit: int) -> Callable[[str], str]:
    """One line of text of at most ``limit`` characters; line breaks become spaces."""

    def read(text: str) -> str:
        if not text.isprintable():
            text = " ".join(text.split())
            text = "".join(c for c in text if c >= " " and not "\x7f" <= c <= "\x9f")
        if len(text) > limit:
            raise RowProblem(f"At most {limit} characters; this has {len(text)}.")
        return text

    return read


def json_number(text: str) -> int | float:
    """A number as JSON keeps it."""
    number = number_read(text)
    return int(number) if number == int(number) else float(number)


def custom_reader(type_: str, format_: str) -> Callable[[str], Any]:
    """How a cell becomes the value of a custom field of that type."""
    if type_ == "number":
        return json_number
    if type_ == "bool":
        return bool_read
    if type_ == "date":
        return lambda text: moment_read(text, format_ or "yyyy-mm-dd").date().isoformat()
    return text_reader(4000)


def key_fold(text: str) -> str:
    """Names that differ only in case, spaces and punctuation are the same: 'GTX Pro' and 'GTXPro'."""
    return "".join(c for c in text.casefold() if c.isalnum())


def same_day(known: datetime | None, given: datetime | None) -> bool:
    """The same moment, or the same date where the file gives only a date."""
    if known is None or given is None:
        return known is given
    return known == given or (given.timetz() == NOON and known.astimezone(UTC).date() == given.date())


def not_ahead(moment: datetime, now: datetime) -> datetime:
    """A date of today stands at noon, which may not have come yet: then it is now. Raises RowProblem for later."""
    if moment.date() > now.date():
        raise RowProblem(f"{date.isoformat(moment.date())} lies in the future.")
    return min(moment, now)
