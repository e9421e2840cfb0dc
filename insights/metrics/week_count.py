"""Counting weeks of the contract from the handoffs themselves, for every owner at once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from core.bulk import where_in
from handoff.models import Assignment, Handoff
from insights.metrics.scope import NOBODY
from insights.rules.contract import (
    UNREACHABLE,
    USED_STEPS,
    Cell,
    Terms,
    attempts_kept,
    used_bin,
    working_days_end,
)
from insights.rules.rates import span_bin
from insights.rules.weeks import Weeks, midnight
from leads.models import Activity
from leads.rules import RESPONSE_KINDS
from team.models import User
from team.rules.calendar import AROUND_THE_CLOCK, Calendar, zone_get
from team.selectors import calendars_of

Cells = dict[date, dict[int, Cell]]
TermsOf = Callable[[date, int | None], Terms]  # of a week and a team

ROW = (
    *("pk", "lead_id", "rep_id", "state", "assigned_at", "due_at", "responded_at", "decided_at"),
    *("reject_reason__code", "sla__working_time"),
)


def earlier() -> Exists:
    """The lead had been with sales before."""
    return Exists(Handoff.objects.filter(lead=OuterRef("lead"), cycle__lt=OuterRef("cycle")))


def missed() -> QuerySet[Assignment]:
    """Turns that ended after their deadline and without an answer in time."""
    return Assignment.objects.filter(
        Q(responded_at=None) | Q(responded_at__gt=F("due_at")), due_at__lte=F("ended_at")
    )


@dataclass
class Work:
    """Counting some weeks: who the reps are, and when they work."""

    weeks: Weeks
    now: datetime
    terms: TermsOf
    campaign: str = ""
    people: dict[int, User] = field(default_factory=dict)
    calendars: Mapping[int, Calendar] = field(default_factory=dict)

    def count(self) -> Cells:
        """Every owner's cell of every week. Seven queries, and one a thousand leads for their attempts."""
        cells: Cells = {monday: defaultdict(Cell) for monday in self.weeks.mondays}
        start, end = self.weeks.start, self.weeks.end
        self._delivered(cells, start, end)
        rows = list(self._handoffs(assigned_at__gte=start, assigned_at__lt=end).values(*ROW))
        self._know(rows)
        self._answers(rows, cells, self._missed(start, end))
        by_pk = {row["pk"]: row for row in rows}
        for pk, made, kept in self.attempts(rows):
            cell = self._cell(by_pk[pk], cells)
            cell.tries += made
            if kept is not None:
                cell.tried, cell.tried_enough = cell.tried + 1, cell.tried_enough + kept
        self._verdicts(cells)
        return {monday: dict(found) for monday, found in cells.items()}

    def _handoffs(self, **which: Any) -> QuerySet[Handoff]:
        more = {"lead__campaign": self.campaign} if self.campaign else {}
        return Handoff.objects.filter(**which, **more).order_by()

    def _missed(self, start: datetime, end: datetime) -> dict[int, tuple[int, datetime]]:
        """Handoffs whose reps before the present one let deadlines pass: how many, and when the first began."""
        rows = missed().filter(handoff__assigned_at__gte=start, handoff__assigned_at__lt=end, handoff__turn__gt=1)
        found = rows.filter(at__lt=F("handoff__assigned_at")).order_by().values_list("handoff")
        return {pk: (n, since) for pk, n, since in found.annotate(n=Count("pk"), since=Min("at"))}

    def _delivered(self, cells: Cells, start: datetime, end: datetime) -> None:
        rows = self._handoffs(opened_at__gte=start, opened_at__lt=end).annotate(known=earlier())
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

    def _answers(
        self, rows: Iterable[dict[str, Any]], cells: Cells, missed: Mapping[int, tuple[int, datetime]]
    ) -> None:
        for row in rows:
            cell = self._cell(row, cells)
            due, responded = row["due_at"], row["responded_at"]
            late, since = missed.get(row["pk"], (0, row["assigned_at"]))
            cell.assigned += 1
            if responded is None:
                if late or (due is not None and due < self.now):
                    cell.judged, cell.never = cell.judged + 1, cell.never + 1
                continue
            seconds = int((responded - since).total_seconds())
            cell.answered, cell.judged = cell.answered + 1, cell.judged + 1
            cell.in_time += not late and (due is None or responded <= due)
            cell.seconds += seconds
            place = span_bin(seconds)
            cell.bins[place] = cell.bins.get(place, 0) + 1
            if due is not None:
                place = min(self._used(row) + 4 * late, USED_STEPS - 1)  # a missed deadline is all of the time
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
        rows = self._handoffs(decided_at__gte=self.weeks.start, decided_at__lt=self.weeks.end, state__in=states)
        names = ("decided_at", "rep_id", "state", "reject_reason_id", "lead__campaign", "lead__source")
        for at, rep, state, reason, campaign, source in rows.values_list(*names):
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
