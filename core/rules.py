"""Pure arithmetic of the foundation."""

import unicodedata


def backoff_seconds(attempts: int) -> int:
    """Delay before the next try, in seconds: 5, 10, 20 ... at most one hour. ``attempts`` counts from 1."""
    return int(min(3600, 5 * 2 ** max(0, min(attempts, 20) - 1)))


def whole_read(text: str) -> int | None:
    """The whole number that an address or a form holds, 0 to 10^18 - 1 (what fits a column of keys); None for
    anything else, "²" and signs among it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def name_read(text: str) -> str:
    """A name as it is kept: on one line, with single spaces. Empty when nothing of it would be seen, as of zero-width
    marks: a row without a name is lost in its list."""
    shown = any(unicodedata.category(char)[0] not in "CZM" for char in text)
    return " ".join(text.split()) if shown else ""
