"""Staffing from the real arrivals, handling times and calendars: gathered, simulated, kept by all that went in."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from core.bulk import where_in
from insights.metrics import contract as metric
from insights.metrics import handoffs
from insights.metrics.scope import Scope
from insights.models import StaffingRun
from insights.rules.staffing import HOURS, Task, empirical, exponential, required, searched, trimmed, weeks_for
from insights.rules.weeks import WEEK, Weeks, monday_of
from leads.calls import length_of
from leads.models import Activity
from team.models import User
from team.rules import Calendar
from team.selectors import calendars_of

LEAST = 20  # handling times of one kind, or the next kind is used, and at last the assumption
LONGEST = 3600  # seconds: who took a lead and logged the call hours later did something else between
ASSUMED_MINUTES = 12
SAMPLE = 500  # handling times at the most that a simulation draws from: the newest
KEPT = 200  # simulations
QUARTER = 900  # seconds: in every zone an hour begins with one
PER_REPLICATION, PER_SEARCH, PER_RUN = 1500, 6000, 40_000  # leads
VERSION = 2  # of the simulator: another one forgets what was kept


@dataclass(frozen=True)
class Asked:
    """What the person wants to know. ``minutes`` of handling 0: as measured, or the assumption."""

    target: float = 95.0
    within: float = 5.0
    handling: float = 0.0
    always: bool = False
    plus: int = 0
    day: int = 1
    first: int = 9
    last: int = 12

    @property
    def what_if(self) -> bool:
        return self.plus != 0 and self.first < self.last

    def changed(self, reps: list[int]) -> list[int]:
        """The present staffing with the what-if."""
        hours = {self.day * 24 + hour for hour in range(self.first, self.last)} if self.what_if else set()
        return [max(0, many + self.plus) if hour in hours else many for hour, many in enumerate(reps)]


@dataclass(frozen=True)
class Gathered:
    """What is known: leads an hour of the week on average, handling times in seconds, reps on duty."""

    weeks: int
    leads: int
    rates: list[float]
    times: list[int]
    present: list[int]
    people: int
    zone: str = "UTC"
    first: str = ""
    calls: bool = False  # the times are the lengths of first calls, as the reps noted them

    @property
    def measured(self) -> bool:
        return len(self.times) >= LEAST

    @property
    def outside(self) -> int:
        """Leads that came when nobody is on duty."""
        many = (rate for rate, reps in zip(self.rates, self.present, strict=True) if not reps)
        return round(sum(many) * self.weeks)


def gather(scope: Scope) -> Gathered:
    """Six queries, or seven. ``scope.period`` are the weeks looked at; the running one is left out."""
    weeks: Any = scope.period
    current = Weeks.of(monday_of(scope.now, weeks.zone), weeks.zone)
    whole = [monday for monday in weeks.mondays if monday < current.first]
    looked = Weeks.of(whole[0], weeks.zone, len(whole)) if whole else current
    opened = metric.opened(scope.over(looked)).order_by().values_list("opened_at", flat=True)
    quarters = Counter(int(at.timestamp()) // QUARTER for at in opened)
    first = looked.monday_at(datetime.fromtimestamp(min(quarters) * QUARTER, UTC)) if quarters else None
    count = (looked.last - first).days // 7 + 1 if first else 1
    came = Counter[int]()
    for quarter, many in quarters.items():
        came[_hour(datetime.fromtimestamp(quarter * QUARTER, weeks.zone))] += many
    present, people = on_duty(scope, Weeks.of(current.first + WEEK, weeks.zone))
    calls = _calls(scope.over(looked))
    return Gathered(
        weeks=count,
        leads=quarters.total(),
        rates=[round(came[hour] / count, 4) for hour in range(HOURS)],
        times=calls if len(calls) >= LEAST else _handling(scope.over(looked)),
        present=present,
        people=people,
        zone=weeks.zone.key,
        first=str(first or ""),
        calls=len(calls) >= LEAST,
    )


def _hour(local: datetime) -> int:
    return local.weekday() * 24 + local.hour


def _calls(scope: Scope) -> list[int]:
    """How long the first calls took that answered a lead, in seconds, where the rep said so; newest first."""
    rows = handoffs.answered(scope).order_by("-assigned_at", "-pk")
    answers = list(rows.values_list("lead_id", "responded_at", "rep_id")[: 4 * SAMPLE])
    told = Activity.objects.filter(kind="call", properties__has_key="minutes").order_by()
    found: dict[tuple[Any, ...], int] = {}
    for first in range(0, len(answers), 1000):
        some = where_in(told, "lead", [lead for lead, *_ in answers[first : first + 1000]])
        for *key, properties in some.values_list("lead_id", "at", "by_id", "properties"):
            found[tuple(key)] = int(length_of("call", properties).total_seconds())
    return [seconds for one in answers if (seconds := found.get(one, 0))][:SAMPLE]


def _handling(scope: Scope) -> list[int]:
    """From taking the lead to the answer logged by who took it, where that is within the hour; newest first."""
    rows = metric.accepted(scope).filter(decided_by=F("rep"), responded_at__gt=F("decided_at"))
    pairs: Any = rows.order_by("-decided_at", "-pk").values_list("decided_at", "responded_at")[: 4 * SAMPLE]
    took = (int((answered - taken).total_seconds()) for taken, answered in pairs)
    return [seconds for seconds in took if 0 < seconds <= LONGEST][:SAMPLE]


def on_duty(scope: Scope, week: Weeks) -> tuple[list[int], int]:
    """Reps by hour of that week (with holidays and time off as they are noted), and how many reps there are. Who
    works half an hour of an hour or more is counted in it."""
    reps = User.objects.filter(is_rep=True, is_active=True)
    if scope.owners is not None:
        reps = reps.filter(pk__in=scope.owners)
    calendars = calendars_of(reps, since=week.start)
    found = [0] * HOURS
    for calendar in calendars.values():
        for hour in _worked(calendar, week):
            found[hour] += 1
    return found, len(calendars)


def _worked(calendar: Calendar, week: Weeks) -> Iterable[int]:
    """Hours of the week by the company's clock of which at least half is worked."""
    held: Counter[int] = Counter()
    for start, end in calendar.spans(week.start):
        if start >= week.end:
            break
        at = start
        while at < min(end, week.end):
            after = min(end, week.end, _hour_end(at))
            held[_hour(at.astimezone(week.zone))] += int((after - at).total_seconds())
            at = after
    return [hour for hour, seconds in held.items() if seconds >= 1800]


def _hour_end(at: datetime) -> datetime:
    """The next quarter: in every zone an hour begins with one."""
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)


@dataclass(frozen=True)
class Answer:
    """What the simulation says: of the present staffing, of the what-if and of what is required."""

    present: dict[str, Any]
    needed: list[int]
    required: dict[str, Any]
    what_if: dict[str, Any] | None = None
    changed: list[int] = field(default_factory=list)
    takes: float = 0.0


def staffing_known(known: Gathered, asked: Asked) -> Answer | None:
    """The answer, when this very question was asked before."""
    row = StaffingRun.objects.filter(key=_key(known, asked)).first()
    return Answer(**row.result) if row else None


def staffing_answer(known: Gathered, asked: Asked) -> Answer:
    """Simulate, unless it was done before. Two who ask the same at once get the same: the seed is fixed."""
    found = staffing_known(known, asked)
    if found is not None:
        return found
    made = simulate(known, asked)
    StaffingRun.objects.bulk_create([StaffingRun(key=_key(known, asked), result=asdict(made))], ignore_conflicts=True)
    old = StaffingRun.objects.order_by("-pk").values_list("pk", flat=True)[KEPT : KEPT + 1]
    StaffingRun.objects.filter(pk__lte=max(old, default=0)).delete()
    return made


def _key(known: Gathered, asked: Asked) -> str:
    text = json.dumps([VERSION, asdict(known), asdict(asked)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def simulate(known: Gathered, asked: Asked) -> Answer:
    """One to three seconds at thousands of leads a week."""
    takes = asked.handling * 60 if asked.handling else 0 if known.measured else ASSUMED_MINUTES * 60
    draw = exponential(takes) if takes else empirical(known.times)
    judged = None if asked.always or not any(known.present) else known.present
    task = Task(known.rates, draw, asked.within * 60, asked.target, judged)
    weekly = sum(known.rates)
    weeks = weeks_for(known.rates, PER_REPLICATION)
    each = max(1.0, weekly * weeks)
    samples = task.samples(max(5, min(20, round(PER_RUN / each))), weeks)
    few = samples[: max(1, min(len(samples), round(PER_SEARCH / each)))]
    needed, result = searched(task, samples, reps=trimmed(task, few, required(task, few)), rounds=8)
    changed = asked.changed(known.present)
    return Answer(
        present=asdict(task.run(known.present, samples)),
        needed=needed,
        required=asdict(result),
        what_if=asdict(task.run(changed, samples)) if asked.what_if else None,
        changed=changed,
        takes=takes or sum(known.times) / len(known.times),
    )


__all__ = ["Answer", "Asked", "Gathered", "gather", "simulate", "staffing_answer", "staffing_known"]
