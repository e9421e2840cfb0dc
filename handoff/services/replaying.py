"""What a replay reads of the past and what it makes of it. Reads only; nothing is given to anybody."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from core.jobs import Tell
from funnels.models import Stage
from handoff import rules
from handoff.models import Assignment, Handoff, RoutingReplay, RoutingRule
from handoff.rules.replay import Arrival, Past, Replay, Replayed, expected
from handoff.rules.route import MANAGER, OVERFLOW
from handoff.services.loads import LOAD_DAYS
from handoff.services.places import asks_place, lead_facts
from handoff.services.pool import Routing
from handoff.services.slas import matching_by
from team.models import User

CHUNK = 2000
HELD = timedelta(minutes=1)  # in truth: whoever waited so long was held
STAGE = ("lead__standing__stage__kind", "lead__standing__stage_since")
KEYS = (
    "pk",
    "lead_id",
    "opened_at",
    "instant",
    "score",
    "state",
    "decided_at",
    "closed_at",
    "due_at",
    "responded_at",
    *STAGE,
)


class Row(NamedTuple):
    """A handoff of the past. ``rep``, ``at`` and ``how``: who had it first, since when, and what decided."""

    pk: int
    lead_id: int
    opened_at: datetime
    instant: bool
    score: int
    state: str
    decided_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    responded_at: datetime | None
    stage: str
    stage_since: datetime
    rep: int | None
    at: datetime | None
    how: str

    @property
    def ended(self) -> datetime | None:
        """When it took no room any more."""
        return _ended(self.state, self.decided_at, self.closed_at, self.stage, self.stage_since)


def _ended(
    state: str, decided: datetime | None, closed: datetime | None, stage: str, stage_since: datetime
) -> datetime | None:
    """As the load of a rep is counted (``loads``): until its deal closes or the lead moves on, and not for ever."""
    if state == Handoff.State.REJECTED or decided is None:
        return closed or decided
    moved = stage_since if stage != Stage.Kind.HANDED_OFF else None
    return min(one for one in (closed, moved, decided + timedelta(days=LOAD_DAYS)) if one is not None)


@dataclass
class Run:
    """The days gone through by some rules."""

    routing: Routing
    past: Past
    found: Replayed

    @property
    def counts(self) -> Counter[int]:
        return Counter(one.rep for one in self.found.given.values())

    @property
    def shares(self) -> dict[int, float]:
        return expected(self.routing.desk, self.found.by_rule)


def replay_result(replay: RoutingReplay, tell: Tell) -> dict[str, Any]:
    """Go through the days again and say what would have been otherwise; a draft's beside the rules in force."""
    until, since = replay.until, replay.until - timedelta(days=replay.days)
    tell(0, 0, "Reading the handoffs")
    rows = _rows(since, until)
    run = _run(replay.rules, rows, since, until, tell, "Handing over again")
    live = _run(replay.in_force, rows, since, until, tell, "By the rules in force") if replay.in_force else None
    tell(len(rows), len(rows), "Adding up")
    return _report(rows, run, live)


def _run(kept: list[Any], rows: Sequence[Row], since: datetime, until: datetime, tell: Tell, step: str) -> Run:
    routing = Routing.of_rules(_rules(kept), [], now=until, since=since)
    facts = _facts(routing, rows, until, tell)
    arrivals = [_arrival(row, facts) for row in rows]
    zones = {rep: one.time_zone for rep, one in routing.people.items()}
    past = Past(since, until, arrivals, routing.calendars, zones, _open_before(since))
    return Run(routing, past, Replay(routing.desk, past, lambda done, total: tell(done, total, step)).run())


def _rules(kept: list[Any]) -> list[RoutingRule]:
    """The rules as they were when the replay was asked for."""
    out = []
    for values in kept:
        values = dict(values)
        named = {int(rep): weight for rep, weight in values.pop("named").items()}
        rule: Any = RoutingRule(**values)
        rule.found_named, rule.found_turns = named, {False: {}, True: {}}
        out.append(rule)
    return out


def _rows(since: datetime, until: datetime) -> list[Row]:
    found = Handoff.objects.filter(opened_at__gte=since, opened_at__lt=until).order_by("opened_at", "pk")
    rows = list(found.values_list(*KEYS))
    first: dict[int, tuple[int, datetime, str]] = {}
    given = Assignment.objects.filter(handoff__opened_at__gte=since, handoff__opened_at__lt=until, turn=1)
    for handoff, rep, at, how in given.values_list("handoff_id", "rep_id", "at", "how"):
        first[handoff] = rep, at, how
    return [Row(*row, *first.get(row[0], (None, None, ""))) for row in rows]


def _facts(routing: Routing, rows: Sequence[Row], now: datetime, tell: Tell) -> dict[int, rules.LeadFacts]:
    places = any(asks_place(rule) for rule in routing.order)
    ids = sorted({row.lead_id for row in rows})
    out: dict[int, rules.LeadFacts] = {}
    matching: dict[int, set[int]] = {rule.pk: set() for rule in routing.order if rule.condition}
    for done in range(0, len(ids), CHUNK):
        tell(done, len(ids), "Reading the leads")
        chunk = ids[done : done + CHUNK]
        out |= lead_facts(chunk, places=places)
        for rule, found in matching_by(routing.order, chunk, now).items():
            matching[rule] |= found
    for route in routing.desk.routes:
        route.matching = matching.get(route.id)
    return out


def _arrival(row: Row, facts: dict[int, rules.LeadFacts]) -> Arrival:
    busy = max(row.ended - row.at, timedelta()) if row.ended and row.at else None
    lead = facts.get(row.lead_id) or rules.LeadFacts(row.lead_id)
    return Arrival(row.opened_at, lead, row.instant, row.score, busy)


def _open_before(since: datetime) -> list[tuple[int, datetime | None]]:
    """Who had an undecided or accepted lead when the days began, and until when."""
    rows = Handoff.objects.filter(
        opened_at__lt=since,
        opened_at__gte=since - 2 * timedelta(days=LOAD_DAYS),
        assigned_at__lt=since,
        rep__isnull=False,
    )
    out: list[tuple[int, datetime | None]] = []
    for rep, *rest in rows.values_list("rep", "state", "decided_at", "closed_at", *STAGE):
        ended = _ended(*rest)
        if ended is None or ended > since:
            out.append((rep or 0, ended))
    return out


def _report(rows: Sequence[Row], run: Run, live: Run | None) -> dict[str, Any]:
    then = Counter(row.rep for row in rows if row.rep is not None)
    now, due, usual = run.counts, run.shares, live.counts if live else then
    due_then = live.shares if live else due
    ids = sorted({*then, *now, *due, *usual})
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
    answered, candidates = _answered(rows), run.routing.candidates
    reps = [
        {
            "id": rep,
            "name": names.get(rep, "Somebody"),
            "then": then[rep],
            "live": usual[rep],
            "now": now[rep],
            "change": f"{now[rep] - usual[rep]:+d}".replace("+0", "0").replace("-", "\N{MINUS SIGN}"),
            "expected": round(due.get(rep, 0.0), 1),
            "open": max((loads.get(rep, 0) for _, loads in run.found.loads), default=0),
            "capacity": candidates[rep].capacity_open if rep in candidates else 0,
            "in_time": answered.get(rep, (0, 0))[0],
            "due": answered.get(rep, (0, 0))[1],
        }
        for rep in ids
    ]
    runs = [run, live] if live else [run]
    return {
        "handoffs": len(rows),
        "reps": sorted(reps, key=lambda one: (-one["now"], one["name"])),
        **_totals(rows, run),
        "before": _before(rows),
        "live": _totals(rows, live) if live else None,
        "off_then": _off(then, due_then),
        "off_now": _off(now, due),
        "off_live": _off(usual, due_then),
        "rules": [[route.name, run.found.by_rule[route.id]] for route in run.routing.desk.routes],
        "days": [list(day) for day in zip(*_days(rows, runs), strict=True)],
    }


def _totals(rows: Sequence[Row], run: Run) -> dict[str, Any]:
    found = run.found
    waits = [one.waited.total_seconds() for place, one in found.given.items() if place in found.held]
    return {
        "given": len(found.given),
        "held": len(found.held),
        "waiting": len(rows) - len(found.given) - found.no_rule,
        "no_rule": found.no_rule,
        "overflowed": found.overflowed,
        "managers": found.managers,
        "off_hours": found.count("off_hours"),
        "wait": round(median(waits)) if waits else 0,
    }


def _off(counts: Counter[int], due: dict[int, float]) -> float:
    """By how many leads somebody is furthest from the share that their weight gives."""
    return round(max((abs(counts[rep] - share) for rep, share in due.items()), default=0.0), 1)


def _before(rows: Sequence[Row]) -> dict[str, Any]:
    """The same in truth: to be read beside what the rules would have done."""
    given = [(row.at - row.opened_at, row.how) for row in rows if row.at]
    waits = [wait.total_seconds() for wait, _ in given if wait >= HELD]
    ways = Counter(how for _, how in given)
    return {
        "given": len(given),
        "held": len(waits) + len(rows) - len(given),
        "waiting": len(rows) - len(given),
        "overflowed": ways[OVERFLOW],
        "managers": ways[MANAGER],
        "off_hours": ways["off_hours"],
        "wait": round(median(waits)) if waits else 0,
    }


def _answered(rows: Sequence[Row]) -> dict[int, tuple[int, int]]:
    """rep -> (answered in time, with a deadline that has passed or was met)."""
    out: dict[int, list[int]] = {}
    for row in rows:
        if row.rep is not None and row.due_at is not None:
            one = out.setdefault(row.rep, [0, 0])
            one[0] += row.responded_at is not None and row.responded_at <= row.due_at
            one[1] += 1
    return {rep: (one[0], one[1]) for rep, one in out.items()}


def _days(rows: Sequence[Row], runs: Sequence[Run]) -> Iterator[list[Any]]:
    """Columns: each day; then of its end the busiest rep's load in percent, in truth and by each of the runs."""
    run = runs[0]
    room = {rep: one.capacity_open for rep, one in run.routing.candidates.items() if one.capacity_open}

    def busiest(loads: Mapping[int, int]) -> int:
        return max((round(100 * loads.get(rep, 0) / most) for rep, most in room.items()), default=0)

    spans = [(rep, run.past.since, ended) for rep, ended in run.past.open_before]
    spans += [(row.rep, row.at, row.ended) for row in rows if row.rep is not None and row.at is not None]
    ends = [at for at, _ in run.found.loads]
    yield [f"{at.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%d}" for at in ends]  # midnight ends the day before
    yield [
        busiest(Counter(rep for rep, start, end in spans if start <= at and (end is None or end > at))) for at in ends
    ]
    for one in runs:
        yield [busiest(loads) for _, loads in one.found.loads]
