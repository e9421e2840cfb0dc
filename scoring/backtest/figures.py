"""The numbers that people read out of the counts: shares with their sample size and 95 % interval (Wilson). Pure.

* An MQL is a stay in marketing that passes the bar for the first time on a day of the period.
* Precision: of the outcomes that sales has decided (won, lost or rejected) and that the model would have called an
  MQL by then, the share that was won.
* Recall: of those that were won, the share that the model would have called before sales got them.
* Lift: how often a tenth of the decided ones was won, as a multiple of all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from scoring.backtest.counts import KINDS, SIZE, TOP
from scoring.learn.measure import wilson

SMALL = 30  # a share of fewer is called small
DECIDED = ("won", "lost", "rejected")
TAKEN = ("won", "lost", "accepted")


@dataclass(frozen=True)
class Rate:
    """``k`` of ``n``, as a share with its 95 % interval."""

    k: int
    n: int

    @property
    def share(self) -> float:
        return self.k / self.n if self.n else 0.0

    @property
    def low(self) -> float:
        return max(wilson(self.k, self.n).low, 0.0)

    @property
    def high(self) -> float:
        return min(wilson(self.k, self.n).high, 1.0)

    @property
    def small(self) -> bool:
        return self.n < SMALL


@dataclass(frozen=True)
class Side:
    """One model at one bar. ``weeks``: MQLs in each; ``outcomes``: of those it would have called, by what sales
    made of them."""

    bar: int
    mqls: int
    per_week: float
    weeks: list[int]
    outcomes: dict[str, int]
    accepted: Rate
    precision: Rate
    recall: Rate

    @property
    def missed(self) -> int:
        return self.recall.n - self.recall.k

    @property
    def called(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class Tenth:
    """Some of the decided outcomes, those with the highest scores first."""

    low: int
    high: int
    won: Rate
    lift: float
    lift_low: float
    lift_high: float


@dataclass(frozen=True)
class Agreement:
    both: int
    first: int
    second: int
    neither: int

    @property
    def same(self) -> Rate:
        return Rate(self.both + self.neither, self.both + self.first + self.second + self.neither)


def called(trial: dict[str, Any], kind: str) -> list[int]:
    """How many outcomes of that kind the model would have called, for each bar."""
    by_score, once = trial["outcomes"][kind], trial["at_once"][kind]
    above = list(accumulate(reversed(by_score)))[::-1]  # at this place or higher
    below = [0, *accumulate(once)]  # at once, though the score was lower
    return [above[bar + 1] + below[bar + 1] for bar in range(TOP + 1)]


def passing(week: Sequence[int]) -> list[int]:
    """How many first passed each bar in that week."""
    return list(accumulate(week))[: TOP + 1]


def side(trial: dict[str, Any], bar: int, days: int) -> Side:
    weeks = [passing(week)[bar] for week in trial["weeks"]]
    outcomes = {kind: called(trial, kind)[bar] for kind in KINDS}
    return Side(bar, sum(weeks), 7 * sum(weeks) / days, weeks, outcomes, *_rates(trial, outcomes))


def _rates(trial: dict[str, Any], outcomes: dict[str, int]) -> tuple[Rate, Rate, Rate]:
    taken, decided = (sum(outcomes[kind] for kind in kinds) for kinds in (TAKEN, DECIDED))
    won = outcomes["won"]
    return (
        Rate(taken, taken + outcomes["rejected"]),
        Rate(won, decided),
        Rate(won, sum(trial["outcomes"]["won"])),
    )


def curve(trial: dict[str, Any], days: int, step: int = 1) -> list[Side]:
    """The model at every bar from 0 to 200."""
    weeks = [passing(week) for week in trial["weeks"]]
    by_kind = {kind: called(trial, kind) for kind in KINDS}
    out = []
    for bar in range(0, TOP + 1, step):
        each = [week[bar] for week in weeks]
        outcomes = {kind: by_kind[kind][bar] for kind in KINDS}
        out.append(Side(bar, sum(each), 7 * sum(each) / days, each, outcomes, *_rates(trial, outcomes)))
    return out


def tenths(trial: dict[str, Any]) -> list[Tenth]:
    """The decided outcomes in ten parts by falling score, as even as equal scores allow; those stay together."""
    won = trial["outcomes"]["won"]
    all_of = [sum(trial["outcomes"][kind][at] for kind in DECIDED) for at in range(SIZE)]
    total, wins = sum(all_of), sum(won)
    if not wins:
        return []
    parts: dict[int, list[int]] = {}
    before = 0
    for at in range(SIZE - 1, -1, -1):
        if all_of[at]:
            parts.setdefault(min(9, int(10 * (before + all_of[at] / 2) / total)), []).append(at)
            before += all_of[at]
    base = wins / total
    out = []
    for places in parts.values():
        rate = Rate(sum(won[at] for at in places), sum(all_of[at] for at in places))
        edges = max(places[-1] - 1, 0), max(places[0] - 1, 0)
        out.append(Tenth(*edges, rate, rate.share / base, rate.low / base, rate.high / base))
    return out


def agreement(counts: dict[str, Any]) -> Agreement:
    return Agreement(*counts["agree"])


def missed(counts: dict[str, Any], bar: int, trial: int = 0) -> list[list[int]]:
    """(score of each model, lead id) of winners that the model would not have called at that bar, furthest below
    it first."""
    return [one for one in counts["winners"] if one[trial] < bar]


def handed(trial: dict[str, Any]) -> dict[str, int]:
    """What really became of all that sales got in the period, whatever a model says of them."""
    return {kind: sum(trial["outcomes"][kind]) for kind in KINDS}
