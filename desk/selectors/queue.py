"""What a person has to do now, in order."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from core.rules import whole_read
from deals.selectors import StalledDeal, TaskDue, deals_stalled, tasks_due
from handoff.selectors import Asked, queue_for


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One thing to do: why it is here, until when, and about whom."""

    key: str  # "handoff-12", "task-3", "deal-9": also its place in the page
    kind: str  # handoff (to decide), answer (accepted, not called yet), task, deal
    pk: int  # of the handoff, task or deal
    title: str
    line: str
    lead_id: int | None = None
    deal_id: int | None = None
    score: str = ""  # grade and score of a new lead
    starts_at: datetime | None = None
    due_at: datetime | None = None
    level: str = ""  # "", "amber", "red"
    days: int = 0


@dataclass
class Queue:
    """My queue: on the clock, due today, going quiet."""

    clock: list[QueueItem] = field(default_factory=list)
    due: list[QueueItem] = field(default_factory=list)
    quiet: list[QueueItem] = field(default_factory=list)

    @cached_property
    def items(self) -> list[QueueItem]:
        return [*self.clock, *self.due, *self.quiet]

    @property
    def keys(self) -> str:
        return ",".join([one.key for one in self.items])

    @property
    def sentence(self) -> str:
        """'2 new leads on the clock, 3 tasks due, 2 deals going quiet'."""
        parts = [
            _count(len(self.clock), "new lead", "on the clock"),
            _count(len(self.due), "task", "due"),
            _count(len(self.quiet), "deal", "going quiet"),
        ]
        said = [part for part in parts if part]
        return ", ".join(said) if said else "Nothing waits for you."

    @property
    def version(self) -> str:
        """Changes when the list on the page would look different."""
        seen = [(one.key, one.kind, one.title, one.line, one.score, str(one.due_at), one.level) for one in self.items]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _count(number: int, noun: str, tail: str) -> str:
    if not number:
        return ""
    return f"{number} {noun}{'' if number == 1 else 's'} {tail}"


def queue_get(user: Any, now: datetime) -> Queue:
    """Everything that waits for ``user``: a handful of queries, however large the database."""
    return Queue(
        clock=[_handoff_item(one, now) for one in queue_for(user)],
        due=[_task_item(one, now) for one in tasks_due(user, now)],
        quiet=[_deal_item(one, now) for one in deals_stalled(user, now)],
    )


def queue_item_get(user: Any, key: str, now: datetime) -> QueueItem | None:
    """One item of ``user``'s queue by its key ("handoff-12"); None when it is not there (any more)."""
    kind, _, text = key.partition("-")
    number = whole_read(text)
    if number is None:
        return None
    found: list[QueueItem] = []
    if kind == "handoff":
        found = [_handoff_item(one, now) for one in queue_for(user, pk=number)]
    elif kind == "task":
        found = [_task_item(one, now) for one in tasks_due(user, now, pk=number)]
    elif kind == "deal":
        found = [_deal_item(one, now) for one in deals_stalled(user, now, pk=number)]
    return found[0] if found else None


def _handoff_item(one: Asked, now: datetime) -> QueueItem:
    answered, accepted = one.responded_at is not None, one.state == "accepted"
    why = f"{one.why} · answered, decide now" if answered else one.why
    if accepted:
        why = f"Yours: call or write now · {one.why}"
    company = one.company and f"{one.company}, {one.employees:,} people" if one.employees else one.company
    return QueueItem(
        key=f"handoff-{one.pk}",
        kind="answer" if accepted else "handoff",
        pk=one.pk,
        title=one.name,
        line=" · ".join([part for part in (why, company) if part]),
        lead_id=one.lead_id,
        score=f"{one.grade} {one.score}",
        starts_at=one.assigned_at,
        due_at=None if answered else one.due_at,
        level="done" if answered else "red" if one.due_at and one.due_at <= now else "",
    )


def _task_item(one: TaskDue, now: datetime) -> QueueItem:
    return QueueItem(
        key=f"task-{one.pk}",
        kind="task",
        pk=one.pk,
        title=one.title,
        line=one.about,
        lead_id=one.lead_id,
        deal_id=one.deal_id,
        starts_at=one.due_at - timedelta(hours=8),
        due_at=one.due_at,
        level="red" if one.due_at < now else "",
    )


def _deal_item(one: StalledDeal, now: datetime) -> QueueItem:
    days = int((now - one.stage_since).total_seconds() // 86400)
    return QueueItem(
        key=f"deal-{one.pk}",
        kind="deal",
        pk=one.pk,
        title=one.name,
        line=f"{one.stage.name} for {days} days · expected {one.stage.expected_days}",
        lead_id=one.lead_id,
        deal_id=one.pk,
        starts_at=one.stage_since,
        days=days,
        level="red" if days >= 1.5 * one.stage.expected_days else "amber",
    )
