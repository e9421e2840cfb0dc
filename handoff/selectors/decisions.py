"""Reading decisions: what can be taken back, who is away, what a colleague may take over."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from handoff import rules
from handoff.models import Decision, Handoff, RejectReason
from handoff.selectors import clock_set, handoff_full, may_manage
from leads.models import Activity
from leads.rules import RESPONSE_KINDS
from team.models import User
from team.selectors import calendars_of

State = Handoff.State


def decision_standing(handoff: Handoff) -> Decision | None:
    """The decision that made the handoff what it is; None for an undecided one, and for those of before decisions
    were kept."""
    if handoff.state not in (State.ACCEPTED, State.REJECTED):
        return None
    made = Decision.objects.filter(handoff=handoff, kind=handoff.state, undone_at=None)
    return made.select_related("reason", "by").order_by("-pk").first()


def happened_since(decision: Decision, handoff: Handoff) -> str:
    """What undoing would hide, as far as this room knows: somebody answered the lead, or another rep has it. '' for
    nothing."""
    if handoff.turn != decision.kept.get("turn"):
        return f"It was given to {handoff.rep} since: undo cannot take it away again."
    answers = Activity.objects.filter(lead=handoff.lead_id, kind__in=RESPONSE_KINDS, by__isnull=False)
    if answers.filter(recorded_at__gte=decision.at).exists():
        return "Somebody called, wrote to or met the lead since: undo would hide that."
    return ""


def undo_until(user: Any, handoff: Handoff, now: datetime) -> datetime | None:
    """Until when ``user`` may take the decision back, as far as time, role and what happened here say; None when not
    (any more)."""
    decision = decision_standing(handoff)
    if decision is None or happened_since(decision, handoff):
        return None
    manager = may_manage(user, handoff.rep)
    if not manager and user.pk not in (decision.by_id, handoff.rep_id):
        return None
    until = rules.undo_until(decision.at, manager=manager)
    return until if now <= until else None


def decisions_told(handoff: Handoff) -> list[Decision]:
    """What was decided and taken back or passed on, oldest first; a handoff that was simply decided has nothing to
    tell here, as its own lines say it."""
    rows = Decision.objects.filter(handoff=handoff).select_related("by", "rep", "reason", "undone_by")
    passed_on = (Decision.Kind.GIVEN_BACK, Decision.Kind.TAKEN_OVER)
    return [one for one in rows if one.undone_at or one.kind in passed_on]


def absences(people: Iterable[User], now: datetime) -> dict[int, str]:
    """Why a colleague may take each one's leads over ("is on time off"); '' for whoever is at work. Two queries."""
    people = list(people)
    calendars = calendars_of(people, since=now)
    return {
        one.pk: rules.absence(
            now,
            active=one.is_active,
            off=calendars[one.pk].is_off(now),
            working=calendars[one.pk].is_working(now),
        )
        for one in people
    }


def takeable(user: Any, now: datetime, limit: int = 200) -> list[Handoff]:
    """Leads of the own team that ``user`` may take over: unanswered, and their rep is away, has left, or is late.
    Each with its clock set and ``absence``, the reason. Most urgent first."""
    if not user.is_rep or user.team_id is None:
        return []
    mates = list(User.objects.filter(team=user.team_id).exclude(pk=user.pk))
    away = absences(mates, now)
    gone = [pk for pk, why in away.items() if why == rules.LEFT]
    late = Q(due_at__lte=now)
    undecided = Q(state=State.ASSIGNED) & (late | Q(rep__in=[pk for pk, why in away.items() if why]))
    accepted = Q(state=State.ACCEPTED, closed_at=None) & (late | Q(rep__in=gone))
    rows = handoff_full().filter(undecided | accepted, rep__in=[one.pk for one in mates], responded_at=None)
    found = [clock_set(one, now) for one in rows.order_by("due_at", "pk")[:limit]]
    for one in found:
        told: Any = one
        overdue = one.due_at is not None and one.due_at <= now
        told.absence = away[one.rep_id or 0] or (rules.LATE if overdue else "")
    return found


def passed_on_counts(now: datetime) -> dict[str, int]:
    """How often leads were given back to routing and taken over lately: ``{"given_back": 3, "taken_over": 1}``.
    Neither is a reject."""
    kinds = [Decision.Kind.GIVEN_BACK, Decision.Kind.TAKEN_OVER]
    rows = Decision.objects.filter(kind__in=kinds, at__gte=now - timedelta(days=rules.COUNT_DAYS))
    counts = rows.order_by().values("kind").annotate(count=Count("pk")).values_list("kind", "count")
    return {kind.value: 0 for kind in kinds} | dict(counts)


def reasons_counted(now: datetime) -> QuerySet[RejectReason]:
    """The reject reasons with ``used``: how often each was given, and ``lately``. A reject that was taken back counts
    in neither."""
    given = Handoff.objects.filter(reject_reason=OuterRef("pk")).order_by().values("reject_reason")
    recent = given.filter(decided_at__gte=now - timedelta(days=rules.COUNT_DAYS))
    count = Count("pk")
    return RejectReason.objects.select_related("back_to").annotate(
        used=Coalesce(Subquery(given.annotate(count=count).values("count")), 0),
        lately=Coalesce(Subquery(recent.annotate(count=count).values("count")), 0),
    )


def gave_back(handoff: Handoff) -> QuerySet[Decision]:
    return Decision.objects.filter(handoff=handoff, kind=Decision.Kind.GIVEN_BACK)
