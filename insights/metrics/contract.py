"""The weeks of the contract: counted now, or read as the worker kept them (services/weeks.py); and their rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff.models import Handoff
from insights.metrics import handoffs
from insights.metrics.scope import Scope
from insights.metrics.week_count import ROW, TermsOf, Work, earlier, missed
from insights.models import EVERYBODY, ContractWeek
from insights.rules.contract import Cell, total
from insights.rules.weeks import Weeks

LIVE = 1000  # so many handoffs are counted while somebody waits; above, the worker keeps the weeks


def delivered(scope: Scope) -> QuerySet[Handoff]:
    """Handed over to sales for the first time in the period: MQLs."""
    return opened(scope).exclude(earlier())


def again(scope: Scope) -> QuerySet[Handoff]:
    """Handed over in the period, and had been with sales before."""
    return opened(scope).filter(earlier())


def opened(scope: Scope) -> QuerySet[Handoff]:
    return scope.handoffs().filter(opened_at__gte=scope.period.start, opened_at__lt=scope.period.end)


def waiting(scope: Scope) -> QuerySet[Handoff]:
    """Nobody has called, written to or met them yet, and nobody decided: now, whatever the period."""
    without = Q(state=Handoff.State.WAITING) | Q(state=Handoff.State.ASSIGNED) | Q(state=Handoff.State.ACCEPTED)
    return scope.handoffs().filter(without, responded_at=None, closed_at=None)


def judged(scope: Scope) -> QuerySet[Handoff]:
    """Assigned in the period, and answered or past a deadline."""
    return handoffs.assigned(scope).filter(_overdue(scope) | Q(responded_at__isnull=False))


def in_time(scope: Scope) -> QuerySet[Handoff]:
    return handoffs.in_time(scope).exclude(missed_before())


def never(scope: Scope) -> QuerySet[Handoff]:
    """Assigned in the period, past a deadline, and without any answer yet."""
    return handoffs.assigned(scope).filter(_overdue(scope), responded_at=None)


def _overdue(scope: Scope) -> Q:
    return Q(responded_at__isnull=True) & (Q(due_at__lt=scope.now) | Q(missed_before()))


def missed_before() -> Exists:
    """Somebody who had it before the present rep let the deadline pass: whoever answered then, it was late."""
    return Exists(missed().filter(handoff=OuterRef("pk"), at__lt=OuterRef("assigned_at")))


def accepted(scope: Scope) -> QuerySet[Handoff]:
    return handoffs.decided(scope).filter(state=Handoff.State.ACCEPTED)


def tried_ids(scope: Scope, terms: TermsOf, *, enough: bool) -> list[int]:
    """The handoffs assigned in the period for which it is decided whether enough was tried; ``enough``: those where
    it was."""
    work = Work(scope.period, scope.now, terms)  # type: ignore[arg-type]
    rows = list(handoffs.assigned(scope).order_by().values(*ROW))
    return [pk for pk, _, kept in work.attempts(rows) if kept is not None and (kept or not enough)]


@dataclass(frozen=True)
class Record:
    """Weeks as read: each week's cell under the reader's filters, and when they were counted."""

    weeks: list[tuple[date, Cell]]
    as_of: datetime


def record(scope: Scope, terms: TermsOf) -> Record:
    """The weeks of ``scope.period``. Few handoffs are counted now; many are read as kept, and what is not kept yet is
    counted, and so is one campaign."""
    weeks: Any = scope.period
    kept, as_of = ({}, scope.now) if scope.campaign or is_small(weeks) else _kept(scope, weeks)
    missing = [monday for monday in weeks.mondays if monday not in kept]
    for some in _runs(missing, weeks.zone):
        for monday, cells in Work(some, scope.now, terms, scope.campaign).count().items():
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
