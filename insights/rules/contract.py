"""The two-way contract: what marketing and sales promise each other, and how a week is judged by it. Pure.

Marketing promises so many MQLs a week and that sales takes a share of them. Sales promises to answer a share within
the response time, and so many attempts a lead within some working days before anybody gives up.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from insights.rules import rates

UNREACHABLE = "unreachable"  # the code of the reject reason that gives up on somebody nobody has talked to
USED_STEPS = 10  # bins of a quarter of the allowed time each; the last holds all beyond
WITHOUT_PROMISE_DAYS = 5  # working days in which attempts are counted where nothing was promised


@dataclass(frozen=True)
class Terms:
    """What was promised for a week; 0 promises nothing."""

    mqls: int = 0
    accept_share: int = 0
    answer_share: int = 0
    attempts: int = 0
    attempt_days: int = WITHOUT_PROMISE_DAYS
    since: date | None = None
    team: str = ""

    @property
    def any(self) -> bool:
        return bool(self.mqls or self.accept_share or self.answer_share or self.attempts)


class Verdict(Enum):
    """Of one promise in one week."""

    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "open"  # the week is not over, and it may still be kept
    NONE = "none"  # nothing was promised
    FEW = "few"  # too few cases to judge a share by

    @property
    def said(self) -> str:
        return {
            "kept": "kept",
            "broken": "not kept",
            "open": "still open",
            "none": "no promise",
            "few": "too few to judge",
        }[self.value]

    @property
    def tone(self) -> str:
        return {"kept": "good", "broken": "bad", "open": "warn"}.get(self.value, "")


def count_verdict(done: int, promised: int, *, over: bool) -> Verdict:
    """So many a week."""
    if not promised:
        return Verdict.NONE
    if done >= promised:
        return Verdict.KEPT
    return Verdict.BROKEN if over else Verdict.OPEN


def share_verdict(part: int, whole: int, promised: int, *, over: bool) -> Verdict:
    """A share of at least so many percent, judged from ``rates.FEW`` cases on."""
    if not promised:
        return Verdict.NONE
    if whole < rates.FEW:
        return Verdict.FEW if over else Verdict.OPEN
    if 100 * part >= promised * whole:  # in whole numbers: 9 of 10 is 90 %
        return Verdict.KEPT
    return Verdict.BROKEN if over else Verdict.OPEN


def attempts_kept(
    made: int, needed: int, *, decided_by: datetime | None, gave_up: bool, ends: datetime, now: datetime
) -> bool | None:
    """Whether enough was tried for one lead by ``ends``; None while there is time.

    ``made``: attempts up to then. Somebody who was reached and decided on within the time needs no more; who was
    given up as unreachable does.
    """
    if made >= needed:
        return True
    if made and decided_by is not None and decided_by <= ends and not gave_up:
        return True
    return False if now >= ends else None


def used_bin(used: float, allowed: float) -> int:
    """Which quarter of the allowed time the answer fell into: 0-3 are in time, from 4 on late."""
    if allowed <= 0:
        return 0 if used <= 0 else USED_STEPS - 1
    quarter = used * 4 / allowed
    place = int(quarter)
    if quarter == place and place:  # answered just at the edge is still within it
        place -= 1
    return min(place, USED_STEPS - 1)


def used_label(place: int) -> str:
    """The upper end of a bin."""
    return "more" if place == USED_STEPS - 1 else f"{25 * (place + 1)} %"


@dataclass
class Cell:
    """One owner's week, counted. Reads from and writes to JSON."""

    mqls: int = 0  # handed over for the first time
    again: int = 0  # had been with sales before
    assigned: int = 0
    answered: int = 0
    in_time: int = 0
    judged: int = 0  # answered, or past the deadline
    tries: int = 0  # attempts made within the days promised
    tried: int = 0  # handoffs for which it is decided whether enough was tried
    tried_enough: int = 0
    seconds: int = 0  # of all answers
    bins: dict[int, int] = field(default_factory=dict)  # answers by rates.span_bin
    used: dict[int, int] = field(default_factory=dict)  # answers by the share of the allowed time they took
    never: int = 0  # past the deadline without any answer
    sources: dict[str, int] = field(default_factory=dict)  # of the first-timers
    verdicts: dict[tuple[int, int, str, str], int] = field(default_factory=dict)  # accepted, reason, campaign, source

    @property
    def accepted(self) -> int:
        return sum(n for (yes, *_), n in self.verdicts.items() if yes)

    @property
    def decided(self) -> int:
        return sum(self.verdicts.values())

    @property
    def rejects(self) -> Counter[int]:
        """Rejects by the id of their reason; 0: none was given."""
        found = Counter[int]()
        for (yes, reason, _, _), n in self.verdicts.items():
            if not yes:
                found[reason] += n
        return found

    @property
    def spread(self) -> rates.Spread:
        return rates.spread_of(self.bins, self.seconds)

    def add(self, other: "Cell") -> None:
        for name in PLAIN:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("bins", "used", "sources", "verdicts"):
            mine: dict[Any, int] = getattr(self, name)
            for key, n in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + n

    def dump(self) -> dict[str, Any]:
        kept: dict[str, Any] = {name: getattr(self, name) for name in PLAIN}
        kept["bins"] = [[key, n] for key, n in self.bins.items()]
        kept["used"] = [[key, n] for key, n in self.used.items()]
        kept["sources"] = [[key, n] for key, n in self.sources.items()]
        kept["verdicts"] = [[*key, n] for key, n in self.verdicts.items()]
        return kept

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> "Cell":
        cell = cls(**{name: kept[name] for name in PLAIN})
        cell.bins, cell.used, cell.sources = dict(kept["bins"]), dict(kept["used"]), dict(kept.get("sources", []))
        cell.verdicts = {(yes, reason, campaign, source): n for yes, reason, campaign, source, n in kept["verdicts"]}
        return cell


PLAIN = (
    *("mqls", "again", "assigned", "answered", "in_time", "judged"),
    *("tries", "tried", "tried_enough", "seconds", "never"),
)


def total(cells: Any) -> Cell:
    found = Cell()
    for one in cells:
        found.add(one)
    return found


def working_days_end(start: date, days: int, is_working_day: Any) -> date:
    """The last of so many working days after ``start``, which does not count itself; at most four times as many days
    are looked at, so that somebody who never works ends too."""
    day, left = start, days
    for _ in range(4 * days + 14):
        day += timedelta(days=1)
        left -= bool(is_working_day(day))
        if left <= 0:
            break
    return day
