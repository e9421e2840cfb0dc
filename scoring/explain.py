"""A score taken apart, so that the parts add up to it exactly. Pure.

Each part says what it gives today, in tenths of a point; points that a cap withheld are given to the strongest
parts first. The one line that is no rule is the rounding to a whole number, and it says so.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from scoring import rules
from scoring.rules import MICRO, Card, Rule, clamp, fold, kept, whole

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
    # "rule", "group": a cap withholds something; "floor": a group, or the score, is never below 0; "daily", "once":
    # the rule counts no more of them
    capped: str = ""
    half_day: int | None = None
    gone_day: int | None = None


@dataclass(frozen=True)
class Lift:
    """What would bring the lead nearer to the bar: ``times`` more of a deed today, a fact that is missing, or one
    less (``rule.points`` below 0)."""

    rule: Rule
    times: int
    gain: int
    enough: bool


def explain(card: Card, matching: Collection[int], deeds: Sequence[tuple[str, int, Any]], today: int) -> list[Part]:
    """The parts of the score, strongest first in each group; their points sum exactly to ``fold(...).score``, and
    those of fit and of engagement to these.

    ``deeds`` are (kind, UTC day, reference) of human activities.
    """
    fit = _rounded(_within(_facts(card.fit, matching), 0, card.fit_cap * MICRO, "group"))
    engaged = _within(_deeds(card.engagement, deeds, today), 0, card.engagement_cap * MICRO, "group")
    given = [*fit, *_rounded(engaged)]
    taken = [*_facts(card.negative, matching), *_deeds(card.negative, deeds, today)]
    taken = _within(taken, -card.negative_cap * MICRO, 0, "group")
    have = int(sum(part.points for part in given)) * MICRO
    return [*given, *_rounded(_within(taken, -have, 0, "floor"), sign=-1)]


def _facts(found: Sequence[Rule], matching: Collection[int]) -> list[Part]:
    return [
        Part(rule, rule.group, rule.points * MICRO, award=rule.points)
        for rule in found
        if rule.id in matching and not rule.kind
    ]


def _deeds(found: Sequence[Rule], deeds: Sequence[tuple[str, int, Any]], today: int) -> list[Part]:
    newest_first = sorted(deeds, key=lambda one: -one[1])
    return [part for rule in found if rule.kind for part in _rule_parts(rule, newest_first, today)]


def _rule_parts(rule: Rule, deeds: Sequence[tuple[str, int, Any]], today: int) -> list[Part]:
    """``deeds``: the newest first."""
    table, fades = kept(rule), gone_after(rule)
    half = rule.half_life if rule.fade == rules.HALVING else None
    parts: list[Part] = []
    seen: Counter[int] = Counter()
    for kind, day, ref in deeds:
        age = max(today - day, 0)
        if kind != rule.kind or age >= len(table):
            continue
        seen[age] += 1
        over = _over(rule, seen[age], len(parts))
        parts.append(
            Part(
                rule,
                rule.group,
                0 if over else rule.points * table[age],
                award=rule.points,
                ref=ref,
                day=day,
                capped=over,
                half_day=half and day + half,
                gone_day=day + fades,
            )
        )
    return _within(parts, -rule.cap * MICRO, rule.cap * MICRO, "rule")


def _over(rule: Rule, of_day: int, before: int) -> str:
    """Why the rule does not count one more deed of a day; '' when it does."""
    if rule.counts == rules.ONCE and before:
        return rules.ONCE
    return rules.DAILY if rule.counts == rules.DAILY and of_day > rule.a_day else ""


@lru_cache(maxsize=2048)
def gone_after(rule: Rule) -> int:
    """Days after which a deed gives nothing, or less than half a point."""
    table = kept(rule)
    return next((day for day, left in enumerate(table) if abs(rule.points) * left < MICRO // 2), len(table))


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


def _rounded(parts: list[Part], sign: int = 1) -> list[Part]:
    """Millionths to tenths by the largest remainder, and a line for the rounding to a whole number, half up of what
    is given or (``sign`` -1) taken."""
    total = sum(part.micro for part in parts)
    tenths = (total + TENTH // 2) // TENTH
    floors = [part.micro // TENTH for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (-(parts[i].micro % TENTH), i))
    for index in order[: tenths - sum(floors)]:
        floors[index] += 1
    out = [replace(part, points=Decimal(given) / 10) for part, given in zip(parts, floors, strict=True)]
    out.sort(key=lambda one: (-abs(one.points), -(one.day or 0)))
    rest = sign * whole(sign * total) * 10 - tenths
    if rest:
        out.append(Part(None, parts[0].group, rest * TENTH, points=Decimal(rest) / 10))
    return out


def lifts(
    card: Card, matching: Collection[int], deeds: Sequence[tuple[str, int]], today: int, bar: int, most: int = 5
) -> list[Lift]:
    """What would lift the lead to the bar, or nearest to it; fewest steps first. Empty when it is over already."""
    found = rules.tally(deeds, today)
    sums = rules.tally_sums(card, found, today)
    now = fold(card, matching, sums).score
    if now >= bar:
        return []

    def step(rule: Rule, times: int) -> Lift:
        # deeds of one kind and day go by themselves, so only today's change the sums
        key = (rule.kind, today)
        before = rules.tally_sums(card, {key: found[key]}, today)
        after = rules.tally_sums(card, {key: found[key] + times}, today)
        more = [
            max(old, late, key=abs) if one.counts == rules.ONCE else old + late - early
            for one, old, early, late in zip(card.on_deeds, sums, before, after, strict=True)
        ]
        gain = fold(card, matching, more).score - now
        return Lift(rule, times, gain, now + gain >= bar)

    return _best([*_deed_lifts(card, step), *_fact_lifts(card, matching, sums, now, bar)], most)


def _deed_lifts(card: Card, step: Callable[[Rule, int], Lift]) -> Iterator[Lift]:
    """For each kind of deed the fewest times that are enough, or else just once more."""
    firsts: dict[str, Rule] = {}
    for rule in sorted(card.engagement, key=lambda one: -one.points):
        firsts.setdefault(rule.kind, rule)
    for rule in firsts.values():
        # what five times do not reach, fewer do not
        enough = step(rule, MOST_TIMES).enough
        steps = (step(rule, times) for times in range(1, MOST_TIMES + 1))
        yield next(one for one in steps if one.enough or not enough)


def _fact_lifts(card: Card, matching: Collection[int], sums: list[int], now: int, bar: int) -> Iterator[Lift]:
    """A fact that is missing, or one that is in the way and may be wrong."""
    for rule in (*card.fit, *card.negative):
        if rule.kind or (rule.points > 0) == (rule.id in matching):
            continue
        gain = fold(card, {*matching} ^ {rule.id}, sums).score - now
        yield Lift(rule, 1, gain, now + gain >= bar)


def _best(found: Sequence[Lift], most: int) -> list[Lift]:
    """The fewest steps that are enough first."""
    useful = [one for one in found if one.gain > 0]
    return sorted(useful, key=lambda one: (not one.enough, one.times, -one.gain))[:most]
