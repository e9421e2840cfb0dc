"""Which groups of a fact do not differ and are one: fewer rules, and none made out of chance. Pure.

A partition is a list of lists of group indexes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from scoring.learn.groups import Trait
from scoring.learn.table import RANGED, Kind

RARE = 20
AGAINST = 3.0  # a step against a number's trend must be so many times surer to stay


def parts_alike(trait: Trait, weights: Sequence[float], covariance: Any, differs: float) -> list[list[int]]:
    """Neighbours that are less than ``differs`` standard errors apart are put together.

    Neighbours are ranges that touch, and categories next to each other by weight. The unknown and the rest stay
    apart. So a number's points rise or fall all along, unless the rows speak clearly for another shape.
    """
    alone = [i for i, one in enumerate(trait.groups) if one.unknown or one.rest]
    order = [i for i in range(len(trait.groups)) if i not in alone]
    if trait.kind not in RANGED:
        order.sort(key=lambda i: float(weights[i]))
    parts = [[i] for i in order]
    rising = _trend(trait, order, weights) if trait.kind in RANGED else 0.0
    while len(parts) > 1:
        steps = [_step(trait, left, right, weights, covariance) for left, right in pairwise(parts)]
        gaps = [abs(step) / (AGAINST if step * rising < 0 else 1.0) for step in steps]
        nearest = min(range(len(gaps)), key=gaps.__getitem__)
        if gaps[nearest] >= differs:
            break
        parts[nearest : nearest + 2] = [parts[nearest] + parts[nearest + 1]]
    return [*parts, *([i] for i in alone)]


def _trend(trait: Trait, order: Sequence[int], weights: Sequence[float]) -> float:
    """Above 0 when the weights rise along the ranges, by rows; below 0 when they fall."""
    rows = [trait.groups[i].evidence.n for i in order]
    total = sum(rows) or 1
    middle = sum(n * place for place, n in enumerate(rows)) / total
    mean = sum(n * float(weights[i]) for n, i in zip(rows, order, strict=True)) / total
    both = zip(rows, order, strict=True)
    return sum(n * (place - middle) * (float(weights[i]) - mean) for place, (n, i) in enumerate(both))


def _step(trait: Trait, left: list[int], right: list[int], weights: Sequence[float], covariance: Any) -> float:
    """How many standard errors it goes up from one set of groups to the next, each its groups' mean by rows."""
    shares: dict[int, float] = {}
    for sign, part in ((1.0, left), (-1.0, right)):
        rows = sum(trait.groups[i].evidence.n for i in part) or 1
        for i in part:
            shares[i] = -sign * trait.groups[i].evidence.n / rows
    gap = sum(share * float(weights[i]) for i, share in shares.items())
    spread = sum(a * b * float(covariance[i, j]) for i, a in shares.items() for j, b in shares.items())
    return float(gap / max(spread, 1e-12) ** 0.5)


def parts_neutral(trait: Trait, weights: Sequence[float]) -> tuple[list[list[int]], int]:
    """What was too rare to learn about (unknown, or not named) goes with the group that weighs nearest to average:
    nobody gains or loses much by a value that nobody knows anything about. Also the place of that group."""
    groups = trait.groups
    rare = [i for i, one in enumerate(groups) if (one.rest or one.unknown) and one.evidence.n < RARE]
    kept = [i for i in range(len(groups)) if i not in rare]
    if not kept or trait.kind is Kind.PAIR:
        return [[i] for i in range(len(groups))], 0
    rows = sum(groups[i].evidence.n for i in kept) or 1
    mean = sum(groups[i].evidence.n * float(weights[i]) for i in kept) / rows
    nearest = min(kept, key=lambda i: abs(float(weights[i]) - mean))
    return [[i, *rare] if i == nearest else [i] for i in kept], kept.index(nearest)
