"""Who gets the next lead. Pure.

Weighted round robin as start-time fair queueing: each rep of a pool has a pointer; the lowest gets the lead and
moves on by ``UNIT / weight``. Among equals the counts so differ by at most one at any moment. The pool's ``cursor``
is the pointer from which the last lead was served: whoever was away, full or new starts from there, so nobody who
comes back gets a flood to catch up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

UNIT = 1_000_000
HOW = {
    "round_robin": "next in turn",
    "company_owner": "owns the company",
    "lead_owner": "already owned the lead",
    "off_hours": "nobody was at work, so next in turn",
    "manual": "chosen by a person",
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


def choose(
    pool: Sequence[Candidate],
    *,
    pointers: Mapping[int, int],
    cursor: int = 0,
    preferred: Sequence[tuple[Candidate, str]] = (),
    excluded: Collection[int] = (),
    hold_off_hours: bool = False,
) -> Choice:
    """Choose one of the pool; ``preferred`` (rep, why) come first when they can take it, working hours or not.

    Changes nothing: the caller stores ``pointer`` for the rep and ``cursor`` for the pool, and counts the lead.
    """
    out = Choice(cursor=cursor)
    for rep, why in preferred:
        reason = "had_it" if rep.id in excluded else rep.unable()
        if not reason:
            return _served(out, rep, why, pointers, cursor, moves_cursor=False)
        out.skipped.append((rep.id, reason))
    able = _able(pool, excluded, out)
    ready = [one for one in able if one.working]
    how = "round_robin"
    if not ready:
        out.off_hours = bool(able)
        out.skipped += [(one.id, "off_hours") for one in able if hold_off_hours]
        if hold_off_hours or not able:
            return out
        ready, how = able, "off_hours"
    else:
        out.skipped += [(one.id, "off_hours") for one in able if not one.working]
    best = min(ready, key=lambda one: (max(pointers.get(one.id, 0), cursor), one.id))
    out.pointers = [(one.id, max(pointers.get(one.id, 0), cursor)) for one in ready[:12]]
    return _served(out, best, how, pointers, cursor, moves_cursor=True)


def _able(pool: Sequence[Candidate], excluded: Collection[int], out: Choice) -> list[Candidate]:
    able = []
    known = {rep for rep, _ in out.skipped}
    for one in pool:
        reason = "had_it" if one.id in excluded else one.unable()
        if not reason:
            able.append(one)
        elif one.id not in known:
            out.skipped.append((one.id, reason))
    return able


def _served(
    out: Choice, rep: Candidate, how: str, pointers: Mapping[int, int], cursor: int, *, moves_cursor: bool
) -> Choice:
    start = max(pointers.get(rep.id, 0), cursor)
    out.rep, out.how, out.pointer = rep.id, how, start + UNIT // max(1, rep.weight)
    if moves_cursor:
        out.cursor = start
    return out


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
