"""The first, fine cut of a fact: many groups, none with too few rows. Merging comes after the first fit. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from scoring.learn.groups import Evidence, Group, Trait, fold_text
from scoring.learn.table import RANGED, UNSEEN, Column, Kind

MOST_BINS, MOST_VALUES = 20, 30


def trait_fine(column: Column, wins: Sequence[bool], min_count: int) -> Trait | None:
    """The column in fine groups of at least ``min_count`` rows each; None when there would be less than two.

    The unknown are a group of their own; when they are too few they go with the rare values, or (numbers) nowhere.
    """
    pairs = [(value, win) for value, win in zip(column.values, wins, strict=True) if value is not UNSEEN]
    if column.kind in RANGED:
        groups = _numbers([value for value, _ in pairs if value is not None], min_count)
    else:
        groups = _values([value for value, _ in pairs if value is not None], min_count, column.kind)
    empty = sum(value is None for value, _ in pairs)
    if empty >= min_count:
        groups.append(Group(unknown=True))
    elif groups and groups[-1].rest:
        groups[-1] = Group(rest=True, unknown=True)
    if len(groups) < 2:
        return None
    return counted(Trait(column.name, column.fact, column.kind, tuple(groups)), column.values, wins)


def counted(trait: Trait, values: Sequence[Any], wins: Sequence[bool]) -> Trait:
    """The trait with how many rows are in each group, and how many of them converted."""
    tally = [[0, 0] for _ in trait.groups]
    for value, win in zip(values, wins, strict=True):
        index = trait.place(value)
        if index >= 0:
            tally[index][0] += 1
            tally[index][1] += win
    groups = tuple(
        Group(one.low, one.high, one.values, one.numbers, one.unknown, one.rest, one.points, Evidence(n, won))
        for one, (n, won) in zip(trait.groups, tally, strict=True)
    )
    return Trait(trait.name, trait.fact, trait.kind, groups)


def _numbers(values: list[float], min_count: int) -> list[Group]:
    if len(values) < min_count:
        return []
    counts = sorted(Counter(values).items())
    want = max(min_count, len(values) // MOST_BINS)
    edges: list[float] = []
    held, left = 0, len(values)
    for (value, count), (following, _) in pairwise(counts):
        held += count
        left -= count
        if held >= want and left >= want:
            edges.append(short_between(value, following))
            held = 0
    lows: list[float | None] = [None, *edges]
    highs: list[float | None] = [*edges, None]
    return [Group(low=low, high=high, numbers=True) for low, high in zip(lows, highs, strict=True)]


def short_between(below: float, upto: float) -> float:
    """The number with the fewest digits that is above ``below`` and at most ``upto``: 300 rather than 297."""
    for digits in range(12, -13, -1):
        step = Decimal(10) ** digits
        candidate = (Decimal(repr(upto)) // step) * step
        if float(candidate) > below and float(candidate) <= upto:
            return float(candidate)
    return upto


def _values(values: list[str], min_count: int, kind: Kind) -> list[Group]:
    spelt: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for value in values:
        spelt[fold_text(value)][value.strip()] += 1
    often = sorted(spelt, key=lambda one: (-spelt[one].total(), one))
    named = [one for one in often if spelt[one].total() >= min_count and 0 < len(one) <= 200][:MOST_VALUES]
    groups = [Group(values=tuple(text for text, _ in spelt[one].most_common(3))) for one in named]
    if kind is not Kind.KNOWN and groups:
        groups.append(Group(rest=True))
    return groups
