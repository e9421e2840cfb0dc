"""Reading handoffs: the rep's queue, the list, what one lead's handoff says."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet

from core.errors import Refused
from handoff import rules
from handoff.models import Handoff, HandoffQuerySet, RejectReason
from handoff.selectors.explained import names_in, sentences
from leads.rules import lead_name
from team.models import User


def clock_set(handoff: Handoff, now: datetime) -> Handoff:
    """Put on ``handoff`` what a clock shows: ``clock_level`` ('', warn, late), ``clock_percent`` and
    ``seconds_left`` (negative when late, None without a running clock); and what the stopped ones said:
    ``system_seconds`` (when the first rep was read), ``human_seconds`` and ``in_time``, None while they run."""
    held = handoff.state in Handoff.HELD and handoff.closed_at is None
    running = held and handoff.due_at is not None and handoff.responded_at is None
    one: Any = handoff
    one.clock_level = rules.clock_level(now, handoff.warn_at, handoff.due_at) if running else ""
    one.clock_percent = rules.clock_percent(now, handoff.assigned_at, handoff.due_at) if running else 0
    one.system_seconds, one.human_seconds = rules.clocks_seconds(handoff)
    one.in_time = rules.in_time(handoff)
    one.seconds_left = int((handoff.due_at - now).total_seconds()) if running and handoff.due_at else None
    return handoff


class Asked(NamedTuple):
    """A handoff that waits for its rep's decision or first answer, as a line of the queue shows it."""

    pk: int
    lead_id: int
    state: str
    why: str
    assigned_at: datetime | None
    due_at: datetime | None
    responded_at: datetime | None
    grade: str
    score: int
    company: str | None
    employees: int | None
    name: str  # the lead's


ASKED = (
    *("pk", "lead_id", "state", "why", "assigned_at", "due_at", "responded_at"),
    *("lead__standing__grade", "lead__standing__score", "lead__company__name", "lead__company__employees"),
    *("lead__first_name", "lead__last_name", "lead__email", "lead__external_id"),
)


def queue_for(user: Any, limit: int = 200, pk: int | None = None) -> list[Asked]:
    """The handoffs (or the one ``pk``) that wait for this rep's decision or first answer, most urgent first. One
    query, and only of what is shown: the list is asked for every two seconds by everybody."""
    rows = Handoff.objects.on_desk_of(user.pk)
    if pk is not None:
        rows = rows.filter(pk=pk)
    found = rows.order_by("due_at", "assigned_at", "pk").values_list(*ASKED)
    return [
        Asked._make([*shown, lead_name(first, last, email, other, shown[1])])
        for *shown, first, last, email, other in found[:limit]
    ]


def handoff_counts(user: Any, now: datetime) -> dict[str, int]:
    """For badges: ``mine`` (to decide), ``mine_late``, and of all that ``user`` may see ``waiting``, ``assigned``
    and ``late``. One query."""
    late = Q(due_at__lte=now, responded_at=None, closed_at=None, state__in=Handoff.HELD)
    mine = Q(rep=user, state=Handoff.State.ASSIGNED)
    open_states = [Handoff.State.WAITING, Handoff.State.ASSIGNED]
    rows = Handoff.objects.visible_to(user).filter(Q(state__in=open_states) | late)
    found: dict[str, int] = rows.aggregate(
        mine=Count("pk", filter=mine),
        mine_late=Count("pk", filter=mine & late),
        waiting=Count("pk", filter=Q(state=Handoff.State.WAITING)),
        assigned=Count("pk", filter=Q(state=Handoff.State.ASSIGNED)),
        late=Count("pk", filter=late),
    )
    return found


def handoff_full() -> QuerySet[Handoff]:
    """Handoffs with all that a card shows."""
    rows = Handoff.objects.select_related(
        "lead__company", "lead__standing__stage__funnel", "rep", "sla", "decided_by", "reject_reason"
    )
    return rows.with_first_rep()


def handoff_of_lead(lead_id: int, now: datetime | None = None) -> Handoff | None:
    """The newest handoff of a lead with its rep, for its page; with the clock set when ``now`` is given."""
    rows = Handoff.objects.filter(lead_id=lead_id).with_first_rep()
    found = rows.select_related("rep").order_by("-cycle").first()
    return clock_set(found, now) if found and now else found


def handoff_seen_by(user: Any, pk: int) -> Handoff:
    """One handoff that ``user`` may see. Raises Refused when there is none (or it is somebody else's)."""
    found = Handoff.objects.visible_to(user).filter(pk=pk).values_list("pk", flat=True).first()
    if found is None:
        raise Refused("There is no such handoff.", code="missing")
    return handoff_full().get(pk=found)


def may_decide(user: Any, handoff: Handoff) -> bool:
    """Accepting and rejecting: the rep who has it, a manager of that rep's team (or of no team), an admin."""
    return handoff.rep_id == user.pk or may_manage(user, handoff.rep)


def may_manage(user: Any, rep: User | None) -> bool:
    """Reassigning: a manager of the rep's team (or without a team: of all), an admin."""
    if user.is_admin:
        return True
    if not user.is_manager:
        return False
    return rep is None or user.team_id is None or rep.team_id == user.team_id


def reps_for(user: Any) -> QuerySet[User]:
    """Whom ``user`` may give a handoff to: the reps, and a manager themselves, who calls for somebody who cannot."""
    takers = Q(is_rep=True) | Q(pk=user.pk if user.has_role("manager") else 0)
    return User.objects.filter(takers, is_active=True).select_related("team").order_by("name", "pk")


def reasons_active() -> QuerySet[RejectReason]:
    return RejectReason.objects.filter(is_active=True)


def handoffs_listed(user: Any) -> HandoffQuerySet:
    """Handoffs that ``user`` may see, with all that a row of the list shows."""
    rows = Handoff.objects.visible_to(user).select_related("lead__company", "rep", "reject_reason")
    return rows.with_first_rep()


def assignments_told(handoff: Handoff) -> list[dict[str, Any]]:
    """Every rep who had it, newest first, each with its explanation in sentences. Two queries."""
    rows = list(handoff.assignments.select_related("rep").order_by("-id"))
    names = names_in(one.explanation for one in rows)
    return [
        {"assignment": one, "sentences": sentences(one.explanation, names, one.rep.name, one.how)} for one in rows
    ]
