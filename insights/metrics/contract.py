"""The weeks of the contract: counted from the handoffs, or read as the worker kept them (services/weeks.py)."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.bulk import where_in
from handoff.models import Handoff
from insights.metrics import handoffs
from insights.metrics.scope import NOBODY, Scope
from insights.models import EVERYBODY, ContractWeek
from insights.rules.contract import UNREACHABLE, Cell, Terms, attempts_kept, total, used_bin, working_days_end
from insights.rules.rates import span_bin
from insights.rules.weeks import Weeks, midnight
from leads.models import Activity
from leads.rules import RESPONSE_KINDS
from team.models import User
from team.rules.calendar import AROUND_THE_CLOCK, Calendar, zone_get
from team.selectors import calendars_of

LIVE = 1000  # so many handoffs are counted while somebody waits; above, the worker keeps the weeks
Cells = dict[date, dict[int, Cell]]
TermsOf = Callable[[date, int | None], Terms]  # of a week and a team

_ROW = (
    *("pk", "lead_id", "rep_id", "state", "assigned_at", "due_at", "responded_at", "decided_at"),
    *("reject_reason__code", "sla__working_time"),
)


def delivered(scope: Scope) -> QuerySet[Handoff]:
    """Handed over to sales for the first time in the period: MQLs."""
    return opened(scope).exclude(_earlier())


def again(scope: Scope) -> QuerySet[Handoff]:
    """Handed over in the period, and had been with sales before."""
    return opened(scope).filter(_earlier())


def opened(scope: Scope) -> QuerySet[Handoff]:
    return scope.handoffs().filter(opened_at__gte=scope.period.start, opened_at__lt=scope.period.end)


def _earlier() -> Exists:
    return Exists(Handoff.objects.filter(lead=OuterRef("lead"), cycle__lt=OuterRef("cycle")))


def waiting(scope: Scope) -> QuerySet[Handoff]:
    """Nobody has called, written to or met them yet, and nobody decided: now, whatever the period."""
    without = Q(state=Handoff.State.WAITING) | Q(state=Handoff.State.ASSIGNED) | Q(state=Handoff.State.ACCEPTED)
    return scope.handoffs().filter(without, responded_at=None, closed_at=None)


def judged(scope: Scope) -> QuerySet[Handoff]:
    """Assigned in the period, and answered or past the deadline."""
    unanswered = Q(responded_at__isnull=True, due_at__lt=scope.now)
    return handoffs.assigned(scope).filter(unanswered | Q(responded_at__isnull=False))


def accepted(scope: Scope) -> QuerySet[Handoff]:
    return handoffs.decided(scope).filter(state=Handoff.State.ACCEPTED)


def tried_ids(scope: Scope, terms: TermsOf, *, enough: bool) -> list[int]:
    """The handoffs assigned in the period for which it is decided whether enough was tried; ``enough``: those where
    it was."""
    work = Work(scope.period, scope.now, terms)  # type: ignore[arg-type]
    rows = list(handoffs.assigned(scope).order_by().values(*_ROW))
    return [pk for pk, _, kept in work.attempts(rows) if kept is not None and (kept or not enough)]


@dataclass
class Work:
    """Counting some weeks: who the reps are, and when they work."""

    weeks: Weeks
    now: datetime
    terms: TermsOf
    people: dict[int, User] = field(default_factory=dict)
    calendars: Mapping[int, Calendar] = field(default_factory=dict)

    def count(self) -> Cells:
        """Every owner's cell of every week. Six queries, and one a thousand leads for their attempts."""
        cells: Cells = {monday: defaultdict(Cell) for monday in self.weeks.mondays}
        start, end = self.weeks.start, self.weeks.end
        self._delivered(cells, start, end)
        rows = list(Handoff.objects.filter(assigned_at__gte=start, assigned_at__lt=end).order_by().values(*_ROW))
        self._know(rows)
        self._answers(rows, cells)
        by_pk = {row["pk"]: row for row in rows}
        for pk, made, kept in self.attempts(rows):
            cell = self._cell(by_pk[pk], cells)
            cell.tries += made
            if kept is not None:
                cell.tried, cell.tried_enough = cell.tried + 1, cell.tried_enough + kept
        self._verdicts(cells)
        return {monday: dict(found) for monday, found in cells.items()}

    def _delivered(self, cells: Cells, start: datetime, end: datetime) -> None:
        rows = Handoff.objects.filter(opened_at__gte=start, opened_at__lt=end).order_by().annotate(known=_earlier())
        for at, rep, source, known in rows.values_list("opened_at", "rep_id", "lead__source", "known"):
            cell = cells[self.weeks.monday_at(at)][rep or NOBODY]
            if known:
                cell.again += 1
                continue
            cell.mqls += 1
            cell.sources[source] = cell.sources.get(source, 0) + 1

    def _cell(self, row: dict[str, Any], cells: Cells) -> Cell:
        return cells[self.weeks.monday_at(row["assigned_at"])][row["rep_id"] or NOBODY]

    def _know(self, rows: Sequence[dict[str, Any]]) -> None:
        """Two or three queries."""
        ids = {row["rep_id"] for row in rows if row["rep_id"]} - self.people.keys()
        if ids:
            self.people |= User.objects.in_bulk(ids)
            self.calendars = {**calendars_of(self.people.values(), since=self.weeks.start)}

    def _answers(self, rows: Iterable[dict[str, Any]], cells: Cells) -> None:
        for row in rows:
            cell = self._cell(row, cells)
            assigned, due, responded = row["assigned_at"], row["due_at"], row["responded_at"]
            cell.assigned += 1
            if responded is None:
                if due is not None and due < self.now:
                    cell.judged, cell.never = cell.judged + 1, cell.never + 1
                continue
            seconds = int((responded - assigned).total_seconds())
            cell.answered, cell.judged = cell.answered + 1, cell.judged + 1
            cell.in_time += due is None or responded <= due
            cell.seconds += seconds
            place = span_bin(seconds)
            cell.bins[place] = cell.bins.get(place, 0) + 1
            if due is not None:
                place = self._used(row)
                cell.used[place] = cell.used.get(place, 0) + 1

    def _used(self, row: dict[str, Any]) -> int:
        """In the rep's working time where the response time counts that. In time or late is as the clock said then,
        though the rep's hours may have changed since."""
        calendar = self.calendars.get(row["rep_id"]) if row["sla__working_time"] else None
        clock = calendar or AROUND_THE_CLOCK
        used = clock.worked_between(row["assigned_at"], row["responded_at"])
        place = used_bin(used, clock.worked_between(row["assigned_at"], row["due_at"]))
        return min(place, 3) if row["responded_at"] <= row["due_at"] else max(place, 4)

    def attempts(self, rows: Sequence[dict[str, Any]]) -> Iterable[tuple[int, int, bool | None]]:
        """(handoff, attempts within the days promised, whether that is enough; None while there is time)."""
        self._know(rows)
        made = _attempts_of({row["lead_id"] for row in rows}, self.weeks.start)
        ends: dict[tuple[date, int, int], datetime] = {}
        for row in rows:
            rep = self.people.get(row["rep_id"] or 0)
            terms = self.terms(self.weeks.monday_at(row["assigned_at"]), rep.team_id if rep else None)
            end = self._window(row["assigned_at"], rep, terms.attempt_days, ends)
            count = sum(row["assigned_at"] <= at < end for at in made.get(row["lead_id"], ()))
            if not terms.attempts:
                yield row["pk"], count, None
                continue
            kept = attempts_kept(
                count,
                terms.attempts,
                decided_by=row["decided_at"],
                gave_up=row["reject_reason__code"] == UNREACHABLE,
                ends=end,
                now=self.now,
            )
            yield row["pk"], count, kept

    def _window(self, assigned: datetime, rep: User | None, days: int, known: dict[Any, datetime]) -> datetime:
        """Midnight after the last of so many working days, in the rep's zone."""
        zone = zone_get(rep.time_zone) if rep else self.weeks.zone
        day = assigned.astimezone(zone).date()
        key = (day, rep.pk if rep else 0, days)
        if key not in known:
            calendar = self.calendars.get(rep.pk) if rep else None
            last = working_days_end(day, days, _works_on(calendar))
            known[key] = midnight(last + timedelta(days=1), zone)
        return known[key]

    def _verdicts(self, cells: Cells) -> None:
        states = [Handoff.State.ACCEPTED, Handoff.State.REJECTED]
        rows = Handoff.objects.filter(decided_at__gte=self.weeks.start, decided_at__lt=self.weeks.end)
        found = rows.filter(state__in=states).order_by()
        names = ("decided_at", "rep_id", "state", "reject_reason_id", "lead__campaign", "lead__source")
        for at, rep, state, reason, campaign, source in found.values_list(*names):
            verdicts = cells[self.weeks.monday_at(at)][rep or NOBODY].verdicts
            key = (int(state == Handoff.State.ACCEPTED), reason or 0, campaign, source)
            verdicts[key] = verdicts.get(key, 0) + 1


def _works_on(calendar: Calendar | None) -> Callable[[date], bool]:
    """Whether somebody works on a day: their weekdays, less holidays and days off of the company."""
    hours = calendar.hours if calendar else {}
    days = {int(day) for day, spans in hours.items() if spans} or set(range(5))
    closed = calendar.closed if calendar else frozenset()
    return lambda day: day.weekday() in days and day not in closed


def _attempts_of(leads: Collection[int], since: datetime) -> dict[int, list[datetime]]:
    """When our people called, wrote to or met these leads."""
    found: dict[int, list[datetime]] = defaultdict(list)
    ids = sorted(leads)
    rows = Activity.objects.filter(kind__in=RESPONSE_KINDS, by__isnull=False, at__gte=since).order_by()
    for first in range(0, len(ids), 1000):
        for lead, at in where_in(rows, "lead", ids[first : first + 1000]).values_list("lead_id", "at"):
            found[lead].append(at)
    return found


@dataclass(frozen=True)
class Record:
    """Weeks as read: each week's cell under the reader's filters, and when they were counted."""

    weeks: list[tuple[date, Cell]]
    as_of: datetime


def record(scope: Scope, terms: TermsOf) -> Record:
    """The weeks of ``scope.period``. Few handoffs are counted now; many are read as kept, and what is not kept yet is
    counted."""
    weeks: Any = scope.period
    kept, as_of = ({}, scope.now) if is_small(weeks) else _kept(scope, weeks)
    missing = [monday for monday in weeks.mondays if monday not in kept]
    for some in _runs(missing, weeks.zone):
        for monday, cells in Work(some, scope.now, terms).count().items():
            kept[monday] = total(cell for owner, cell in cells.items() if _mine(scope, owner))
    return Record([(monday, kept[monday]) for monday in weeks.mondays], as_of)


def is_small(weeks: Weeks) -> bool:
    rows = Handoff.objects.filter(opened_at__gte=weeks.start, opened_at__lt=weeks.end).order_by("-opened_at", "-id")
    return len(rows.values_list("pk")[: LIVE + 1]) <= LIVE


def _mine(scope: Scope, owner: int) -> bool:
    return scope.owners is None or owner in scope.owners


def _kept(scope: Scope, weeks: Weeks) -> tuple[dict[date, Cell], datetime]:
    """What the worker counted last, and when it counted the oldest of it. One query."""
    owners = [EVERYBODY] if scope.owners is None else [EVERYBODY, *sorted(scope.owners)]
    rows = ContractWeek.objects.filter(monday__in=weeks.mondays, owner__in=owners)
    found: dict[date, Cell] = {}
    oldest = scope.now
    for monday, owner, body, at in rows.values_list("monday", "owner", "body", "counted_at"):
        cell = found.setdefault(monday, Cell())
        oldest = min(oldest, at)
        if scope.owners is None or owner != EVERYBODY:
            cell.add(Cell.load(body))
    return found, oldest


def _runs(mondays: Sequence[date], zone: ZoneInfo) -> Iterable[Weeks]:
    """Weeks that follow each other, as one."""
    start = 0
    for index in range(1, len(mondays) + 1):
        if index == len(mondays) or mondays[index] - mondays[index - 1] != timedelta(days=7):
            yield Weeks.of(mondays[start], zone, index - start)
            start = index
