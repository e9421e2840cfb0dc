"""Changing response times, and what that means for the clocks that run."""

from typing import Any

from django.db import transaction
from django.db.models import F, Q

from core.bulk import rows_update
from core.clock import db_now
from core.errors import Refused
from core.ordered import row_revise, rows_held, rows_place
from core.rules import name_read
from handoff import rules
from handoff.models import Assignment, Handoff, SlaPolicy, SlaRevision
from handoff.services.slas import Slas
from leads.conditions import condition_check
from leads.sense import contradiction
from team.access import managers_only
from team.models import User

BATCH = 500


def _check(values: dict[str, Any]) -> dict[str, Any]:
    values = {**values, "name": name_read(values["name"]), "condition": condition_check(values.get("condition"))}
    if not values["name"]:
        raise Refused("Give it a name.", field="name")
    rules.terms_check(values)
    if clash := contradiction(values["condition"]):
        raise Refused(clash, field="condition")
    tell = values.get("tell")
    if tell is not None and not (tell.is_active and tell.has_role("manager")):
        raise Refused("Choose somebody who may sign in and is a manager.", field="tell")
    return values


@transaction.atomic
def sla_save(*, by: Any, policy: SlaPolicy | None, revision: int, values: dict[str, Any]) -> SlaPolicy:
    """Create (goes first) or change a response time. Clocks that run keep the terms they started with.

    Raises Refused for terms nobody could keep or when no response time for everybody is left, Conflict when somebody
    changed it since ``revision``.
    """
    managers_only(by)
    values = _check(values)
    rows = rows_held(SlaPolicy.objects.all())
    if policy is None:
        saved: SlaPolicy = SlaPolicy.objects.create(**values)
        rows_place([saved, *rows])
    else:
        saved = row_revise(policy, revision, values, said=_changed_by(policy.pk))
    SlaRevision.objects.create(policy=saved, revision=saved.revision, terms=saved.terms, by=by, at=db_now())
    sla_default_left()
    return saved


def _changed_by(pk: int) -> str:
    last = SlaRevision.objects.filter(policy=pk).select_related("by").first()
    who = last.by.name if last and last.by else "Somebody else"
    return f"{who} changed this since you opened it. Reload to see their version, then change it again."


def sla_default_left(*, without: int = 0) -> None:
    """Raises Refused when some lead would have no deadline: no active response time is for everybody (``without``
    that one)."""
    rows = SlaPolicy.objects.filter(is_active=True, instant_only=False).exclude(pk=without)
    if not any(one.for_everybody for one in rows):
        raise Refused(
            "Then some leads would have no deadline: keep one response time on that is for everybody.",
            field="condition",
        )


def running() -> Any:
    """The clocks that run: given to a rep, unanswered, not escalated yet."""
    return Handoff.objects.unanswered().filter(escalated_at=None, due_at__isnull=False)


def running_counts() -> tuple[int, int]:
    """(how many clocks run, how many of them by terms that are not today's)."""
    rows = running()
    older = rows.filter(Q(sla=None) | Q(sla__is_active=False) | ~Q(sla_revision=F("sla__revision")))
    return rows.count(), older.count()


def running_renew(*, by: Any) -> int:
    """Reckon every running clock anew: by the response time that is for its lead today and the rep's calendar of
    today, from when the rep got it. What is late by that is escalated within seconds. Returns how many changed."""
    managers_only(by)
    changed, after = 0, 0
    while ids := list(running().filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        after = ids[-1]
        changed += _renew(ids)
    return changed


@transaction.atomic
def _renew(ids: list[int]) -> int:
    rows = list(running().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)))
    if not rows:
        return 0
    now = db_now()
    reps = User.objects.in_bulk({one.rep_id for one in rows if one.rep_id})
    since = min(one.assigned_at for one in rows)
    lead_ids = [one.lead_id for one in rows]
    slas = Slas.load(lead_ids, now=now, reps=reps.values(), since=since)
    moved = []
    for one in rows:
        before = (one.sla_id, one.sla_revision, one.warn_at, one.due_at)
        slas.promise(one, reps[one.rep_id], one.assigned_at)
        if one.warned_at and one.warn_at and one.warn_at > now:
            one.warned_at = None  # there is time again; the warning comes anew
        if (one.sla_id, one.sla_revision, one.warn_at, one.due_at) != before:
            moved.append(one)
    cells = [(one.pk, one.sla_id, one.sla_revision, one.warn_at, one.due_at, one.warned_at) for one in moved]
    rows_update(Handoff, ["sla", "sla_revision", "warn_at", "due_at", "warned_at"], cells)
    active = Assignment.objects.filter(handoff__in=moved, ended_at=None).values_list("pk", "handoff_id")
    due = {one.pk: one.due_at for one in moved}
    rows_update(Assignment, ["due_at"], [(pk, due[handoff]) for pk, handoff in active])
    return len(moved)
