"""How many reps it takes to answer soon enough: leads come by the hour of the week, reps take them in order.

A discrete-event simulation. Leads arrive at random (Poisson) at each hour's rate; the reps of the hour take them
first come, first served; who has begun finishes, also after the shift's end. Random numbers belong to the lead (when
it comes, how long it takes), not to the rep, so two staffings are compared on the very same leads: with one rep more
in any hour nobody ever waits longer. Pure: the same seed gives the same answer.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

HOURS = 168  # of a week, from Monday 00:00
HOUR = 3600.0
WEEK = HOURS * HOUR
Lead = tuple[float, float]  # arrives, takes: seconds
Draw = Callable[[Random], float]


@dataclass(frozen=True)
class Answered:
    """One replication: leads and those answered in time, by the hour of the week in which they came."""

    leads: list[int]
    in_time: list[int]

    @property
    def share(self) -> float | None:
        """Percent; None without leads."""
        many = sum(self.leads)
        return 100.0 * sum(self.in_time) / many if many else None


@dataclass(frozen=True)
class Result:
    """Several replications. ``low`` and ``high`` enclose the share with 95 % confidence."""

    share: float | None
    low: float | None
    high: float | None
    replications: int
    leads: int
    by_hour: list[float | None]
    misses: list[int]


def exponential(mean: float) -> Draw:
    """Handling times when only their mean is known, in seconds."""
    return lambda dice: dice.expovariate(1 / mean)


def empirical(times: Sequence[float]) -> Draw:
    """Handling times as they were, drawn again and again."""
    kept = list(times)
    return lambda dice: kept[int(dice.random() * len(kept))]


def week_leads(rates: Sequence[float], weeks: int, draw: Draw, dice: Random) -> list[Lead]:
    """The leads of some weeks in the order in which they come; ``rates`` are leads an hour."""
    found = []
    for week in range(weeks):
        for hour, rate in enumerate(rates):
            begin = week * WEEK + hour * HOUR
            at = dice.expovariate(rate) if rate > 0 else math.inf
            while at < 1:
                found.append((begin + at * HOUR, draw(dice)))
                at += dice.expovariate(rate)
    return found


class Duty:
    """How many reps are on duty at a moment of the endless repeated week."""

    def __init__(self, reps: Sequence[int]) -> None:
        if len(reps) != HOURS or min(reps) < 0:
            raise ValueError("reps: one number for each of the 168 hours of a week")
        self.reps = list(reps)
        self.open = [hour for hour, many in enumerate(reps) if many]

    def at(self, moment: float) -> int:
        return self.reps[int(moment // HOUR) % HOURS]

    def opening(self, moment: float) -> float:
        """The first moment from ``moment`` on at which somebody is on duty; never (infinity) when nobody ever is."""
        if not self.open or moment == math.inf:
            return math.inf
        if self.at(moment):
            return moment
        week, hour = divmod(int(moment // HOUR), HOURS)
        place = bisect_right(self.open, hour)
        after = self.open[place] if place < len(self.open) else self.open[0] + HOURS
        return (week * HOURS + after) * HOUR


def begins(leads: Sequence[Lead], duty: Duty) -> list[float]:
    """When each lead is taken, first come, first served. Most of the simulation's time goes by here: what is asked
    of ``duty`` for a lead that is taken at once is written out."""
    reps, opening = duty.reps, duty.opening
    busy: list[float] = []  # when each of those at work will be done
    found = []
    moment, many = 0.0, 0
    for arrives, takes in leads:
        moment = arrives if arrives > moment else moment
        while True:
            there = reps[int(moment // HOUR) % HOURS] if moment < math.inf else 1
            if not there:
                moment = opening(moment)
                continue
            while busy and busy[0] <= moment:
                heappop(busy)
                many -= 1
            if many < there or moment == math.inf:
                break
            hour_end = (moment // HOUR + 1) * HOUR  # more may be on duty then
            moment = busy[0] if busy[0] < hour_end else hour_end
        found.append(moment)
        heappush(busy, moment + takes)
        many += 1
    return found


def answered(leads: Sequence[Lead], duty: Duty, seconds: float, judged: Sequence[int] | None = None) -> Answered:
    """How many were taken within ``seconds``. With ``judged`` only those count that came in such an hour of the week:
    the others wait for the opening and are taken first, but nobody promised them anything."""
    counted = judged or [1] * HOURS
    came, good = [0] * HOURS, [0] * HOURS
    for (arrives, _), begun in zip(leads, begins(leads, duty), strict=True):
        hour = int(arrives // HOUR) % HOURS
        if counted[hour]:
            came[hour] += 1
            if begun - arrives <= seconds:
                good[hour] += 1
    return Answered(came, good)


def erlang_share(rate: float, takes: float, reps: int, seconds: float) -> float:
    """Share (percent) taken within ``seconds`` when the hour went on for ever (M/M/c, Erlang C): ``rate`` leads an
    hour, each takes ``takes`` seconds on average."""
    load = rate * takes / HOUR
    if reps <= load:
        return 0.0
    blocked = 1.0  # Erlang B, one rep after the other
    for many in range(1, reps + 1):
        blocked = load * blocked / (many + load * blocked)
    waits = reps * blocked / (reps - load * (1 - blocked))
    return 100.0 * (1 - waits * math.exp(-(reps - load) * seconds / takes))


def erlang_reps(rate: float, takes: float, seconds: float, target: float, most: int = 500) -> int:
    """The fewest reps with which the target is met when the hour went on for ever."""
    if rate <= 0 or takes <= 0:
        return 0
    first = max(1, math.ceil(rate * takes / HOUR))
    return next((many for many in range(first, most) if erlang_share(rate, takes, many, seconds) >= target), most)


@dataclass(frozen=True)
class Task:
    """What is asked: leads an hour by hour of the week, how long one takes, how soon, which share of them."""

    rates: Sequence[float]
    draw: Draw
    seconds: float
    target: float  # percent
    judged: Sequence[int] | None = None  # hours in which answers are expected; None: always
    seed: int = 1

    def samples(self, replications: int, weeks: int) -> list[list[Lead]]:
        return [
            week_leads(self.rates, weeks, self.draw, Random(self.seed * 7919 + number))
            for number in range(replications)
        ]

    def run(self, reps: Sequence[int], samples: Sequence[Sequence[Lead]]) -> Result:
        duty = Duty(reps)
        found = [answered(leads, duty, self.seconds, self.judged) for leads in samples]
        came = [sum(one.leads[hour] for one in found) for hour in range(HOURS)]
        good = [sum(one.in_time[hour] for one in found) for hour in range(HOURS)]
        by_hour = [100.0 * g / n if n else None for g, n in zip(good, came, strict=True)]
        low, high = interval([one.share for one in found if one.share is not None])
        share = 100.0 * sum(good) / sum(came) if sum(came) else None
        misses = [n - g for g, n in zip(good, came, strict=True)]
        return Result(share, low, high, len(found), sum(came), by_hour, misses)


# Student's t at 97.5 % for 1, 2 ... degrees of freedom
T = (
    *(12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093),
)


def interval(shares: Sequence[float]) -> tuple[float | None, float | None]:
    """The 95 % interval of a mean of replications, within 0 to 100; nothing from fewer than two."""
    n = len(shares)
    if n < 2:
        return None, None
    mean = sum(shares) / n
    spread = math.sqrt(sum((one - mean) ** 2 for one in shares) / (n - 1))
    half = (T[n - 2] if n - 2 < len(T) else 1.96) * spread / math.sqrt(n)
    return max(0.0, mean - half), min(100.0, mean + half)


def weeks_for(rates: Sequence[float], leads: int) -> int:
    """So many weeks that a replication has about ``leads`` leads: 1 to 60."""
    many = sum(rates)
    return 1 if many <= 0 else max(1, min(60, round(leads / many)))


def required(
    task: Task, samples: Sequence[Sequence[Lead]], *, reps: Sequence[int] = (), rounds: int = 60
) -> list[int]:
    """Reps by hour with which the target is met in the samples. Begins with ``reps``, or with what Erlang C says of
    each hour by itself and what has gathered before an opening, and adds where most are answered late until enough
    are in time. After so many ``rounds`` it gives up: the caller looks at what the result comes to.

    A search, not a proof: another distribution over the hours may do with a rep-hour less.
    """
    return searched(task, samples, reps=reps, rounds=rounds)[0]


def searched(
    task: Task, samples: Sequence[Sequence[Lead]], *, reps: Sequence[int] = (), rounds: int = 60
) -> tuple[list[int], Result]:
    """``required``, and what it comes to."""
    found = list(reps) or _by_erlang(task, _mean_takes(samples))
    result = task.run(found, samples)
    for _ in range(rounds if any(found) else 0):
        if result.share is None or result.share >= task.target:
            break
        for hour in _worst(result, task.target):
            found[hour] += max(1, found[hour] // 6)
        result = task.run(found, samples)
    return found, result


def trimmed(task: Task, samples: Sequence[Sequence[Lead]], reps: Sequence[int], *, tries: int = 20) -> list[int]:
    """Fewer where the target is still met without them: the fullest hours first, a tenth at a time."""
    found = list(reps)
    fullest = sorted((hour for hour in range(HOURS) if found[hour] > 1), key=lambda hour: (-found[hour], hour))
    for hour in fullest[:tries]:
        fewer = [*found]
        fewer[hour] -= max(1, fewer[hour] // 10)
        share = task.run(fewer, samples).share
        if share is not None and share >= task.target:
            found = fewer
    return found


def _by_erlang(task: Task, takes: float) -> list[int]:
    """Each hour by itself; an opening also has what came since the last closing, to be done within the hour."""
    reps, gathered = [0] * HOURS, 0.0
    for hour in range(-HOURS, HOURS):  # once round before, so that Monday morning knows of the weekend
        rate = task.rates[hour % HOURS]
        if task.judged is not None and not task.judged[hour % HOURS]:
            gathered += rate
            continue
        more = math.ceil(gathered * takes / HOUR - 0.5)
        reps[hour % HOURS] = erlang_reps(rate, takes, task.seconds, task.target) + max(0, more)
        gathered = 0.0
    return reps


def _worst(result: Result, target: float) -> list[int]:
    """The hours that together hold half of what is answered late too often; at least one."""
    excess = sum(result.misses) - result.leads * (1 - target / 100)
    found, held = [], 0
    for hour in sorted(range(HOURS), key=lambda one: -result.misses[one]):
        found.append(hour)
        held += result.misses[hour]
        if held >= excess / 2:
            break
    return found


def _mean_takes(samples: Sequence[Sequence[Lead]]) -> float:
    many = sum(len(one) for one in samples)
    return sum(takes for one in samples for _, takes in one) / many if many else 0.0
