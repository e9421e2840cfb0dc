"""What a rule is worth: among the leads that sales got, how those it holds for fared beside the others. Pure.

A rule about facts holds while its condition does. One about deeds holds while it gives, or takes, at least half a
point: so long its deeds are in the score that people see.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

from scoring.learn.measure import Estimate, Z, wilson
from scoring.rules import MICRO, Rule, kept

FEW = 30  # closed outcomes below which a share is a hint, no finding
QUIET_DAYS = 90  # a rule that holds for nobody who came or did anything in these days is dead
TWIN_LEADS = 10  # two rules that hold for the same people are the same rule, if they are so many


def days_counting(rule: Rule) -> int:
    """Age in days from which one deed gives less than half a point."""
    return bisect_left(kept(rule), True, key=lambda left: abs(rule.points) * left * 2 < MICRO)


def holds_by(micro: int) -> bool:
    """Whether a rule about deeds that gives so many millionths of a point holds."""
    return abs(micro) * 2 >= MICRO


@dataclass
class Tally:
    """What became of some leads that sales got."""

    n: int = 0
    accepted: int = 0
    rejected: int = 0
    won: int = 0
    lost: int = 0

    def add(self, verdict: str, outcome: str, times: int = 1) -> None:
        self.n += times
        self.accepted += times * (verdict == "accepted")
        self.rejected += times * (verdict == "rejected")
        self.won += times * (outcome == "won")
        self.lost += times * (outcome == "lost")

    def without(self, other: "Tally") -> "Tally":
        """Those that are not in ``other``, which is a part of these."""
        names = ("n", "accepted", "rejected", "won", "lost")
        return Tally(*(getattr(self, name) - getattr(other, name) for name in names))

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected

    @property
    def closed(self) -> int:
        """Won, lost or rejected: of these it is known whether they converted."""
        return self.won + self.lost + self.rejected

    @property
    def win(self) -> Estimate:
        """Share won of those closed, with its 95 % interval."""
        return wilson(self.won, self.closed)

    @property
    def accept(self) -> Estimate:
        """Share accepted of those decided, with its 95 % interval."""
        return wilson(self.accepted, self.decided)

    @property
    def few(self) -> bool:
        return self.closed < FEW


def ratio(wins: int, n: int, other_wins: int, other_n: int) -> Estimate | None:
    """How many times as large the first share is (Katz' interval on the log); None where one of them has no wins."""
    if not (wins and other_wins):
        return None
    share, other = wins / n, other_wins / other_n
    spread = Z * sqrt(max(0.0, 1 / wins - 1 / n + 1 / other_wins - 1 / other_n))
    value = share / other
    return Estimate(value, value * exp(-spread), value * exp(spread))


@dataclass(frozen=True)
class Lift:
    """The leads that a rule holds for beside those it does not hold for."""

    with_it: Tally
    without: Tally

    @property
    def win(self) -> Estimate | None:
        """How many times as often they are won."""
        a, b = self.with_it, self.without
        return ratio(a.won, a.closed, b.won, b.closed)

    @property
    def accept(self) -> Estimate | None:
        """How many times as often sales accepts them."""
        a, b = self.with_it, self.without
        return ratio(a.accepted, a.decided, b.accepted, b.decided)

    @property
    def few(self) -> bool:
        return self.with_it.few or self.without.few

    @property
    def few_others(self) -> bool:
        """It holds for nearly everybody: there are too few to compare with."""
        return self.without.few and not self.with_it.few

    @property
    def said(self) -> str:
        """The finding in words; '' when there are too few to say anything."""
        found = self.win
        if found is None or self.few:
            return ""
        if found.low > 1:
            return "converts more often"
        return "converts less often" if found.high < 1 else "no clear difference"


def condition_key(node: Any) -> str:
    """A condition so written that two which ask the same are equal: order of parts and case do not matter."""
    return json.dumps(_plain(node), sort_keys=True)


def _plain(node: Any) -> Any:
    if isinstance(node, str):
        return node.lower()
    if isinstance(node, list):
        return sorted((_plain(one) for one in node), key=lambda one: json.dumps(one, sort_keys=True))
    if not isinstance(node, dict):
        return node
    for word in ("all", "any"):
        if len(node.get(word, ())) == 1:
            return _plain(node[word][0])
    if node.get("op") == "between":  # from, to: their order matters
        return node
    return {key: _plain(value) for key, value in node.items()}


def rule_print(rule: Any) -> str:
    """What the counts of a rule rest on (a ``ScoringRule``): another print, and they are about another rule."""
    names = ("condition", "activity_kind", "fade", "half_life_days", "counts", "points")
    return condition_key([getattr(rule, name) for name in names])


def twins(found: Mapping[int, int], rule_ids: Sequence[int]) -> dict[int, int]:
    """Rule -> an earlier one that holds for the very same leads. ``found``: bits of rules -> how many leads."""
    combos = list(found.items())
    of: dict[int, int] = {}
    for place in range(len(rule_ids)):
        mine = 0
        for index, (bits, _) in enumerate(combos):
            mine |= (bits >> place & 1) << index
        of[place] = mine
    counts = {p: sum(n for bits, n in combos if bits >> p & 1) for p in of}
    out: dict[int, int] = {}
    first: dict[int, int] = {}
    for place, mine in of.items():
        if counts[place] < TWIN_LEADS:
            continue
        if mine in first:
            out[rule_ids[place]] = rule_ids[first[mine]]
        else:
            first[mine] = place
    return out


def places(bits: int, rule_ids: Sequence[int]) -> Iterable[int]:
    """The rules whose bit is set."""
    return (rule_id for place, rule_id in enumerate(rule_ids) if bits >> place & 1)
