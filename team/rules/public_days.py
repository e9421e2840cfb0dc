"""Public holidays by country and region, from the library ``holidays``: computed here, nothing is asked anywhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from core.errors import Refused

_SMALL = {"And": "and", "Of": "of", "The": "the", "Da": "da"}


def _library() -> Any:
    # Loaded when somebody has a country: many processes never ask.
    import holidays

    return holidays


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """Code ('DE') -> name, by name: the countries whose public holidays are known."""
    from holidays.registry import COUNTRIES

    found = {entry[1]: _spaced(entry[0]) for entry in COUNTRIES.values()}
    return MappingProxyType(dict(sorted(found.items(), key=lambda one: one[1])))


def _spaced(name: str) -> str:
    """'UnitedStates' -> 'United States'."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=DR)(?=C)", " ", name).split()
    return " ".join(_SMALL.get(word, word) for word in words)


@lru_cache(maxsize=300)
def regions(country: str) -> Mapping[str, str]:
    """Code ('BE') -> name of the regions of a country that have holidays of their own; none for an unknown one."""
    if country not in countries():
        return MappingProxyType({})
    place: Any = getattr(_library(), country)
    named = {code: name for name, code in getattr(place, "subdivisions_aliases", {}).items()}
    found = {code: named.get(code, code) for code in place.subdivisions}
    return MappingProxyType(dict(sorted(found.items(), key=lambda one: one[1])))


@lru_cache(maxsize=1)
def places() -> tuple[tuple[str, str], ...]:
    """Every country and region as choices: ('DE', 'Germany'), ('DE:BE', 'Germany, Berlin')."""
    found: list[tuple[str, str]] = []
    for code, name in countries().items():
        found.append((code, name))
        found += [(f"{code}:{region}", f"{name}, {said}") for region, said in regions(code).items()]
    return tuple(found)


def place_name(country: str, region: str) -> str:
    """'Germany, Berlin'; '' without a country."""
    named = [countries().get(country, country), regions(country).get(region, region)]
    return ", ".join(part for part in named if part)


@lru_cache(maxsize=4_000)
def holidays_of(country: str, region: str, year: int) -> Mapping[date, str]:
    """Date -> name of the public holidays of a year, in order. None for a country or region that is unknown."""
    if country not in countries() or (region and region not in regions(country)):
        return MappingProxyType({})
    found = _library().country_holidays(
        country, subdiv=region or None, years=year, expand=False, observed=True, language="en_US"
    )
    return MappingProxyType(dict(sorted(found.items())))


def country_check(country: str, region: str) -> None:
    """Raises Refused for a country whose holidays are not known, or a region that is not its own."""
    if country and country not in countries():
        raise Refused("The holidays of this country are not known here.", field="country")
    if region and region not in regions(country):
        where = countries().get(country, "a person without a country")
        raise Refused(f"This is no region of {where}.", field="region")


@dataclass(frozen=True)
class ClosedDays:
    """The days on which somebody does not work: public holidays where they are, and the company's own days off."""

    country: str = ""
    region: str = ""
    company: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        if day in self.company or not self.country:
            return day in self.company
        return isinstance(day, date) and day in holidays_of(self.country, self.region, day.year)
