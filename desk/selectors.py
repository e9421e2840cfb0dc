"""What a person has to do now, in order, and the one page about a lead."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from deals.models import Deal, Task
from deals.selectors import deals_stalled, tasks_due
from funnels.models import Transition
from funnels.selectors import histories
from handoff.models import Handoff
from handoff.selectors import handoff_of_lead, queue_for
from leads.models import CustomField, Lead, Standing
from leads.rules import ACTIVITY_KINDS
from leads.selectors import timeline
from scoring.selectors import score_explain


@dataclass(frozen=True)
class QueueItem:
    """One thing to do: why it is here, until when, and about whom."""

    key: str  # "handoff-12", "task-3", "deal-9": also its place in the page
    kind: str
    title: str
    line: str
    lead_id: int | None = None
    deal_id: int | None = None
    handoff: Handoff | None = None
    task: Task | None = None
    deal: Deal | None = None
    standing: Standing | None = None
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

    @property
    def items(self) -> list[QueueItem]:
        return [*self.clock, *self.due, *self.quiet]

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
        seen = [(one.key, one.title, one.line, str(one.due_at), one.level) for one in self.items]
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _count(number: int, noun: str, tail: str) -> str:
    if not number:
        return ""
    return f"{number} {noun}{'' if number == 1 else 's'} {tail}"


def queue_get(user: Any, now: datetime) -> Queue:
    """Everything that waits for ``user``: a handful of queries, however large the database."""
    return Queue(
        clock=[_handoff_item(one, now) for one in queue_for(user, now)],
        due=[_task_item(one, now) for one in tasks_due(user, now)],
        quiet=[_deal_item(one, now) for one in deals_stalled(user, now)],
    )


def queue_item_get(user: Any, key: str, now: datetime) -> QueueItem | None:
    """One item of ``user``'s queue by its key ("handoff-12"); None when it is not there (any more)."""
    kind, _, number = key.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    found: list[QueueItem] = []
    if kind == "handoff":
        found = [_handoff_item(one, now) for one in queue_for(user, now, pk=int(number))]
    elif kind == "task":
        found = [_task_item(one, now) for one in tasks_due(user, now, pk=int(number))]
    elif kind == "deal":
        found = [_deal_item(one, now) for one in deals_stalled(user, now, pk=int(number))]
    return found[0] if found else None


def _company_line(lead: Lead) -> str:
    if lead.company is None:
        return ""
    size = f", {lead.company.employees:,} people" if lead.company.employees else ""
    return f"{lead.company.name}{size}"


def _handoff_item(one: Handoff, now: datetime) -> QueueItem:
    answered = one.responded_at is not None
    why = f"{one.why} · answered, decide now" if answered else one.why
    return QueueItem(
        key=f"handoff-{one.pk}",
        kind="handoff",
        title=one.lead.name,
        line=" · ".join(part for part in (why, _company_line(one.lead)) if part),
        lead_id=one.lead_id,
        handoff=one,
        standing=one.lead.standing,
        starts_at=one.assigned_at,
        due_at=None if answered else one.due_at,
        level="red" if one.due_at and one.due_at <= now and not answered else "",
    )


def _task_item(one: Task, now: datetime) -> QueueItem:
    about = one.deal.name if one.deal else (one.lead.name if one.lead else "")
    return QueueItem(
        key=f"task-{one.pk}",
        kind="task",
        title=one.title,
        line=about,
        lead_id=one.lead_id or (one.deal.lead_id if one.deal else None),
        deal_id=one.deal_id,
        task=one,
        deal=one.deal,
        starts_at=one.due_at - timedelta(hours=8),
        due_at=one.due_at,
        level="red" if one.due_at < now else "",
    )


def _deal_item(one: Deal, now: datetime) -> QueueItem:
    days = int((now - one.stage_since).total_seconds() // 86400)
    return QueueItem(
        key=f"deal-{one.pk}",
        kind="deal",
        title=one.name,
        line=f"{one.stage.name} for {days} days · expected {one.stage.expected_days}",
        lead_id=one.lead_id,
        deal_id=one.pk,
        deal=one,
        starts_at=one.stage_since,
        days=days,
        level="red" if days >= 1.5 * one.stage.expected_days else "amber",
    )


def journey_of(lead: Lead, deals: list[Deal]) -> list[Transition]:
    """Both ledgers of a lead as one path, oldest first: marketing, sales, customer."""
    travellers = [(Transition.Kind.LEAD, lead.pk), *((Transition.Kind.DEAL, deal.pk) for deal in deals)]
    return sorted(histories(travellers), key=lambda row: (row.at, row.kind, row.seq))


# The word beside the keyboard shortcut, the activity kind it writes, and what to ask.
LOG_KINDS: dict[str, tuple[str, str]] = {
    "call": ("Log call", "What was said?"),
    "email": ("Log e-mail", "What did you write?"),
    "meeting": ("Log meeting", "What was agreed?"),
    "note": ("Add note", "Your note"),
}


def timeline_context(lead: Lead, cursor: str, kind: str, size: int = 30) -> dict[str, Any]:
    """What ``leads/_timeline.html`` needs."""
    return {
        "page": timeline(lead, cursor=cursor, size=size, kinds=(kind,) if kind else ()),
        "cursor": cursor,
        "kind": kind,
        "lead": lead,
        "kinds": list(ACTIVITY_KINDS.items()),
        "more_url": reverse("desk:lead_timeline", args=[lead.pk]),
    }


def lead_context(lead: Lead, user: Any, *, size: int = 30) -> dict[str, Any]:
    """The parts that the queue's panel and the lead page share."""
    now = timezone.now()
    deals = list(
        Deal.objects.visible_to(user)
        .filter(lead=lead)
        .select_related("stage__funnel", "owner", "lost_reason")
        .order_by("-pk")
    )
    return {
        "lead": lead,
        "standing": lead.standing,
        "journey": journey_of(lead, deals),
        "deals": deals,
        "explained": score_explain(lead, now),
        "handoff": handoff_of_lead(lead.pk, now),
        "log_kinds": [(kind, words[0]) for kind, words in LOG_KINDS.items()],
        "now": now,
        **timeline_context(lead, "", "", size),
    }


def lead_page(lead: Lead, user: Any) -> dict[str, Any]:
    """Everything that the lead page shows."""
    custom = [
        (one.label, lead.custom[one.key])
        for one in CustomField.objects.all()
        if lead.custom.get(one.key) not in (None, "")
    ]
    known = {one.key for one in CustomField.objects.all()}
    custom += [(key, value) for key, value in lead.custom.items() if key not in known and value not in (None, "")]
    return {**lead_context(lead, user), "custom": custom, "tags": list(lead.tags.all())}
