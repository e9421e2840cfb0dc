"""The people of a pool as routing sees them, and what is said of a choice among them. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

UNIT = 5_354_228_880  # every weight up to 24 divides it
SHOWN = 12  # whose turns an explanation keeps
SKIPPED_SHOWN = 24  # and how many of those who were skipped, by name
HOW = {
    "round_robin": "next in turn",
    "least_loaded": "has the most room",
    "best_performer": "next in turn, shares by win rate",
    "company_owner": "owns the company",
    "lead_owner": "already owned the lead",
    "off_hours": "nobody was at work, so it went on all the same",
    "overflow": "nobody of the rule's pool could, so it went on",
    "manager": "nobody of the rule's pool could, so the manager has it",
    "manual": "chosen by a person",
    "late": "nobody answered in time, so it went to the manager",
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
    languages: Collection[str] = ()
    countries: Collection[str] = ()
    skills: Collection[str] = ()

    def unable(self) -> str:
        """Why this rep cannot take a lead now, as 'code' or 'code:detail'; '' when able."""
        if self.away:
            return "away"
        if self.open >= self.capacity_open:
            return f"full:{self.open} of {self.capacity_open}"
        if self.today >= self.capacity_day:
            return f"full_today:{self.today} of {self.capacity_day}"
        return ""


@dataclass
class Choice:
    """``rep`` is None when nobody can have it. ``off_hours`` says that only the clock stands in the way. ``more``:
    how many were skipped besides those named, by reason. ``pointers``, ``loads``, ``records``: what the strategy
    looked at, of so many that ``others`` are left out."""

    rep: int | None = None
    how: str = ""
    skipped: list[tuple[int, str]] = field(default_factory=list)
    more: Mapping[str, int] = field(default_factory=dict)
    pointers: list[tuple[int, int]] = field(default_factory=list)
    loads: list[tuple[int, int, int]] = field(default_factory=list)
    records: list[tuple[int, int, int, int]] = field(default_factory=list)
    others: int = 0
    pointer: int = 0
    off_hours: bool = False


@dataclass
class View:
    """Who of a pool can have such a lead now. ``key``: the cursor that is its; None for a look that moves none."""

    key: str | None
    skipped: list[tuple[int, str]]
    more: Mapping[str, int]
    able: list[int] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    weights: dict[int, int] = field(default_factory=dict)
    steps: dict[int, int] = field(default_factory=dict)  # what one lead adds to the pointer
    records: list[tuple[int, int, int, int]] = field(default_factory=list)
    total: int = 0  # of the weights
    mass: int = 0  # weighted sum of the pointers: divided by ``total`` it is the mean
    how: str = ""
    off_hours: bool = False
    served: bool = False
    later: list[tuple[int, int]] = field(
        default_factory=list
    )  # heap of (pointer, rep): no claim yet, as far as known
    ready: list[tuple[int, int, int]] = field(default_factory=list)  # heap of (next pointer, rep, pointer)
    loads: list[tuple[float, int, int]] = field(default_factory=list)  # heap of (load, pointer, rep)
