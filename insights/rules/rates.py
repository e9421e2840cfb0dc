"""Rates, percentiles and money. A rate without enough cases is None: a page says so instead of inventing one."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

FEW = 5  # below so many cases a rate or a median is shown as "not enough data"
MINUTE, HOUR, DAY = 60, 3600, 86_400
# Bins of durations: (from second, width, number of the first bin). Ten seconds up to ten minutes, minutes up to two
# hours, hours up to ten days, then days.
BINS = ((10 * DAY, DAY, 408), (2 * HOUR, HOUR, 170), (10 * MINUTE, MINUTE, 60), (0, 10, 0))


def share(part: float, whole: float) -> float | None:
    """part / whole in percent; None of nothing."""
    return None if not whole else 100.0 * part / whole


def win_rate(won: int, lost: int) -> float | None:
    """Won of all that were decided, in percent."""
    return share(won, won + lost)


def velocity(open_deals: int, rate: float | None, average: float | None, cycle_days: float | None) -> float | None:
    """Money a day that the pipeline makes: open deals x win rate x average deal / cycle days. ``rate`` in percent."""
    if rate is None or average is None or not cycle_days:
        return None
    return open_deals * rate / 100 * average / cycle_days


def change(now: float | None, before: float | None) -> float | None:
    """Growth in percent; None when there was nothing before."""
    return None if now is None or not before else 100.0 * (now - before) / before


def span_bin(seconds: int) -> int:
    """The bin of a duration in whole seconds; one that ended before it began counts as none at all."""
    seconds = max(seconds, 0)
    low, width, first = next(one for one in BINS if seconds >= one[0])
    return first + (seconds - low) // width


def bin_seconds(bin_: int) -> float:
    """The middle of a bin, in seconds."""
    low, width, first = next(one for one in BINS if bin_ >= one[2])
    return low + (bin_ - first + 0.5) * width


def bins_percentile(bins: Mapping[int, int], percent: float) -> float | None:
    """Nearest-rank percentile of binned durations, in seconds: exact to the width of the bin."""
    return _percentiles(bins, percent)[0]


def _percentiles(bins: Mapping[int, int], *percents: float) -> list[float | None]:
    """Several at once: sorting is the work."""
    ordered = sorted(bins)
    reached = list(accumulate(map(bins.__getitem__, ordered)))
    total = reached[-1] if reached else 0
    if not total:
        return [None] * len(percents)
    needs = [max(1, -(-int(total * percent) // 100)) for percent in percents]
    return [bin_seconds(ordered[bisect_left(reached, need)]) for need in needs]


@dataclass(frozen=True)
class Spread:
    """A distribution in short. Units are those of what was measured."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None

    @property
    def enough(self) -> bool:
        return self.n >= FEW


def spread_of(bins: Mapping[int, int], seconds: int, unit: float = 1.0) -> Spread:
    """The spread of binned durations whose sum is ``seconds``, in units of so many seconds."""
    n = sum(bins.values())
    median, p90 = _percentiles(bins, 50, 90)
    return Spread(
        n,
        seconds / n / unit if n else None,
        None if median is None else median / unit,
        None if p90 is None else p90 / unit,
    )


@dataclass(frozen=True)
class StepNumbers:
    """One step of the funnel. ``conversion``: share of the step before that came here (or beyond); ``overall``: share
    of the first step. ``came_in``: people whose path began at this very step."""

    rank: int
    count: int
    came_in: int
    conversion: float | None
    overall: float | None
    passed_on: int | None
    open: int
    stalled: int
    recycled: int
    lost: int

    @property
    def dropped(self) -> int:
        """Reached this step and not the next: for whatever reason, but not counting those still open."""
        return self.stalled + self.recycled + self.lost


def furthest_numbers(size: int, sales_rank: int, furthest: Mapping[tuple[int, int, str], int]) -> list[StepNumbers]:
    """The cohort view from how far its people came: {(door, furthest rank, fate): people}.

    ``fate`` is open, stalled, recycled or lost; door 1 began at ``sales_rank``.
    """
    found: list[StepNumbers] = []
    for rank in range(size):
        doors = [0, 1] if rank >= sales_rank else [0]
        count = _sum(furthest, doors, rank)
        came_in = _sum(furthest, [1], rank) if rank == sales_rank else 0
        before = found[-1].count if found else 0
        here = {
            fate: sum(n for (door, at, what), n in furthest.items() if at == rank and door in doors and what == fate)
            for fate in ("open", "stalled", "recycled", "lost")
        }
        first = found[0].count if found else count
        found.append(
            StepNumbers(
                rank=rank,
                count=count,
                came_in=came_in,
                conversion=share(count - came_in, before) if found else None,
                overall=share(_sum(furthest, [0], rank), first),
                passed_on=count - sum(here.values()),
                **here,
            )
        )
    return found


def _sum(furthest: Mapping[tuple[int, int, str], int], doors: Sequence[int], rank: int) -> int:
    return sum(n for (door, at, _), n in furthest.items() if door in doors and at >= rank)


def flow_numbers(size: int, sales_rank: int, passed: Mapping[tuple[int, int], int]) -> list[StepNumbers]:
    """The activity view: {(door, rank): people who first reached it in the period}. Conversion is the ratio of the
    two flows, so it can exceed 100 % when older leads move on."""
    found: list[StepNumbers] = []
    for rank in range(size):
        came_in = passed.get((1, rank), 0) if rank == sales_rank else 0
        count = passed.get((0, rank), 0) + passed.get((1, rank), 0)
        before = found[-1].count if found else 0
        first = found[0].count if found else count
        found.append(
            StepNumbers(
                rank=rank,
                count=count,
                came_in=came_in,
                conversion=share(count - came_in, before) if found else None,
                overall=share(passed.get((0, rank), 0), first),
                passed_on=None,
                open=0,
                stalled=0,
                recycled=0,
                lost=0,
            )
        )
    return found


def widest_leak(steps: Sequence[StepNumbers]) -> int | None:
    """The rank of the step that most people left for good without reaching the next, among those with enough people.

    None when there is not enough to tell. The last step leaks nothing.
    """
    found = [one for one in steps[:-1] if one.count >= FEW and one.dropped]
    return max(found, key=lambda one: one.dropped).rank if found else None
