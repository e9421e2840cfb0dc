"""Shares by win rate. Pure."""

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

SCALE = 10_000
Z = 1.96  # 95 % sure


class Record(NamedTuple):
    """What became of a rep's deals in the last so many days."""

    won: int
    lost: int


def wilson_lower(won: int, total: int) -> float:
    """The win rate that a rep has at least, as far as 95 % sureness goes: few deals prove little. 0 without any."""
    if total <= 0:
        return 0.0
    rate = won / total
    middle = rate + Z * Z / (2 * total)
    spread = Z * sqrt(rate * (1 - rate) / total + Z * Z / (4 * total * total))
    return max(0.0, (middle - spread) / (1 + Z * Z / total))


def shares(own: Mapping[int, int], records: Mapping[int, Record], floor: int) -> dict[int, int]:
    """Weights for the best performer: ``floor`` percent of the leads go by each rep's own weight, so that everybody
    gets some; the rest by own weight times ``wilson_lower``. Equal while nobody has won anything. 0 stays 0."""
    sure = {
        rep: weight * wilson_lower(won, won + lost)
        for rep, weight in own.items()
        for won, lost in [records.get(rep, Record(0, 0))]
    }
    everybody, proven = sum(own.values()), sum(sure.values())
    out = {}
    for rep, weight in own.items():
        even = weight / everybody if everybody else 0.0
        earned = sure[rep] / proven if proven else even
        share = floor / 100 * even + (1 - floor / 100) * earned
        out[rep] = max(1, round(SCALE * share)) if weight > 0 else 0
    return out
