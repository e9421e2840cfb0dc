"""A score taken apart, so that the parts add up to it exactly. Pure.

Each part says what it gives today, in tenths of a point; points that a cap withheld are given to the strongest
parts first. The one line that is no rule is the rounding to a whole number, and it says so.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scoring.rules import ENGAGEMENT, FIT, MICRO, Card, Rule, clamp, deed_sums, fold, weight, weights, whole

TENTH = MICRO // 10
MOST_TIMES = 5  # more of a deed than this is no advice


@dataclass(frozen=True)
class Part:
    """One line of the sum. Days are UTC days counted as in ``date.toordinal()``."""

    rule: Rule | None  # None: the rounding
    group: str
    micro: int
    points: Decimal = Decimal(0)  # what it gives today, in tenths
    award: int = 0  # what it gave, or would give without fading and caps
    ref: Any = None  # the activity
    day: int | None = None
    capped: str = ""  # "rule", "group": a cap withholds something; "floor": a group is never below 0
    half_day: int | None = None
    gone_day: int | None = None


@dataclass(frozen=True)
class Lift:
    """What would bring the lead nearer to the bar: ``times`` more of a deed today, or a fact that is missing."""

    rule: Rule
    times: int
    gain: int
    enough: bool


def explain(card: Card, matching: Collection[int], deeds: Sequence[tuple[str, int, Any]], today: int) -> list[Part]:
    """The parts of the score, strongest first in each group; their points sum exactly to ``fold(...).score``.

    ``deeds`` are (kind, UTC day, reference) of human activities.
    """
    fit = [Part(rule, FIT, rule.points * MICRO, award=rule.points) for rule in card.fit if rule.id in matching]
    engaged = [part for rule in card.engagement for part in _rule_parts(rule, deeds, today)]
    out: list[Part] = []
    for parts, cap in ((fit, card.fit_cap), (engaged, card.engagement_cap)):
        out += _rounded(_within(parts, 0, cap * MICRO, "group"))
    return out


def _rule_parts(rule: Rule, deeds: Sequence[tuple[str, int, Any]], today: int) -> list[Part]:
    fades = gone_after(rule.points, rule.half_life)
    parts = [
        Part(
            rule,
            ENGAGEMENT,
            rule.points * kept,
            award=rule.points,
            ref=ref,
            day=day,
            half_day=day + rule.half_life,
            gone_day=day + fades,
        )
        for kind, day, ref in deeds
        if kind == rule.kind and (kept := weight(today - day, rule.half_life))
    ]
    return _within(parts, -rule.cap * MICRO, rule.cap * MICRO, "rule")


@lru_cache(maxsize=2048)
def gone_after(points: int, half_life: int) -> int:
    """Days after which a deed of so many points gives less than half a point."""
    table = weights(half_life)
    return next((day for day, kept in enumerate(table) if abs(points) * kept < MICRO // 2), len(table))


def _within(parts: list[Part], low: int, high: int, label: str) -> list[Part]:
    """The parts held so that they sum within the bounds: the weakest give way first."""
    total = sum(part.micro for part in parts)
    excess = total - clamp(total, low, high)
    if not excess:
        return parts
    label = "floor" if low == 0 and excess < 0 else label
    sign = 1 if excess > 0 else -1
    left, out = abs(excess), []
    for part in sorted(parts, key=lambda one: (one.micro * sign, one.day or 0)):
        taken = clamp(part.micro * sign, 0, left)
        left -= taken
        out.append(replace(part, micro=part.micro - taken * sign, capped=label) if taken else part)
    return out


def _rounded(parts: list[Part]) -> list[Part]:
    """Millionths to tenths by the largest remainder, and a line for the rounding to a whole number."""
    total = sum(part.micro for part in parts)
    tenths = (total + TENTH // 2) // TENTH
    floors = [part.micro // TENTH for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (-(parts[i].micro % TENTH), i))
    for index in order[: tenths - sum(floors)]:
        floors[index] += 1
    out = [replace(part, points=Decimal(given) / 10) for part, given in zip(parts, floors, strict=True)]
    out.sort(key=lambda one: (-abs(one.points), -(one.day or 0)))
    rest = whole(total) * 10 - tenths
    if rest:
        out.append(Part(None, parts[0].group, rest * TENTH, points=Decimal(rest) / 10))
    return out


def lifts(
    card: Card, matching: Collection[int], deeds: Sequence[tuple[str, int]], today: int, bar: int, most: int = 5
) -> list[Lift]:
    """What would lift the lead to the bar, or nearest to it; fewest steps first. Empty when it is over already."""
    sums = deed_sums(card, deeds, today)
    now = fold(card, matching, sums).score
    if now >= bar:
        return []
    found = []

    def step(index: int, times: int) -> Lift:
        more, rule = list(sums), card.engagement[index]
        more[index] += times * rule.points * MICRO
        gain = fold(card, matching, more).score - now
        return Lift(rule, times, gain, now + gain >= bar)

    for index in range(len(card.engagement)):
        # the fewest times that are enough, or else just once more; what five times do not reach, fewer do not
        enough = step(index, MOST_TIMES).enough
        steps = (step(index, times) for times in range(1, MOST_TIMES + 1))
        found.append(next(one for one in steps if one.enough or not enough))
    for rule in card.fit:
        if rule.points > 0 and rule.id not in matching:
            gain = fold(card, {*matching, rule.id}, sums).score - now
            found.append(Lift(rule, 1, gain, now + gain >= bar))
    found = [one for one in found if one.gain > 0]
    return sorted(found, key=lambda one: (not one.enough, one.times, -one.gain))[:most]
