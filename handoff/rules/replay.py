"""Going through the past with other rules: who would have had which lead, and when. Pure.

Time goes from event to event: a lead passes the bar, somebody's hours begin or end, a day begins, a lead that
somebody had is done. Whenever somebody becomes able, the best of those who wait are tried again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from handoff.rules.candidates import Candidate
from handoff.rules.route import MANAGER, OVERFLOW, Decision, Desk, LeadFacts
from team.rules import Calendar, day_start

RELEASE, EDGE, DAY, ARRIVE, NOTE = 0, 1, 2, 3, 4  # of one moment, in this order
TOLD_EVERY = 500


class Arrival(NamedTuple):
    """A lead that passed the bar. ``busy``: how long a rep had it in truth; None when it is open still."""

    at: datetime
    lead: LeadFacts
    instant: bool
    score: int
    busy: timedelta | None


class Given(NamedTuple):
    rep: int
    at: datetime
    waited: timedelta
    how: str
    rule: int


@dataclass
class Replayed:
    """``given`` by place of the arrival; ``loads``: at the end of each day (UTC), how many each rep has open."""

    given: dict[int, Given] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    no_rule: int = 0
    by_rule: Counter[int] = field(default_factory=Counter)
    loads: list[tuple[datetime, dict[int, int]]] = field(default_factory=list)

    def count(self, how: str) -> int:
        return sum(one.how == how for one in self.given.values())

    @property
    def overflowed(self) -> int:
        return self.count(OVERFLOW)

    @property
    def managers(self) -> int:
        return self.count(MANAGER)


@dataclass
class Past:
    """What is known of the past: see ``run``. ``calendars`` are also of the managers who take what nobody can have.
    ``open_before``: who had a lead at the beginning, and until when."""

    since: datetime
    until: datetime
    arrivals: Sequence[Arrival]
    calendars: Mapping[int, Calendar]
    zones: Mapping[int, str]
    open_before: Sequence[tuple[int, datetime | None]] = ()


class Replay:
    """One run. ``tell(done, total)`` is called now and then; it may raise to stop."""

    def __init__(self, desk: Desk, past: Past, tell: Callable[[int, int], None] = lambda done, total: None) -> None:
        self.desk, self.past, self.tell = desk, past, tell
        self.out = Replayed()
        self.events: list[tuple[datetime, int, int, Any]] = []
        self.waiting: dict[tuple[int, str], list[tuple[bool, int, int]]] = {}
        self._number = 0
        pools = [route.fallback for route in desk.routes if route.fallback and route.fallback.how == MANAGER]
        self.managers: dict[int, list[Candidate]] = {}
        for one in (one for pool in pools for one in pool.reps):
            self.managers.setdefault(one.id, []).append(one)

    def run(self) -> Replayed:
        self._begin()
        total = len(self.past.arrivals)
        seen = 0
        while self.events:
            at, kind, _, what = heappop(self.events)
            if kind == ARRIVE:
                self._arrive(what, at)
                seen += 1
                if seen % TOLD_EVERY == 0:
                    self.tell(seen, total)
            else:
                self._clock(kind, what, at)
        return self.out

    def _clock(self, kind: int, what: Any, at: datetime) -> None:
        if kind == RELEASE:
            self._release(what, at)
        elif kind == DAY:
            self._day(what, at)
        elif kind == EDGE:
            self._edge(what, at)
        else:
            self._note(at)

    def _begin(self) -> None:
        past = self.past
        self._desks()
        for place, arrival in enumerate(past.arrivals):
            self._at(arrival.at, ARRIVE, place)
        for calendar, reps in self._shared(past.calendars).items():
            for moment in edges(calendar, past.since, past.until):
                self._at(moment, EDGE, (calendar, reps))
        for zone, reps in self._shared(past.zones).items():
            for moment in midnights(zone, past.since, past.until):
                self._at(moment, DAY, reps)
        for moment in midnights("UTC", past.since, past.until):
            self._at(moment, NOTE, None)
        heapify(self.events)

    def _desks(self) -> None:
        """Everybody as they were at the beginning."""
        past = self.past
        for one in self.desk.candidates.values():
            one.open = one.today = 0
            one.working = past.calendars[one.id].is_working(past.since)
        for rep in self._everybody():
            self._off(rep, past.calendars[rep].is_off(past.since))
        for rep, until in past.open_before:
            if rep in self.desk.candidates:
                self.desk.candidates[rep].open += 1
                if until is not None and until < past.until:
                    self._at(until, RELEASE, rep)

    def _everybody(self) -> list[int]:
        return sorted(self.desk.candidates.keys() | self.managers.keys())

    def _off(self, rep: int, away: bool) -> None:
        if rep in self.desk.candidates:
            self.desk.candidates[rep].away = away
        for one in self.managers.get(rep, ()):
            one.away = away

    def _shared(self, of: Mapping[int, Any]) -> dict[Any, list[int]]:
        out: dict[Any, list[int]] = {}
        for rep in self._everybody():
            out.setdefault(of[rep], []).append(rep)
        return out

    def _at(self, at: datetime, kind: int, what: Any) -> None:
        self._number += 1
        self.events.append((at, kind, self._number, what))

    def _arrive(self, place: int, at: datetime) -> None:
        arrival = self.past.arrivals[place]
        decision = self.desk.decide(arrival.lead)
        if decision.route is None:
            self.out.no_rule += 1
            return
        self.out.by_rule[decision.route.id] += 1
        if decision.choice.rep is not None:
            self._give(place, decision, at)
            return
        self.out.held.add(place)
        key = decision.route.id, decision.route.need(arrival.lead).key
        heappush(self.waiting.setdefault(key, []), (not arrival.instant, -arrival.score, place))

    def _give(self, place: int, decision: Decision, at: datetime) -> None:
        arrival = self.past.arrivals[place]
        rep = decision.choice.rep
        assert rep is not None and decision.route is not None
        self.desk.serve(decision)
        self.out.given[place] = Given(rep, at, at - arrival.at, decision.choice.how, decision.route.id)
        if arrival.busy is not None and at + arrival.busy < self.past.until:
            self._number += 1
            heappush(self.events, (at + arrival.busy, RELEASE, self._number, rep))

    def _release(self, rep: int, at: datetime) -> None:
        one = self.desk.candidates.get(rep)
        if one is None:
            return
        was_full = bool(one.unable())
        one.open = max(0, one.open - 1)
        if was_full:
            self._again(at)
        else:
            self.desk.lighter(rep)

    def _edge(self, what: tuple[Calendar, list[int]], at: datetime) -> None:
        calendar, reps = what
        working, away = calendar.is_working(at), calendar.is_off(at)
        for rep in reps:
            self._off(rep, away)
            if rep in self.desk.candidates:
                self.desk.candidates[rep].working = working
        self._again(at)

    def _day(self, reps: list[int], at: datetime) -> None:
        full = False
        for one in (self.desk.candidates[rep] for rep in reps if rep in self.desk.candidates):
            full = full or one.today >= one.capacity_day
            one.today = 0
        if full:
            self._again(at)

    def _note(self, at: datetime) -> None:
        self.out.loads.append((at, {rep: one.open for rep, one in self.desk.candidates.items()}))

    def _again(self, at: datetime) -> None:
        """Somebody's day changed: who waits is tried again, best first; a kind of lead that fails waits on."""
        self.desk.look()
        open_kinds = set(self.waiting)
        while open_kinds:
            key = min(open_kinds, key=lambda one: self.waiting[one][0])
            place = self.waiting[key][0][2]
            decision = self.desk.decide(self.past.arrivals[place].lead)
            if decision.choice.rep is None:
                open_kinds.discard(key)
                continue
            heappop(self.waiting[key])
            if not self.waiting[key]:
                del self.waiting[key]
                open_kinds.discard(key)
            self._give(place, decision, at)


def edges(calendar: Calendar, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment at which somebody's work or time off begins or ends."""
    found = {moment for span in calendar.off for moment in span}
    for opens, closes in calendar.spans(since):
        if opens >= until:
            break
        found |= {opens, closes}
    return iter(sorted(one for one in found if since < one < until))


def midnights(zone: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """The beginning of each local day."""
    day = timedelta(hours=30)  # further than any local day lasts, and less than two
    at = day_start(since + day, zone)
    while at < until:
        if at > since:
            yield at
        at = day_start(at + day, zone)


def expected(desk: Desk, by_rule: Mapping[int, int]) -> dict[int, float]:
    """How many leads each rep has coming by weight alone: each rule's leads, shared among all of its pool."""
    out: dict[int, float] = {}
    for route in desk.routes:
        total = sum(route.pool.weights.values())
        for rep, weight in route.pool.weights.items():
            if total:
                out[rep] = out.get(rep, 0.0) + by_rule.get(route.id, 0) * weight / total
    return out
