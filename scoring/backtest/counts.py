"""What the leads add up to. Plain lists and numbers that are stored as JSON and merge by adding, in any order. Pure.

A height is a score up to 200, and one place further down for who may not pass at all, so that a list has 202 places:
``place(height)``. Who passes at once passes every bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoring.backtest.walk import NEVER, Rise

TOP = 200
SIZE = TOP + 2
KINDS = ("won", "lost", "rejected", "accepted", "waiting")
MOST_WINNERS = 200
Counts = dict[str, Any]


@dataclass(frozen=True)
class Period:
    """Days since 1970, both counted. Weeks are counted back from its end, so that each is seven days; the first may
    be shorter."""

    first: int
    last: int

    @property
    def weeks(self) -> int:
        return -(-(self.last - self.first + 1) // 7)

    def week(self, day: int) -> int:
        """0 for the first week."""
        return self.weeks - 1 - (self.last - day) // 7


@dataclass(frozen=True)
class Seen:
    """One stay in marketing with what each model made of it. ``outcome``: what sales made of it, '' without one."""

    lead_id: int
    rises: Sequence[Sequence[Rise]]
    at_once: int | None = None
    outcome: str = ""


def place(height: int) -> int:
    return min(height, TOP) + 1


def blank(weeks: int, models: int) -> Counts:
    """Nothing yet. ``spans``: stays in marketing; ``late``: deeds that were written down a day or more after they
    were done; ``changed``: outcomes of leads whose facts were changed since; ``unjudged``: outcomes of leads that
    were not in marketing before; ``agree``: by the bars on trial both, first only, second only, neither."""
    trial = {
        "weeks": [[0] * SIZE for _ in range(weeks)],
        "outcomes": {kind: [0] * SIZE for kind in KINDS},
        "at_once": {kind: [0] * SIZE for kind in KINDS},
    }
    sums = dict.fromkeys(("leads", "spans", "late", "changed", "unjudged"), 0)
    return {
        **sums,
        "real": [0] * weeks,
        "agree": [0, 0, 0, 0],
        "winners": [],
        "trials": [_copy(trial) for _ in range(models)],
    }


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(one) for name, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def add(counts: Counts, seen: Seen, period: Period, bars: Sequence[int]) -> None:
    """Count one stay in marketing; an outcome, when there is one, lies in the period."""
    counts["spans"] += 1
    tops = []
    for trial, rises in zip(counts["trials"], seen.rises, strict=True):
        _passes(trial["weeks"], rises, seen.at_once, period)
        tops.append(rises[-1][1] if rises else NEVER)
        if seen.outcome:
            trial["outcomes"][seen.outcome][place(tops[-1])] += 1
            if seen.at_once is not None:
                trial["at_once"][seen.outcome][place(tops[-1])] += 1
    if len(tops) == 2:
        called = [seen.at_once is not None or top >= bar for top, bar in zip(tops, bars, strict=True)]
        counts["agree"][(0 if called[0] else 2) + (0 if called[1] else 1)] += 1
    if seen.outcome == "won" and seen.at_once is None:
        counts["winners"].append([*tops, seen.lead_id])
        if len(counts["winners"]) > 2 * MOST_WINNERS:
            counts["winners"] = sorted(counts["winners"])[:MOST_WINNERS]


def _passes(weeks: list[list[int]], rises: Sequence[Rise], at_once: int | None, period: Period) -> None:
    """For each bar the week in which it was first passed, as differences: +1 at the first bar, -1 after the last."""
    top = NEVER
    steps = list(rises) if at_once is None else sorted([*rises, (at_once, TOP)])
    for day, height in steps:
        height = min(height, TOP)
        if height <= top:
            continue
        if period.first <= day <= period.last:
            week = weeks[period.week(day)]
            week[top + 1] += 1
            week[height + 1] -= 1
        top = height


def merge(into: Counts, other: Counts) -> Counts:
    """Both together."""
    out: Counts = _added(into, other)
    out["winners"] = sorted(out["winners"])[:MOST_WINNERS]
    return out


def _added(one: Any, other: Any, name: str = "") -> Any:
    if isinstance(one, dict):
        return {key: _added(one[key], other[key], key) for key in one}
    if isinstance(one, list):
        if name == "winners":
            return one + other
        return [_added(left, right) for left, right in zip(one, other, strict=True)]
    return one + other
