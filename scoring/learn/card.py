"""A learned scorecard: points for each group of each fact, and the share that converts at each score. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.learn.groups import Trait, condition_of, group_say
from scoring.learn.table import RANGED, Table

MOST_POINTS = 100
MOST_RULES = 60
WINDOW_DAYS = 90  # deeds of so many days before the handoff are looked at
Curve = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Card:
    """One group of each fact gives 0 points; the sum is held between 0 and 100, as every fit score is."""

    traits: tuple[Trait, ...]
    curve: Curve  # rising [points, share that converts], straight lines between
    n: int
    wins: int
    scale: float  # points for one unit of log-odds
    left_out: dict[str, str] = field(default_factory=dict)
    bounds: list[int] = field(default_factory=list)  # scores of the best fifth, two and three fifths: A, B, C

    def points(self, facts: Mapping[str, Any]) -> int:
        """The score of a lead; ``facts`` by the name of the input."""
        total = sum(trait.points(_value(trait, facts)) for trait in self.traits)
        return max(0, min(total, MOST_POINTS))

    def points_of(self, table: Table) -> list[int]:
        """The score of every row."""
        columns = {one.name: one.values for one in table.columns}
        empty = [None] * len(table)
        totals = [0] * len(table)
        for trait in self.traits:
            for row, value in enumerate(trait_values(trait, columns, empty)):
                totals[row] += trait.points(value)
        return [max(0, min(total, MOST_POINTS)) for total in totals]

    def chances_of(self, table: Table) -> list[float]:
        """The chance to convert of every row."""
        return [curve_at(self.curve, points) for points in self.points_of(table)]

    def as_json(self) -> dict[str, Any]:
        return {
            "traits": [trait.as_json() for trait in self.traits],
            "curve": [list(one) for one in self.curve],
            **{name: getattr(self, name) for name in ("n", "wins", "scale", "left_out", "bounds")},
        }

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> "Card":
        return cls(**{**raw, "traits": tuple(Trait.of_json(one) for one in raw["traits"])})


def trait_values(trait: Trait, columns: Mapping[str, Sequence[Any]], empty: Sequence[Any] = ()) -> Iterable[Any]:
    """The values that a trait looks at, row by row; ``empty`` for a column that is not there."""
    if trait.parts:
        return zip(*(columns.get(part.name, empty) for part in trait.parts), strict=True)
    return columns.get(trait.name, empty)


def _value(trait: Trait, facts: Mapping[str, Any]) -> Any:
    return tuple(facts.get(part.name) for part in trait.parts) if trait.parts else facts.get(trait.name)


@dataclass(frozen=True)
class RuleDraft:
    """One group that gives points, as a rule of an ordinary scoring model."""

    name: str
    points: int
    condition: dict[str, Any]
    evidence: dict[str, Any]


def rules_of(card: Card) -> list[RuleDraft]:
    """The card as rules, the strongest fact first. A group of 0 points needs none."""
    found = []
    for trait in sorted(card.traits, key=_span):
        in_order = trait.groups if trait.kind in RANGED else sorted(trait.groups, key=lambda one: -one.points)
        for group in in_order:
            if not group.points:
                continue
            name = f"{trait.name}: {group_say(trait, group)}"
            seen = group.evidence
            evidence = {
                "n": seen.n,
                "won": seen.wins,
                "rate": round(seen.rate, 4),
                "weight": round(seen.weight, 3),
                "low": round(seen.low * card.scale, 1),
                "high": round(seen.high * card.scale, 1),
            }
            short = name if len(name) <= 120 else f"{name[:119]}…"
            condition = condition_of(trait, group, within_days=WINDOW_DAYS)
            found.append(RuleDraft(short, group.points, condition, evidence))
    return found


def bounds_of(scores: Sequence[float]) -> list[int]:
    """The scores of the best fifth, two fifths and three fifths; empty when they do not fall."""
    falling = sorted(scores, reverse=True)
    found = [int(falling[len(falling) * part // 5]) for part in (1, 2, 3)]
    return found if found[0] > found[1] > found[2] else []


def _span(trait: Trait) -> int:
    points = [group.points for group in trait.groups]
    return min(*points, 0) - max(*points, 0)


def curve_at(curve: Curve, points: float) -> float:
    """The share that converts at a score: on the straight line between the two knots around it."""
    if not curve:
        return 0.0
    at = bisect_right([one[0] for one in curve], points)
    if at == 0:
        return curve[0][1]
    if at == len(curve):
        return curve[-1][1]
    (x0, y0), (x1, y1) = curve[at - 1], curve[at]
    return y0 + (y1 - y0) * (points - x0) / (x1 - x0)


def curve_of(scores: Sequence[float], wins: Sequence[bool], knots: int = 12) -> list[list[float]]:
    """A rising curve through the rows in parts of equal size: mean score and share converted of each.

    Neighbours that fall are put together (isotonic), so a higher score never means a lower chance.
    """
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    blocks: list[list[float]] = []  # n, sum of scores, wins
    for part in range(knots):
        rows = order[part * len(order) // knots : (part + 1) * len(order) // knots]
        if not rows:
            continue
        # half a win and half a loss more: no share is quite 0 or 1
        blocks.append([len(rows), sum(scores[i] for i in rows), sum(wins[i] for i in rows)])
        while len(blocks) > 1 and (_share(blocks[-2]) >= _share(blocks[-1]) or _same(blocks[-2], blocks[-1])):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    return [[round(total / n, 3), round(_share([n, total, won]), 5)] for n, total, won in blocks]


def _share(block: Sequence[float]) -> float:
    return (block[2] + 0.5) / (block[0] + 1)


def _same(left: Sequence[float], right: Sequence[float]) -> bool:
    return round(left[1] / left[0], 3) >= round(right[1] / right[0], 3)
