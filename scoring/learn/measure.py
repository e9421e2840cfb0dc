"""How good predictions are: discrimination, error, calibration, each with its 95 % interval. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Z = 1.96


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Tenth:
    """A tenth of the rows, by rising prediction."""

    n: int
    said: float
    came: Estimate

    @property
    def off(self) -> float:
        return self.said - self.came.value


@dataclass(frozen=True)
class Measures:
    n: int
    wins: int
    auc: Estimate
    brier: Estimate
    top_fifth: Estimate
    tenths: tuple[Tenth, ...]

    @property
    def worst_tenth(self) -> float:
        """How far the worst tenth's mean prediction is from what came, as a share."""
        return max(abs(one.off) for one in self.tenths)


def measure(said: Sequence[float], wins: Sequence[bool]) -> Measures:
    """All measures of predictions beside what came. There are wins and losses among them."""
    return Measures(
        n=len(wins),
        wins=sum(wins),
        auc=auc(said, wins),
        brier=brier(said, wins),
        top_fifth=top_share(said, wins, 0.2),
        tenths=tuple(tenths(said, wins)),
    )


def placements(said: Sequence[float], wins: Sequence[bool]) -> tuple[list[float], list[float]]:
    """DeLong's: for each win the share of losses below it, for each loss the share of wins above it; ties half."""
    won = sorted(value for value, win in zip(said, wins, strict=True) if win)
    lost = sorted(value for value, win in zip(said, wins, strict=True) if not win)
    of_wins: list[float] = []
    of_losses: list[float] = []
    for value, win in zip(said, wins, strict=True):
        others = lost if win else won
        below = (bisect_left(others, value) + bisect_right(others, value)) / 2 / len(others)
        (of_wins if win else of_losses).append(below if win else 1 - below)
    return of_wins, of_losses


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)


def auc(said: Sequence[float], wins: Sequence[bool]) -> Estimate:
    """The chance that a win is ranked above a loss (DeLong's interval)."""
    of_wins, of_losses = placements(said, wins)
    value = sum(of_wins) / len(of_wins)
    return _around(value, sqrt(_variance(of_wins) / len(of_wins) + _variance(of_losses) / len(of_losses)))


def auc_gain(said: Sequence[float], other: Sequence[float], wins: Sequence[bool]) -> Estimate:
    """How much larger the AUC of ``said`` is than that of ``other``, on the same rows (DeLong's paired interval)."""
    ours, theirs = placements(said, wins), placements(other, wins)
    spread, value = 0.0, 0.0
    for sign, mine, its in ((1, ours[0], theirs[0]), (0, ours[1], theirs[1])):
        gaps = [a - b for a, b in zip(mine, its, strict=True)]
        spread += _variance(gaps) / len(gaps)
        value += sign * sum(gaps) / len(gaps)
    return _around(value, sqrt(spread))


def brier(said: Sequence[float], wins: Sequence[bool]) -> Estimate:
    """The mean squared error of the predicted chance."""
    errors = [(value - win) ** 2 for value, win in zip(said, wins, strict=True)]
    return _around(sum(errors) / len(errors), sqrt(_variance(errors) / len(errors)))


def _around(value: float, deviation: float) -> Estimate:
    return Estimate(value, value - Z * deviation, value + Z * deviation)


def wilson(wins: float, n: float) -> Estimate:
    """A share with Wilson's interval."""
    if not n:
        return Estimate(0.0, 0.0, 1.0)
    share, square = wins / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def top_share(said: Sequence[float], wins: Sequence[bool], part: float) -> Estimate:
    """The share that converted in the best-ranked part; rows tied at its edge count by their average."""
    want = part * len(said)
    by_value: dict[float, list[int]] = {}
    for value, win in zip(said, wins, strict=True):
        pair = by_value.setdefault(value, [0, 0])
        pair[0] += 1
        pair[1] += win
    taken = won = 0.0
    for value in sorted(by_value, reverse=True):
        n, wins_here = by_value[value]
        share = min(1.0, (want - taken) / n)
        if share <= 0:
            break
        taken += share * n
        won += share * wins_here
    return wilson(won, taken)


def tenths(said: Sequence[float], wins: Sequence[bool]) -> list[Tenth]:
    """Ten equal parts by rising prediction. Ties are spread evenly, whatever the order of the file."""
    order = sorted(range(len(said)), key=lambda i: (said[i], i * 0.6180339887 % 1))
    found = []
    for part in range(10):
        rows = order[part * len(order) // 10 : (part + 1) * len(order) // 10]
        if rows:
            won = sum(wins[i] for i in rows)
            found.append(Tenth(len(rows), sum(said[i] for i in rows) / len(rows), wilson(won, len(rows))))
    return found
