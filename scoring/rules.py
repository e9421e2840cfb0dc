"""The arithmetic of a score. Pure: a score is the fold of its inputs and nothing else.

Defined once, and the SQL of a full rescore does the very same:

* Time is whole UTC days. A deed keeps ``kept(rule)[days]`` of its points, an integer in millionths, so that sums are
  exact whatever their order, and the same in Python and in SQL (docs/adr/0010): half after every half-life, or all
  of them until it expires. A rule counts each deed, the newest only, or so many of a day.
* Engagement, in millionths of a point: deeds summed per rule, each rule held within its cap (both ways), the rules
  summed and held within 0 and the group's cap. Then rounded once, half up, to a whole number.
* Fit: points of the matching rules, summed, held within 0 and the cap. Whole numbers throughout.
* Negative: what its rules take, on facts or on deeds, in millionths, held within 0 and the group's cap, rounded half
  up. It lowers the score and leaves fit, engagement and grade as they are.
* Score = fit + engagement - negative, never below 0.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

MICRO = 1_000_000
SLOTS = 64  # rules of a group that a score can tell apart
MAX_RULES = 60
FIT, ENGAGEMENT, NEGATIVE = "fit", "engagement", "negative"
HALVING, EXPIRING = "halving", "expiring"
EACH, ONCE, DAILY = "each", "once", "daily"


@dataclass(frozen=True)
class Rule:
    """One rule as the arithmetic sees it. With a ``kind`` it is about deeds, without one about facts; all that
    follows matters to deeds only. ``half_life``: days until half, or until nothing where it expires."""

    id: int
    group: str
    name: str
    points: int
    cap: int = 100
    kind: str = ""
    half_life: int = 30
    fade: str = HALVING
    counts: str = EACH
    a_day: int = 1  # how many of a day count, where ``counts`` is daily


@dataclass(frozen=True)
class Card:
    """A scoring model ready to be applied."""

    fit: tuple[Rule, ...] = ()
    engagement: tuple[Rule, ...] = ()
    negative: tuple[Rule, ...] = ()
    fit_cap: int = 100
    engagement_cap: int = 100
    negative_cap: int = 100
    fit_bounds: tuple[int, ...] = (40, 25, 10)
    engagement_bounds: tuple[int, ...] = (40, 20, 8)
    stage_bars: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def on_deeds(self) -> tuple[Rule, ...]:
        """The rules about deeds, those of engagement first."""
        return (*self.engagement, *(rule for rule in self.negative if rule.kind))

    @cached_property
    def kinds(self) -> list[str]:
        """The activities that give or take points."""
        return sorted({rule.kind for rule in self.on_deeds})

    @cached_property
    def by_kind(self) -> dict[str, list[tuple[int, Rule, tuple[int, ...]]]]:
        """For each activity its rules: place among ``on_deeds``, rule, what a deed keeps by its age."""
        found: dict[str, list[tuple[int, Rule, tuple[int, ...]]]] = {}
        for index, rule in enumerate(self.on_deeds):
            found.setdefault(rule.kind, []).append((index, rule, kept(rule)))
        return found

    @cached_property
    def counts_each(self) -> bool:
        """No rule minds how many deeds there are, or of which day."""
        return all(rule.counts == EACH for rule in self.on_deeds)

    @cached_property
    def horizon_days(self) -> int:
        """Age from which no deed gives anything any more."""
        return max((len(kept(rule)) for rule in self.on_deeds), default=0)


@dataclass(frozen=True)
class Score:
    fit: int
    engagement: int
    grade: str
    reason: str
    negative: int = 0  # what is taken from the two, before the floor of 0

    @property
    def score(self) -> int:
        return max(self.fit + self.engagement - self.negative, 0)


@lru_cache(maxsize=256)
def weights(half_life: int) -> tuple[int, ...]:
    """Millionths of its points that a deed keeps after 0, 1, 2 ... days; what lies beyond gives nothing."""
    kept: list[int] = []
    while True:
        weight = round(MICRO * 0.5 ** (len(kept) / half_life))
        if weight == 0:
            return tuple(kept)
        kept.append(weight)


def kept(rule: Rule) -> tuple[int, ...]:
    """Millionths of its points that a deed of the rule keeps after 0, 1, 2 ... days; beyond it gives nothing."""
    return (MICRO,) * rule.half_life if rule.fade == EXPIRING else weights(rule.half_life)


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
    """Millionths per rule of ``card.on_deeds``, before any cap. ``deeds`` are (kind, UTC day) of human activities."""
    if not card.counts_each:
        return tally_sums(card, tally(deeds, today), today)
    sums, by_kind = [0] * len(card.on_deeds), card.by_kind  # the usual model: each deed by itself is quickest
    for kind, day in deeds:
        age = today - day if day < today else 0
        for index, rule, table in by_kind.get(kind, ()):
            if age < len(table):
                sums[index] += rule.points * table[age]
    return sums


def tally(deeds: Iterable[tuple[str, int]], today: int) -> Counter[tuple[str, int]]:
    """How many of a kind on a day. A deed from the future counts as today's."""
    return Counter((kind, day if day < today else today) for kind, day in deeds)


def tally_sums(card: Card, found: Mapping[tuple[str, int], int], today: int) -> list[int]:
    """``deed_sums`` of deeds that are counted by kind and day."""
    sums = [0] * len(card.on_deeds)
    for (kind, day), times in found.items():
        age = today - day
        for index, rule, table in card.by_kind.get(kind, ()):
            if age >= len(table):
                continue
            worth = rule.points * table[age]
            if rule.counts == ONCE:  # the newest, which has kept most
                sums[index] = max(sums[index], worth, key=abs)
            else:
                sums[index] += worth * (min(times, rule.a_day) if rule.counts == DAILY else times)
    return sums


def hold(rule: Rule, micro: int) -> int:
    """What a rule gives of its sum: within its cap, both ways."""
    return clamp(micro, -rule.cap * MICRO, rule.cap * MICRO)


def fold(card: Card, matching: Collection[int], sums: list[int]) -> Score:
    """The score of a lead for whom the rules about facts with these ids hold and whose deeds sum up so."""
    held = [hold(rule, micro) for rule, micro in zip(card.on_deeds, sums, strict=True)]
    given = held[: len(card.engagement)]
    points = [rule.points if rule.id in matching else 0 for rule in card.fit]
    fit = clamp(sum(points), 0, card.fit_cap)
    engagement = whole(clamp(sum(given), 0, card.engagement_cap * MICRO))
    negative = _taken(card, matching, held) if card.negative else 0
    return Score(fit, engagement, grade(card, fit, engagement), reason(card, best(given), best(points)), negative)


def _taken(card: Card, matching: Collection[int], held: list[int]) -> int:
    """What the negative group takes: its rules about deeds come last among ``held``."""
    facts = sum(rule.points * MICRO for rule in card.negative if rule.id in matching and not rule.kind)
    return whole(clamp(-facts - sum(held[len(card.engagement) :]), 0, card.negative_cap * MICRO))


def history(
    card: Card, matching: Collection[int], found: Mapping[tuple[str, int], int], first: int, today: int
) -> list[Score]:
    """The score at the end of each day from ``first`` to ``today``, by what was done until then. ``found`` is the
    ``tally`` of the deeds; facts are as they are now."""
    out = []
    for day in range(first, today + 1):
        known = {key: times for key, times in found.items() if key[1] <= day}
        out.append(fold(card, matching, tally_sums(card, known, day)))
    return out


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
