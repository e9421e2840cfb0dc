"""What people decide about a handoff: accept, reject; and what happens to it from outside."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from core.locks import rows_locked
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import stage_get, stage_of_kind
from funnels.services import journey_move
from handoff.models import Decision, Handoff, RejectReason
from handoff.selectors import may_decide
from handoff.services import tell
from handoff.services.assign import payload, waiting_retry
from handoff.services.clocks import assignments_end
from handoff.services.reentry import ready_at
from leads.models import Standing
from leads.services.standing import tag_get, tags_add
from team.models import User
from team.services import notices_tell


def handoff_locked(handoff_id: int) -> Handoff:
    rows = rows_locked(Handoff.objects.filter(pk=handoff_id))
    found = rows.select_related("lead__company", "rep", "decided_by", "reject_reason").first()
    if found is None:
        raise Refused("There is no such handoff.", code="missing")
    return found


def undecided(handoff: Handoff, by: Any) -> None:
    """Raises Refused for somebody who may not decide, Conflict when it is decided."""
    if not may_decide(by, handoff):
        raise Refused("Only the rep who has this lead, or a manager of the team, decides about it.", code="forbidden")
    if handoff.state in (Handoff.State.ACCEPTED, Handoff.State.REJECTED):
        who = "You" if handoff.decided_by_id == by.pk else str(handoff.decided_by)
        raise Conflict(f"{who} {handoff.get_state_display().lower()} this lead already.")
    if handoff.state == Handoff.State.WAITING:
        raise Refused("Nobody has this lead yet: assign it first.")


@transaction.atomic
def handoff_accept(*, handoff_id: int, by: Any) -> Handoff:
    """The rep takes the lead (SQL). The response clock runs on until a call, e-mail or meeting.

    Raises Refused or Conflict, see ``undecided``.
    """
    one = handoff_locked(handoff_id)
    undecided(one, by)
    now = db_now()
    one.state, one.decided_at, one.decided_by = Handoff.State.ACCEPTED, now, by
    one.save(update_fields=["state", "decided_at", "decided_by"])
    Standing.objects.filter(pk=one.lead_id).update(owner=one.rep)
    made = decision_note(one, Decision.Kind.ACCEPTED, by, now)
    outbox.emit("handoff.accepted", tell.key_of(one, made.pk), **payload(one), by_id=by.pk)
    tell.decided(one)
    return one


def decision_note(one: Handoff, kind: str, by: Any, now: datetime, **more: Any) -> Decision:
    """Keep who decided what, with what taking it back needs to know."""
    kept = {"turn": one.turn, **more.pop("kept", {})}
    assert one.rep is not None
    made: Decision = Decision.objects.create(handoff=one, kind=kind, at=now, by=by, rep=one.rep, kept=kept, **more)
    return made


@transaction.atomic
def handoff_reject(*, handoff_id: int, by: Any, reason_code: str, note: str = "") -> Handoff:
    """The rep gives the lead back: to nurture (next cycle) or out, as the reason says; marketing is told.

    Raises Refused (no such reason, no note where one is asked for, may not decide) or Conflict (decided already).
    """
    one = handoff_locked(handoff_id)
    undecided(one, by)
    reason = RejectReason.objects.filter(code=reason_code, is_active=True).select_related("back_to__funnel").first()
    if reason is None:
        raise Refused("Choose a reason: marketing learns from it.", field="reason")
    note = " ".join(note.split())[:500]
    if reason.note_required and not note:
        raise Refused(f"Say in a few words why: “{reason.label}” alone tells marketing too little.", field="note")
    now = db_now()
    one.state, one.decided_at, one.decided_by = Handoff.State.REJECTED, now, by
    one.reject_reason, one.reject_note = reason, note
    if reason.then == RejectReason.Then.RECYCLE:
        if reason.wait_days is not None:
            one.reenter_at = now + timedelta(days=reason.wait_days)
        one.look_again_at = ready_at(one, one.policy)
    one.save(
        update_fields=[
            *("state", "decided_at", "decided_by", "reject_reason", "reject_note"),
            *("reenter_at", "look_again_at"),
        ],
    )
    assignments_end([one], why=f"Rejected: {reason.label}", now=now)
    kept = _send_back(one, reason, by, now)
    made = decision_note(one, Decision.Kind.REJECTED, by, now, reason=reason, note=note, kept=kept)
    outbox.emit("handoff.rejected", tell.key_of(one, made.pk), **payload(one), by_id=by.pk, reason=reason.code)
    _tell_marketing(one, reason, by, made)
    tell.decided(one)
    return one


def _send_back(one: Handoff, reason: RejectReason, by: Any, now: datetime) -> dict[str, Any]:
    """The lead back to nurture or out, with the reason's tag; returns what undoing it needs to know."""
    standing = rows_locked(Standing.objects.filter(pk=one.lead_id)).select_related("stage__funnel").get()
    recycle = reason.then == RejectReason.Then.RECYCLE
    kept: dict[str, Any] = {}
    # Somebody may have moved the lead by hand meanwhile; only a handed-off one goes back.
    if standing.stage.kind == Stage.Kind.HANDED_OFF and standing.cycle == one.cycle:
        kept["seq"] = standing.seq
        journey_move(
            [standing],
            kind=Transition.Kind.LEAD,
            to=nurture_stage(reason) if recycle else stage_of_kind(Funnel.Kind.MARKETING, Stage.Kind.DISQUALIFIED),
            cause="recycled" if recycle else "disqualified",
            by=by,
            at=now,
            note=reason.label,
            next_cycle=recycle,
        )
    Standing.objects.filter(pk=one.lead_id).update(owner=None)
    if reason.tag and tags_add(lead_ids=[one.lead_id], tag=tag_get(name=reason.tag)):
        kept["tag"] = reason.tag
    return kept


def nurture_stage(reason: RejectReason) -> Stage:
    """Where a lead recycled for this goes: the reason's stage while it is in use, else Interest."""
    to = reason.back_to
    return to if to is not None and to.is_open and to.is_active else stage_get("marketing", "interest")


def _tell_marketing(one: Handoff, reason: RejectReason, by: Any, made: Decision) -> None:
    title = f"Sales rejected {one.lead.name}: {reason.label}"
    body = " · ".join(part for part in (one.reject_note, one.why, f"by {by}") if part)
    if one.lead.campaign:
        body = f"Campaign {one.lead.campaign} · {body}"
    marketing_tell(one, tell.key_of(one, "rejected", made.pk), title, body, made.at)


def marketing_tell(one: Handoff, key: str, title: str, body: str, now: datetime) -> None:
    """A line in every marketer's bell."""
    marketers = User.objects.filter(is_active=True, is_marketer=True)
    lines = [tell.notice_for(who, one, key, title, body) for who in marketers]
    notices_tell(lines, kind="rejected", now=now)


def handoffs_hold(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``deal.closing`` ``{lead_id, cycle}``: whoever closes or reopens a deal holds its handoff before
    the deal, in the order of everybody else, so that none waits crosswise with who passes it on or takes it back."""
    for one in payloads:
        rows = Handoff.objects.filter(lead_id=one["lead_id"], cycle=one["cycle"])
        list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))


def handoffs_note_closed(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``deal.closed`` ``{lead_id, cycle}``: the rep has room for another."""
    for one in payloads:
        rows = Handoff.objects.filter(lead_id=one["lead_id"], cycle=one["cycle"], closed_at=None)
        rows.update(closed_at=db_now())
    waiting_retry()


def handoffs_note_reopened(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``deal.reopened`` ``{lead_id, cycle}``: the rep works on it again, so it counts in the load."""
    for one in payloads:
        Handoff.objects.filter(lead_id=one["lead_id"], cycle=one["cycle"]).update(closed_at=None)
