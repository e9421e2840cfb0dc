"""Handoffs that go on to somebody else: reassigned, taken over, given back to routing, left behind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from core import outbox
from core.ask import ask
from core.clock import db_now
from core.errors import Conflict, Refused
from handoff import rules
from handoff.models import Decision, Handoff
from handoff.selectors import may_manage
from handoff.selectors.decisions import absences, gave_back
from handoff.services import tell
from handoff.services.assign import give, standings_lock
from handoff.services.clocks import assignments_end
from handoff.services.decide import decision_note, handoff_locked, undecided
from handoff.services.pool import Outcome
from leads.models import Standing
from team.models import User
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell


@transaction.atomic
def handoff_reassign(*, handoff_id: int, to: User, by: Any) -> Handoff:
    """A manager gives the lead to ``to``; the clock of one that nobody has answered starts again.

    Raises Refused (may not; neither an active rep nor the manager; rejected) or Conflict (``to`` has it).
    """
    one = handoff_locked(handoff_id)
    if not may_manage(by, one.rep):
        raise Refused("Only a manager of the team reassigns leads.", code="forbidden")
    if one.state == Handoff.State.REJECTED:
        raise Conflict(f"{one.decided_by} rejected this lead already.")
    receiver_lock(to, by=by)
    if one.rep_id == to.pk:
        raise Conflict(f"{to} has this lead already.")
    now, former = db_now(), one.rep
    assignments_end([one], why=f"Reassigned by {by}", now=now)
    explanation = {"by": str(by)} | ({"said": f"{by} took it."} if by.pk == to.pk else {})
    standings_lock([one.lead_id])
    give([(one, to, Outcome(rep=to, how="manual", explanation=explanation))], now=now)
    if former is not None and former.pk != by.pk:
        title = f"{by} took {one.lead.name}" if by.pk == to.pk else f"{by} gave {one.lead.name} to {to}"
        line = tell.notice_for(former, one, tell.key_of(one, one.turn, "taken"), title, "It was yours until now.")
        notices_tell([line], kind="taken_over", now=now)
    return one


def receiver_lock(to: User, *, by: Any = None) -> None:
    """Whoever gets a lead is locked, so that somebody who is deactivated at this moment leaves after they got it, or
    never gets it. Raises Refused for somebody who is no active rep; a manager may take one themselves (``by``)."""
    takers = Q(is_rep=True)
    if by is not None and by.pk == to.pk:
        takers |= Q(is_manager=True) | Q(is_admin=True)
    if not User.objects.filter(takers, pk=to.pk, is_active=True).select_for_update(no_key=True).first():
        raise Refused(f"{to} is not an active rep.", field="to")


@transaction.atomic
def handoff_take_over(*, handoff_id: int, by: Any) -> Handoff:
    """A rep takes an undecided or late lead of a colleague in the own team who is away, has left or is late.

    Its clock starts again. Raises Refused when the colleague is there and in time, or it is
    another team's; Conflict when it is ``by``'s own already, decided, or answered.
    """
    one = handoff_locked(handoff_id)
    if not by.is_rep or by.team_id is None or one.rep is None or one.rep.team_id != by.team_id:
        raise Refused("Only a rep of the same team takes a lead over.", code="missing")
    if one.rep_id == by.pk:
        raise Conflict("This lead is yours already.")
    now = db_now()
    if one.state not in Handoff.HELD or one.closed_at is not None:
        raise Conflict("This lead waits for nobody any more.")
    if one.responded_at is not None:
        raise Conflict(f"{one.rep} has answered this lead: ask them, or a manager, to pass it on.")
    late = one.due_at is not None and one.due_at <= now
    absent_why = absences([one.rep], now)[one.rep.pk]
    accepted = one.state == Handoff.State.ACCEPTED
    if refusal := rules.take_over_refusal(accepted=accepted, late=late, absent=absent_why, rep=str(one.rep)):
        raise Refused(refusal)
    why = absent_why or rules.LATE
    receiver_lock(by)
    absent = one.rep
    assignments_end([one], why=f"Taken over by {by}: {absent} {why}", now=now)
    said = f"{by} took it over from {absent}, who {why}."
    standings_lock([one.lead_id])
    decision_note(one, Decision.Kind.TAKEN_OVER, by, now, note=f"{absent} {why}")
    give([(one, by, Outcome(rep=by, how="taken_over", explanation={"by": str(by), "said": said}))], now=now)
    title = f"{by} took over {one.lead.name}"
    line = tell.notice_for(absent, one, tell.key_of(one, one.turn, "taken"), title, f"Because it was waiting: {said}")
    notices_tell([line], kind="taken_over", now=now)
    return one


@transaction.atomic
def handoff_give_back(*, handoff_id: int, by: Any, why: str) -> Handoff:
    """ "Not mine": the rep gives an undecided lead back to routing, which finds somebody else. No reject: marketing
    did nothing wrong. At most ``rules.MOST_GIVE_BACKS`` times a handoff.

    Raises Refused (no reason given, too often, may not decide) or Conflict (decided already).
    """
    one = handoff_locked(handoff_id)
    undecided(one, by)
    why = " ".join(why.split())[:120]
    if not why:
        raise Refused("Say in a few words why it is not yours: routing is improved by it.", field="why")
    if refusal := rules.give_back_refusal(gave_back(one).count()):
        raise Refused(refusal)
    now = db_now()
    rep = one.rep
    assert rep is not None
    standings_lock([one.lead_id])
    decision_note(one, Decision.Kind.GIVEN_BACK, by, now, note=why)
    to_routing([one], ended=f"Given back by {by}: {why}", waiting=f"{rep} gave it back: {why}", now=now)
    key = tell.key_of(one, one.turn, "back")
    title = f"{by} gave {one.lead.name} back to routing"
    lines = [tell.notice_for(who, one, key, title, why) for who in managers_of([rep.team_id])[rep.team_id]]
    notices_tell(lines, kind="given_back", now=now)
    return handoff_locked(one.pk)


def to_routing(rows: Sequence[Handoff], *, ended: str, waiting: str, now: datetime) -> None:
    """Undecided handoffs, locked with their standings, go back to the waiting list; routing is woken."""
    assignments_end(rows, why=ended, now=now)
    Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(
        state=Handoff.State.WAITING,
        rep=None,
        next_try_at=now,
        waiting_why=waiting[:200],
        assigned_at=None,
        warn_at=None,
        due_at=None,
        warned_at=None,
        escalated_at=None,
    )
    Standing.objects.filter(pk__in=[one.lead_id for one in rows]).update(owner=None)
    stamp = now.isoformat()
    outbox.emit_many("handoff.withdrawn", [(tell.key_of(one, stamp), {"lead_id": one.lead_id}) for one in rows])
    if rows:
        outbox.poke("handoff.opened")


@transaction.atomic
def rep_left(key: str, *, user_id: int, **_: Any) -> None:
    """Outbox handler of ``user.deactivated``: undecided leads go back to routing at once, and the managers hear what
    stays in the name of who left and needs a new owner. Doing it twice changes nothing."""
    now = db_now()
    mine = Handoff.objects.filter(rep=user_id, state=Handoff.State.ASSIGNED)
    rows = list(mine.order_by("pk").select_for_update(of=("self",)))
    rep = User.objects.get(pk=user_id)
    gone = "takes no leads any more" if rep.is_active else "left"
    to_routing(rows, ended=f"{rep} {gone}", waiting=f"{rep} {gone}; looking for somebody else.", now=now)
    kept = ask("person.holds", user_id=user_id) or []
    if kept:
        said = "; ".join(f"{what}: {number:,}" for what, number in kept)
        url = reverse("desk:relief") + f"?rep={rep.pk}"
        text = f"{said}. Give them to a colleague, all at once."
        title = f"{rep} {gone}, and this stays in their name"
        managers = managers_of([rep.team_id])[rep.team_id]
        lines = [NoticeLine(who.pk, f"rep-left:{rep.pk}:{key}", title, text, url) for who in managers]
        notices_tell(lines, kind="left", now=now)
