"""Who gets the next lead. Pure.

Weighted round robin as start-time fair queueing: each rep of a pool has a pointer; the lowest gets the lead and
moves on by ``UNIT / weight``. Among equals the counts so differ by at most one at any moment. The pool's ``cursor``
is the pointer from which the last lead was served: whoever was away, full or new starts from there, so nobody who
comes back gets a flood to catch up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heapreplace

UNIT = 1_000_000
SHOWN = 12  # whose turns an explanation keeps
HOW = {
    "round_robin": "next in turn",
    "company_owner": "owns the company",
    "lead_owner": "already owned the lead",
    "off_hours": "nobody was at work, so next in turn",
    "manual": "chosen by a person",
    "taken_over": "took it over",
}


@dataclass
class Candidate:
    """A rep as routing sees them now. ``open`` and ``today`` grow while a batch is given out."""

    id: int
    weight: int = 1
    open: int = 0
    capacity_open: int = 40
    today: int = 0
    capacity_day: int = 15
    away: bool = False
    working: bool = True

    def unable(self) -> str:
        """Why this rep cannot take a lead now, as 'code' or 'code:detail'; '' when able."""
        if self.weight <= 0:
            return "no_share"
        if self.away:
            return "away"
        if self.open >= self.capacity_open:
            return f"full:{self.open} of {self.capacity_open}"
        if self.today >= self.capacity_day:
            return f"full_today:{self.today} of {self.capacity_day}"
        return ""


@dataclass
class Choice:
    """``rep`` is None when nobody can have it. ``off_hours`` says that only the clock stands in the way."""

    rep: int | None = None
    how: str = ""
    skipped: list[tuple[int, str]] = field(default_factory=list)
    pointers: list[tuple[int, int]] = field(default_factory=list)
    cursor: int = 0
    pointer: int = 0
    off_hours: bool = False


class Pool:
    """The reps of one rule while a batch is given out. Who can have a lead is asked once, and anew after ``look``;
    whose turn it is stands in a heap, so that a lead costs the same in a pool of ten and of a thousand."""

    def __init__(
        self,
        reps: Sequence[Candidate],
        *,
        pointers: Mapping[int, int],
        cursor: int = 0,
        hold_off_hours: bool = False,
    ) -> None:
        self.reps = reps
        self.pointers = dict(pointers)
        self.cursor = cursor
        self.hold_off_hours = hold_off_hours
        self._view: _View | None = None

    def look(self) -> None:
        """Somebody of the pool became able or unable."""
        self._view = None

    def choose(self, *, preferred: Sequence[tuple[Candidate, str]] = (), excluded: Collection[int] = ()) -> Choice:
        """Choose one of the pool; ``preferred`` (rep, why) come first when they can take it, working hours or not.

        Changes nothing: see ``serve``.
        """
        out = Choice(cursor=self.cursor)
        for rep, why in preferred:
            reason = "had_it" if rep.id in excluded else rep.unable()
            if not reason:
                return self._served(out, rep.id, why, rep.weight)
            out.skipped.append((rep.id, reason))
        view = self._seen(excluded)
        known = {rep for rep, _ in out.skipped}
        out.skipped += [one for one in view.skipped if one[0] not in known]
        out.off_hours = view.off_hours
        if not view.turns:
            return out
        best = self._first(view.turns)
        out.pointers = [(rep, self._start(rep)) for rep in view.shown]
        return self._served(out, best, view.how, view.weights[best], moves_cursor=True)

    def serve(self, choice: Choice) -> None:
        """The chosen one has the lead: their pointer and the pool's cursor move on."""
        assert choice.rep is not None
        self.pointers[choice.rep], self.cursor = choice.pointer, choice.cursor

    def _start(self, rep: int) -> int:
        return max(self.pointers.get(rep, 0), self.cursor)

    def _served(self, out: Choice, rep: int, how: str, weight: int, *, moves_cursor: bool = False) -> Choice:
        start = self._start(rep)
        out.rep, out.how, out.pointer = rep, how, start + UNIT // max(1, weight)
        if moves_cursor:
            out.cursor = start
        return out

    def _first(self, turns: list[tuple[int, int]]) -> int:
        """Pointers only grow: an entry that lags behind is brought up when it comes to the top."""
        while (now := self._start(turns[0][1])) != turns[0][0]:
            heapreplace(turns, (now, turns[0][1]))
        return turns[0][1]

    def _seen(self, excluded: Collection[int]) -> "_View":
        if excluded:
            return self._survey(excluded)
        if self._view is None:
            self._view = self._survey(())
        return self._view

    def _survey(self, excluded: Collection[int]) -> "_View":
        reasons = [(one, "had_it" if one.id in excluded else one.unable()) for one in self.reps]
        able = [one for one, reason in reasons if not reason]
        out = _View(skipped=[(one.id, reason) for one, reason in reasons if reason])
        ready = [one for one in able if one.working]
        if not ready:
            out.off_hours, out.how = bool(able), "off_hours"
            ready = [] if self.hold_off_hours else able
        out.skipped += [(one.id, "off_hours") for one in able if not one.working and (ready is not able)]
        out.turns = [(self._start(one.id), one.id) for one in ready]
        heapify(out.turns)
        out.weights = {one.id: one.weight for one in ready}
        out.shown = [one.id for one in ready[:SHOWN]]
        return out


@dataclass
class _View:
    """Who of a pool can have a lead now: ``turns`` is a heap of (where their turn starts, rep)."""

    skipped: list[tuple[int, str]]
    turns: list[tuple[int, int]] = field(default_factory=list)
    weights: dict[int, int] = field(default_factory=dict)
    shown: list[int] = field(default_factory=list)
    how: str = "round_robin"
    off_hours: bool = False


def choose(
    pool: Sequence[Candidate],
    *,
    pointers: Mapping[int, int],
    cursor: int = 0,
    preferred: Sequence[tuple[Candidate, str]] = (),
    excluded: Collection[int] = (),
    hold_off_hours: bool = False,
) -> Choice:
    """One choice by itself, see ``Pool.choose``. The caller stores ``pointer`` and ``cursor``."""
    seen = Pool(pool, pointers=pointers, cursor=cursor, hold_off_hours=hold_off_hours)
    return seen.choose(preferred=preferred, excluded=excluded)


_SKIPPED = {
    "had_it": "had it before",
    "no_share": "takes no share (weight 0)",
    "away": "is off",
    "off_hours": "is not at work now",
}


def skipped_sentence(name: str, reason: str) -> str:
    """'Ines was skipped: 12 of 12 open.'"""
    code, _, detail = reason.partition(":")
    said = _SKIPPED.get(code) or (f"{detail} open" if code == "full" else f"{detail} today")
    return f"{name} was skipped: {said}."


def nobody_sentence(skipped: Sequence[tuple[int, str]], pool: str) -> str:
    """Why nobody of the pool can have a lead, in one line."""
    if not skipped:
        return f"{pool} has no active reps."
    words = {"had_it": "had it already", "no_share": "take no share", "away": "off", "off_hours": "not at work"}
    counts: dict[str, int] = {}
    for _, reason in skipped:
        word = words.get(reason.partition(":")[0], "full")
        counts[word] = counts.get(word, 0) + 1
    return f"Nobody in {pool} has room: " + ", ".join(f"{count} {word}" for word, count in counts.items()) + "."
