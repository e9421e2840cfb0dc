"""What people decide about a handoff: accept, reject, reassign; and what happens to it from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from core import outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import stage_get, stage_of_kind
from funnels.services import journey_move
from handoff.models import Handoff, RejectReason
from handoff.selectors import managers_of, may_decide, may_manage
from handoff.services import tell
from handoff.services.assign import give, payload, standings_lock, waiting_retry
from handoff.services.clocks import assignments_end
from handoff.services.pool import Outcome
from leads.models import Standing
from team.models import User
from team.services import NoticeLine, notices_tell


def _locked(handoff_id: int) -> Handoff:
    rows = Handoff.objects.select_related("lead__company", "rep", "decided_by", "reject_reason")
    found = rows.filter(pk=handoff_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Refused("There is no such handoff.", code="missing")
    return found


def _undecided(handoff: Handoff, by: Any) -> None:
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

    Raises Refused or Conflict, see ``_undecided``.
    """
    one = _locked(handoff_id)
    _undecided(one, by)
    one.state, one.decided_at, one.decided_by = Handoff.State.ACCEPTED, db_now(), by
    one.save(update_fields=["state", "decided_at", "decided_by"])
    Standing.objects.filter(pk=one.lead_id).update(owner=one.rep)
    outbox.emit("handoff.accepted", tell.key_of(one), **payload(one), by_id=by.pk)
    return one


@transaction.atomic
def handoff_reject(*, handoff_id: int, by: Any, reason_code: str, note: str = "") -> Handoff:
    """The rep gives the lead back: to nurture (next cycle) or out, as the reason says; marketing is told.

    Raises Refused (no such reason, may not decide) or Conflict (decided already).
    """
    one = _locked(handoff_id)
    _undecided(one, by)
    reason = RejectReason.objects.filter(code=reason_code, is_active=True).first()
    if reason is None:
        raise Refused("Choose a reason: marketing learns from it.", field="reason")
    now = db_now()
    one.state, one.decided_at, one.decided_by = Handoff.State.REJECTED, now, by
    one.reject_reason, one.reject_note = reason, " ".join(note.split())[:500]
    one.save(update_fields=["state", "decided_at", "decided_by", "reject_reason", "reject_note"])
    assignments_end([one], why=f"Rejected: {reason.label}", now=now)
    _send_back(one, reason, by, now)
    outbox.emit("handoff.rejected", tell.key_of(one), **payload(one), by_id=by.pk, reason=reason.code)
    _tell_marketing(one, reason, by, now)
    waiting_retry()
    return one


def _send_back(one: Handoff, reason: RejectReason, by: Any, now: datetime) -> None:
    rows = Standing.objects.filter(pk=one.lead_id).select_related("stage__funnel")
    standing = rows.select_for_update(of=("self",)).get()
    recycle = reason.then == RejectReason.Then.RECYCLE
    # Somebody may have moved the lead by hand meanwhile; only a handed-off one goes back.
    if standing.stage.kind == Stage.Kind.HANDED_OFF and standing.cycle == one.cycle:
        to = (
            stage_get("marketing", "interest")
            if recycle
            else stage_of_kind(Funnel.Kind.MARKETING, Stage.Kind.DISQUALIFIED)
        )
        journey_move(
            [standing],
            kind=Transition.Kind.LEAD,
            to=to,
            cause="recycled" if recycle else "disqualified",
            by=by,
            at=now,
            note=reason.label,
            next_cycle=recycle,
        )
    Standing.objects.filter(pk=one.lead_id).update(owner=None)


def _tell_marketing(one: Handoff, reason: RejectReason, by: Any, now: datetime) -> None:
    title = f"Sales rejected {one.lead.name}: {reason.label}"
    body = " · ".join(part for part in (one.reject_note, one.why, f"by {by}") if part)
    if one.lead.campaign:
        body = f"Campaign {one.lead.campaign} · {body}"
    marketers = User.objects.filter(is_active=True, is_marketer=True)
    key = tell.key_of(one, "rejected")
    lines = [tell.notice_for(who, one, key, title, body) for who in marketers]
    notices_tell(lines, kind="rejected", now=now)


@transaction.atomic
def handoff_reassign(*, handoff_id: int, to: User, by: Any) -> Handoff:
    """A manager gives the lead to ``to``; the clock of an undecided lead starts again.

    Raises Refused (may not; not an active rep; rejected) or Conflict (``to`` has it).
    """
    one = _locked(handoff_id)
    if not may_manage(by, one.rep):
        raise Refused("Only a manager of the team reassigns leads.", code="forbidden")
    if one.state == Handoff.State.REJECTED:
        raise Conflict(f"{one.decided_by} rejected this lead already.")
    # locked, so that somebody who is deactivated at this moment leaves after they got it, or never gets it
    if not User.objects.filter(pk=to.pk, is_active=True, is_rep=True).select_for_update(no_key=True).first():
        raise Refused(f"{to} is not an active rep.", field="to")
    if one.rep_id == to.pk:
        raise Conflict(f"{to} has this lead already.")
    now = db_now()
    assignments_end([one], why=f"Reassigned by {by}", now=now)
    outcome = Outcome(rep=to, how="manual", explanation={"by": str(by)})
    standings_lock([one.lead_id])
    give([(one, to, outcome)], now=now)
    return one


def handoffs_note_response(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``lead.responded``: the first call, e-mail or meeting by the rep who has it stops the clock."""
    for one in payloads:
        at = parse_datetime(one["at"])
        Handoff.objects.filter(
            lead_id=one["lead_id"],
            rep_id=one["by_id"],
            state__in=[Handoff.State.ASSIGNED, Handoff.State.ACCEPTED],
            responded_at=None,
            assigned_at__lte=at,
        ).update(responded_at=at)


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


@transaction.atomic
def rep_left(key: str, *, user_id: int, **_: Any) -> None:
    """Outbox handler of ``user.deactivated``: undecided leads go back to routing at once, and the managers hear
    which accepted ones need a new owner. Doing it twice changes nothing."""
    now = db_now()
    mine = Handoff.objects.filter(rep=user_id, state=Handoff.State.ASSIGNED)
    rows = list(mine.order_by("pk").select_for_update(of=("self",)))
    rep = User.objects.get(pk=user_id)
    assignments_end(rows, why=f"{rep} left", now=now)
    Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(
        state=Handoff.State.WAITING,
        rep=None,
        next_try_at=now,
        waiting_why=f"{rep} left; looking for somebody else.",
        assigned_at=None,
        warn_at=None,
        due_at=None,
        warned_at=None,
        escalated_at=None,
    )
    Standing.objects.filter(pk__in=[one.lead_id for one in rows], owner=rep).update(owner=None)
    outbox.emit_many("handoff.withdrawn", [(f"{tell.key_of(one)}:{key}", {"lead_id": one.lead_id}) for one in rows])
    if rows:
        outbox.poke("handoff.opened")
    kept = Handoff.objects.filter(rep=rep, state=Handoff.State.ACCEPTED, closed_at=None).count()
    if kept:
        title = f"{rep} left with {kept} accepted lead{'s' if kept != 1 else ''}"
        url = reverse("handoff:list") + f"?state=accepted&rep={rep.pk}"
        notices_tell(
            [
                NoticeLine(who.pk, f"rep-left:{rep.pk}:{key}", title, "Give each of them to a colleague.", url)
                for who in managers_of([rep.team_id])[rep.team_id]
            ],
            kind="left",
            now=now,
        )
