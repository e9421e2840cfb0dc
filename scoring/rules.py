"""The arithmetic of a score. Pure: a score is the fold of its inputs and nothing else.

Defined once, and the SQL of a full rescore does the very same:

* Time is whole UTC days. A deed keeps ``weight(days, half_life)`` of its points, an integer in millionths, so that
  sums are exact whatever their order, and the same in Python and in SQL (docs/adr/0010).
* Engagement, in millionths of a point: deeds summed per rule, each rule held within its cap (both ways), the rules
  summed and held within 0 and the group's cap. Then rounded once, half up, to a whole number.
* Fit: points of the matching rules, summed, held within 0 and the cap. Whole numbers throughout.
* Score = fit + engagement.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

MICRO = 1_000_000
SLOTS = 64  # rules of a group that a score can tell apart
MAX_RULES = 60
FIT, ENGAGEMENT = "fit", "engagement"


@dataclass(frozen=True)
class Rule:
    """One rule as the arithmetic sees it. ``kind`` and ``half_life`` (days) matter to engagement only."""

    id: int
    group: str
    name: str
    points: int
    cap: int = 100
    kind: str = ""
    half_life: int = 30


@dataclass(frozen=True)
class Card:
    """A scoring model ready to be applied."""

    fit: tuple[Rule, ...] = ()
    engagement: tuple[Rule, ...] = ()
    fit_cap: int = 100
    engagement_cap: int = 100
    fit_bounds: tuple[int, ...] = (40, 25, 10)
    engagement_bounds: tuple[int, ...] = (40, 20, 8)
    stage_bars: Mapping[str, int] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """The activities that give or take points."""
        return sorted({rule.kind for rule in self.engagement})

    @property
    def horizon_days(self) -> int:
        """Age from which no deed gives anything any more."""
        return max((len(weights(rule.half_life)) for rule in self.engagement), default=0)


@dataclass(frozen=True)
class Score:
    fit: int
    engagement: int
    grade: str
    reason: str

    @property
    def score(self) -> int:
        return self.fit + self.engagement


@lru_cache(maxsize=256)
def weights(half_life: int) -> tuple[int, ...]:
    """Millionths of its points that a deed keeps after 0, 1, 2 ... days; what lies beyond gives nothing."""
    kept: list[int] = []
    while True:
        weight = round(MICRO * 0.5 ** (len(kept) / half_life))
        if weight == 0:
            return tuple(kept)
        kept.append(weight)


def weight(days: int, half_life: int) -> int:
    """Millionths of its points that a deed of so many days keeps. A deed from the future counts as today's."""
    table = weights(half_life)
    return table[max(days, 0)] if days < len(table) else 0


def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def whole(micro: int) -> int:
    """Millionths to whole points, half up. The only rounding of a score."""
    return (micro + MICRO // 2) // MICRO


def band(value: int, bounds: Collection[int]) -> int:
    """0 for a value at or above the first bound, 1 for the second ... ``len(bounds)`` below them all."""
    return next((index for index, bound in enumerate(bounds) if value >= bound), len(bounds))


def grade(card: Card, fit: int, engagement: int) -> str:
    """The fit letter beside the engagement digit; A1 is best."""
    return "ABCD"[band(fit, card.fit_bounds)] + "1234"[band(engagement, card.engagement_bounds)]


def deed_sums(card: Card, deeds: Iterable[tuple[str, int]], today: int) -> list[int]:
    """Millionths per engagement rule, before any cap. ``deeds`` are (kind, UTC day) of human activities."""
    by_kind: dict[str, list[tuple[int, int, tuple[int, ...]]]] = {}
    for index, rule in enumerate(card.engagement):
        by_kind.setdefault(rule.kind, []).append((index, rule.points, weights(rule.half_life)))
    sums = [0] * len(card.engagement)
    for kind, day in deeds:
        days = max(today - day, 0)
        for index, points, table in by_kind.get(kind, ()):
            if days < len(table):
                sums[index] += points * table[days]
    return sums


def fold(card: Card, matching: Collection[int], sums: list[int]) -> Score:
    """The score of a lead for whom the fit rules with these ids hold and whose deeds sum up so."""
    held = [
        clamp(micro, -rule.cap * MICRO, rule.cap * MICRO) for rule, micro in zip(card.engagement, sums, strict=True)
    ]
    points = [rule.points if rule.id in matching else 0 for rule in card.fit]
    fit = clamp(sum(points), 0, card.fit_cap)
    engagement = whole(clamp(sum(held), 0, card.engagement_cap * MICRO))
    return Score(fit, engagement, grade(card, fit, engagement), reason(card, best(held), best(points)))


def best(values: list[int]) -> int | None:
    """Index of the largest value above zero, the first of equals."""
    top = max(values, default=0)
    return values.index(top) if top > 0 else None


def reason(card: Card, engaged: int | None, fitting: int | None) -> str:
    """What made the score, in five words: the strongest deed, then the strongest fit."""
    names = []
    if engaged is not None:
        names.append(card.engagement[engaged].name)
    if fitting is not None:
        names.append(card.fit[fitting].name)
    if not names:
        return ""
    if len(names) == 1:
        return " ".join(names[0].split()[:5])[:80]
    second = names[1].split()[:3]
    first = names[0].split()[: 5 - len(second)]
    return f"{' '.join(first)}, {' '.join(second)}"[:80]


def stage_for(card: Card, score: int, ladder: list[str], now_in: str, *, placed_at: int | None = None) -> str | None:
    """The open stage further on that this score has earned, or None. ``ladder``: stage keys in their order.

    Scores never move anybody backwards. ``placed_at``: the score at which a person put the lead where it is; that
    decision stands until the lead passes a bar that it had not passed then.
    """
    if now_in not in ladder:
        return None
    ahead = ladder[ladder.index(now_in) + 1 :]
    earned = [key for key in ahead if key in card.stage_bars and score >= card.stage_bars[key]]
    if placed_at is not None:
        earned = [key for key in earned if card.stage_bars[key] > placed_at]
    return earned[-1] if earned else None
