"""How high one lead's score had risen by which day, from what was known on that day. Pure.

A lead is looked at while it is in marketing: from when it came (or came back) until sales got it, or until now. Its
score counts at the end of each UTC day, made by the one fold (``scoring.rules``) of what had been written down by
then; on the last day, by the moment when sales got it. What comes later changes nothing of what was before: each step
knows only the deeds up to its moment.

Scores fade, so they rise only on a day when something is written down, when an answer about facts turns, or while a
minus ends: other days need no look.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scoring import rules
from scoring.backtest.conditions import DAY, Deed, Split, Then
from scoring.rules import Card

REQUIRED = 0  # the place of the policy's own condition among the rules
NEVER = -1
Rise = tuple[int, int]  # day since 1970, the height that was reached on it


@dataclass(frozen=True)
class Span:
    """A stay in marketing, in seconds since 1970. ``ready``: from when the policy lets a lead pass that came back."""

    cycle: int
    start: float
    end: float
    ready: float


@dataclass(frozen=True)
class Life:
    """What is known of one lead: its deeds in the order in which they were written down."""

    since: float
    held: frozenset[int]  # what the database answers of the conditions (``Split.asked``)
    deeds: Sequence[Deed]


@dataclass
class Trial:
    """A model on trial. ``facts``: ids of its rules about facts; ``letters``: fit letters that may pass, empty for
    all; ``required``: the policy asks for a condition too."""

    card: Card
    split: Split
    facts: tuple[int, ...]
    letters: frozenset[str] = frozenset()
    required: bool = False
    quiet: dict[frozenset[int], rules.Score] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.required:
            self.facts = (*self.facts, REQUIRED)
        self.moving = any(one in self.split.moving for one in self.facts)
        self.minus = frozenset(rule.kind for rule in self.card.on_deeds if rule.points < 0)
        self.kinds = frozenset(self.card.kinds) | (self.split.kinds if self.moving else frozenset())


def spans(
    moves: Iterable[tuple[int, float, int]],
    open_stages: Collection[int],
    taken: Sequence[tuple[int, float]],
    until: float,
    wait_days: int,
) -> list[tuple[Span, int | None]]:
    """The stays in marketing out of the ledger's moves (cycle, time, stage), each with the place in ``taken`` of what
    ended it. ``taken``: (cycle, when sales got it), cycle 0 for a deal that somebody opened by hand: from then on the
    lead is in other hands, whatever its stage, until its next cycle."""
    found = list(_stays(moves, open_stages, until, wait_days))
    ended: dict[Span, int] = {}
    for place in sorted(range(len(taken)), key=lambda one: -taken[one][1]):
        cycle, at = taken[place]
        ours = [one for one in found if one.start <= at and (one.cycle == cycle or (not cycle and at <= one.end))]
        if ours:
            ended[max(ours, key=lambda one: one.start)] = place  # of several the first, which comes last here
    out: list[tuple[Span, int | None]] = []
    gone: set[int] = set()
    for one in found:
        if one.cycle in gone:
            continue
        place_or_none = ended.get(one)
        if place_or_none is not None:
            gone.add(one.cycle)
            end = min(taken[place_or_none][1], one.end)
            one = Span(one.cycle, one.start, end, one.ready)
        out.append((one, place_or_none))
    return out


def _stays(
    moves: Iterable[tuple[int, float, int]], open_stages: Collection[int], until: float, wait_days: int
) -> Iterator[Span]:
    begun: tuple[int, float] | None = None
    for cycle, at, stage in [*moves, (0, until, 0)]:
        if begun is not None and (stage not in open_stages or cycle != begun[0]):
            yield Span(*begun, min(at, until), begun[1] + wait_days * DAY if begun[0] > 1 else begun[1])
            begun = None
        if begun is None and stage in open_stages and at <= until:
            begun = (cycle, at)


def rises(trial: Trial, life: Life, span: Span) -> list[Rise]:
    """The days on which the score was higher than ever before in this stay, with that height. Heights only count
    where the policy would let it pass: by fit letter, by its condition, and after the wait."""
    looks = _Looks(trial, life, span)
    top, found = NEVER, []
    for day in looks.days():
        height = looks.height(day, top)
        if height > top:
            top = height
            found.append((day, height))
    return found


@dataclass
class _Looks:
    """The looks at one lead with one model, in the order of days; what is known grows along."""

    trial: Trial
    life: Life
    span: Span
    place: int = 0
    counted: dict[tuple[str, int], int] = field(default_factory=dict)
    newest: int = 0  # the latest day that any known deed claims

    def __post_init__(self) -> None:
        kinds = self.trial.kinds
        self.deeds = [deed for deed in self.life.deeds if deed.kind in kinds]
        self.fixed = None if self.trial.moving else self._matching(None)
        self.bound = NEVER  # no day before the next event can be higher than this

    def days(self) -> Iterator[int]:
        """Days worth a look. Between two events only while a minus may end."""
        first, last = int(max(self.span.start, self.span.ready) // DAY), int(self.span.end // DAY)
        if first > last:
            return
        events = {int(deed.known // DAY) for deed in self.deeds if first <= deed.known // DAY <= last}
        if self.trial.moving:
            then = Then(self.span.end, self.life.since, self.deeds)
            edges = (at for edge in self.trial.split.edges for at in edge(then))
            events |= {int(at // DAY) for at in edges if first <= at // DAY <= last}
        wanted = sorted({first, *events})
        for day, following in zip(wanted, [*wanted[1:], last + 1], strict=True):
            yield day
            for between in range(day + 1, following):
                if self.bound == NEVER:
                    break
                yield between

    def height(self, day: int, top: int) -> int:
        """The score at the end of the day, ``NEVER`` where the policy does not let it pass."""
        moment = min((day + 1) * DAY - 1e-6, self.span.end)
        self._learn(moment)
        matching = self.fixed
        if matching is None:
            matching = self._matching(Then(moment, self.life.since, self.deeds[: self.place]))
        if not self.counted:
            score = self._quiet(matching)
        else:
            sums = self._sums(day)
            score = rules.fold(self.trial.card, matching, sums)
            self._look_ahead(matching, sums, max(top, score.score))
        return score.score if self._passes(score, matching) else NEVER

    def _learn(self, moment: float) -> None:
        deeds = self.deeds
        while self.place < len(deeds) and deeds[self.place].known <= moment:
            deed = deeds[self.place]
            self.place += 1
            if deed.human:
                key = (deed.kind, int(deed.at // DAY))
                self.newest = max(self.newest, key[1])
                self.counted[key] = self.counted.get(key, 0) + 1

    def _sums(self, day: int) -> list[int]:
        counted: Mapping[tuple[str, int], int] = self.counted
        if self.newest > day:  # somebody wrote down a deed of tomorrow
            counted = rules.tally((key for key, times in counted.items() for _ in range(times)), day)
        return rules.tally_sums(self.trial.card, counted, day)

    def _look_ahead(self, matching: frozenset[int], sums: list[int], top: int) -> None:
        """Whether the days up to the next event can be higher: only where a minus is at work."""
        self.bound = NEVER
        if self.trial.minus and min(sums, default=0) < 0:
            best = rules.fold(self.trial.card, matching, [max(one, 0) for one in sums]).score
            self.bound = best if best > top else NEVER

    def _quiet(self, matching: frozenset[int]) -> rules.Score:
        """The score of somebody who did nothing."""
        found = self.trial.quiet.get(matching)
        if found is None:
            found = rules.fold(self.trial.card, matching, [0] * len(self.trial.card.on_deeds))
            self.trial.quiet[matching] = found
        return found

    def _matching(self, then: Then | None) -> frozenset[int]:
        return self.trial.split.matching(self.trial.facts, self.life.held, then)

    def _passes(self, score: rules.Score, matching: frozenset[int]) -> bool:
        letters = self.trial.letters
        return (not letters or score.grade[0] in letters) and (not self.trial.required or REQUIRED in matching)


def score_at(trial: Trial, life: Life, moment: float) -> rules.Score:
    """The score at a moment, by the very way that the walk goes."""
    looks = _Looks(trial, life, Span(1, moment, moment, moment))
    looks._learn(moment)
    matching = looks.fixed
    if matching is None:
        matching = looks._matching(Then(moment, life.since, looks.deeds[: looks.place]))
    return rules.fold(trial.card, matching, looks._sums(int(moment // DAY)))


def at_once(life: Life, span: Span, kinds: Collection[str], within_days: int) -> int | None:
    """The day of the first high-intent deed that passes the bar at once, None without one."""
    for deed in life.deeds:
        if deed.known > span.end:
            return None
        moment = max(deed.known, span.start)
        fresh = deed.human and deed.kind in kinds and deed.at >= moment - within_days * DAY
        if fresh and (span.cycle == 1 or deed.at > span.start):
            return int(moment // DAY)
    return None
