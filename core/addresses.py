"""Addresses that a page repeats on many rows. Looking one up costs more than the rest of its row, so each pattern is
looked up once and then filled in."""

from functools import lru_cache

from django.urls import get_script_prefix, get_urlconf, reverse

MARK = 9_070_605_040_302_010


@lru_cache(maxsize=256)
def _pattern(name: str, prefix: str, urlconf: str | None, numbers: int) -> tuple[str, str]:
    before, _, after = reverse(name, args=[MARK] * numbers).partition(str(MARK))
    return before, after


def address(name: str, pk: int) -> str:
    """As ``reverse(name, args=[pk])``, for an address with one number. Raises NoReverseMatch as it does."""
    before, after = _pattern(name, get_script_prefix(), get_urlconf(), 1)
    return f"{before}{pk}{after}"


def page_address(name: str) -> str:
    """As ``reverse(name)``, looked up once."""
    return _pattern(name, get_script_prefix(), get_urlconf(), 0)[0]
