"""What the data says of the points of rules that people made: one regression over what each rule gave each lead.

Points are only as large as their scale, so the suggestions keep the sum of all points, whatever their sign: the bar
means about what it meant. A rule whose points lie within the interval of what the data says is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoring.learn.fit import enough_check, min_count_for
from scoring.learn.measure import Z
from scoring.learn.regression import folds_of, libraries, one_thread, regress, strength_best

KEEP, CHANGE, DROP, FEW = "keep", "change", "drop", "few"


@dataclass(frozen=True)
class Known:
    """A rule as this sees it: its points, and how many times these it gave each lead (1: holds, or full worth)."""

    id: int
    points: int
    gave: Sequence[float]
    least: int = -100
    most: int = 100


@dataclass(frozen=True)
class Suggestion:
    """``points``: what the data says, 0 for nothing; with its 95 % interval. ``verdict``: keep, change, drop, few."""

    rule: int
    now: int
    points: int
    low: float
    high: float
    n: int
    won: int
    weight: float
    verdict: str

    @property
    def rate(self) -> float:
        return self.won / self.n if self.n else 0.0


def suggest(known: Sequence[Known], wins: Sequence[bool], *, seed: int = 0) -> list[Suggestion]:
    """A suggestion for each rule, in their order. Raises Refused when the outcomes are too few."""
    enough_check(wins)
    np, _ = libraries()
    met = [[value != 0 for value in one.gave] for one in known]
    least = min_count_for(len(wins))
    usable = [i for i, held in enumerate(met) if least <= sum(held) <= len(wins) - least]
    if not usable:
        return [_few(one, held, wins) for one, held in zip(known, met, strict=True)]
    design = np.array([known[i].gave for i in usable], dtype=float).T
    with one_thread():
        folds = folds_of(wins, seed)
        fit = regress(design, wins, strength_best(design, wins, folds[:3]))
    scale = _scale([known[i].points for i in usable], fit.weights)
    found = [_few(one, held, wins) for one, held in zip(known, met, strict=True)]
    for place, i in enumerate(usable):
        spread = Z * max(float(fit.covariance[place, place]), 0.0) ** 0.5
        found[i] = _suggestion(known[i], float(fit.weights[place]), spread, scale, met[i], wins)
    return found


def _scale(points: Sequence[int], weights: Any) -> float:
    """Points for one unit of log-odds, so that all points together are as many as now."""
    return sum(map(abs, points)) / max(float(abs(weights).sum()), 1e-9)


def _suggestion(
    one: Known, weight: float, spread: float, scale: float, held: Sequence[bool], wins: Sequence[bool]
) -> Suggestion:
    low, high = (weight - spread) * scale, (weight + spread) * scale
    points = max(one.least, min(one.most, round(weight * scale)))
    verdict = CHANGE
    if low <= one.points <= high or points == one.points:
        verdict = KEEP
    elif points == 0 or ((one.points > 0) != (points > 0) and low <= 0 <= high):
        points, verdict = 0, DROP
    return Suggestion(one.id, one.points, points, low, high, sum(held), _won(held, wins), weight, verdict)


def _few(one: Known, held: Sequence[bool], wins: Sequence[bool]) -> Suggestion:
    return Suggestion(one.id, one.points, one.points, 0, 0, sum(held), _won(held, wins), 0, FEW)


def _won(held: Sequence[bool], wins: Sequence[bool]) -> int:
    return sum(h and w for h, w in zip(held, wins, strict=True))
