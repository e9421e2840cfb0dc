"""Taking a decision back, for a short time and only while nothing else has happened since."""

from datetime import datetime
from typing import Any

from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from core.locks import rows_locked
from funnels.models import Stage, Transition
from funnels.selectors import history
from funnels.services import journey_move
from handoff import rules
from handoff.models import Assignment, Decision, Handoff
from handoff.selectors import may_manage
from handoff.selectors.decisions import decision_standing, happened_since
from handoff.services import tell
from handoff.services.assign import payload
from handoff.services.decide import handoff_locked, marketing_tell
from handoff.services.passing import receiver_lock
from leads.models import Standing
from leads.services.standing import tag_get, tags_remove

UNDONE = "reject_undone"  # the cause of the ledger rows that lead back
BACK: dict[str, Any] = {"state": Handoff.State.ASSIGNED, "decided_at": None, "decided_by": None}


@transaction.atomic
def handoff_undo(*, handoff_id: int, by: Any) -> Handoff:
    """Take the last accept or reject back: the rep has it to decide, the clock runs on as if nothing had been said.

    Raises Refused for somebody who may not or is too late, Conflict when something has happened since: somebody
    called, the deal moved (deals says so), the lead went on, passed the bar again or has another rep.
    """
    one = handoff_locked(handoff_id)
    decision = decision_standing(one)
    if decision is None:
        raise Conflict("There is no decision to take back.")
    now = db_now()
    _may(decision, one, by, now)
    if happened := happened_since(decision, one):
        raise Conflict(happened)
    decision.undone_at, decision.undone_by = now, by
    decision.save(update_fields=["undone_at", "undone_by"])
    if decision.kind == Decision.Kind.ACCEPTED:
        _accept_undo(one, decision, by)
    else:
        _reject_undo(one, decision, by, now)
    return handoff_locked(one.pk)


def _may(decision: Decision, one: Handoff, by: Any, now: datetime) -> None:
    manager = may_manage(by, one.rep)
    if not manager and by.pk not in (decision.by_id, one.rep_id):
        raise Refused("Only who decided, or a manager of the team, takes it back.", code="forbidden")
    if refusal := rules.undo_late(now, decision.at, manager=manager):
        raise Refused(refusal)


def _standing(one: Handoff) -> Standing:
    rows = rows_locked(Standing.objects.filter(pk=one.lead_id))
    return rows.select_related("stage__funnel", "owner").get()


def _accept_undo(one: Handoff, decision: Decision, by: Any) -> None:
    standing = _standing(one)
    if one.closed_at is not None or standing.stage.kind != Stage.Kind.HANDED_OFF or standing.cycle != one.cycle:
        raise Conflict(f"The lead went on to {standing.stage} since.")
    Handoff.objects.filter(pk=one.pk).update(**BACK)
    outbox.emit("handoff.accept_undone", tell.key_of(one, decision.pk), **payload(one), by_id=by.pk)


def _reject_undo(one: Handoff, decision: Decision, by: Any, now: datetime) -> None:
    if Handoff.objects.filter(lead=one.lead_id, cycle__gt=one.cycle).exists():
        raise Conflict("The lead passed the bar again since: it has a new handoff.")
    assert one.rep is not None
    receiver_lock(one.rep, by=one.rep)
    standing = _standing(one)
    if standing.owner_id not in (None, one.rep_id):
        raise Conflict(f"The lead belongs to {standing.owner} since.")
    _walk_back(standing, decision, one, by, now)
    Standing.objects.filter(pk=one.lead_id).update(owner=one.rep)
    if tag := decision.kept.get("tag"):
        tags_remove(lead_ids=[one.lead_id], tag=tag_get(name=tag))
    # the same turn goes on: its clock was never stopped
    last = Assignment.objects.filter(handoff=one, turn=one.turn).order_by("-pk")[:1].values("pk")
    Assignment.objects.filter(pk__in=list(last.values_list("pk", flat=True))).update(ended_at=None, ended_why="")
    Handoff.objects.filter(pk=one.pk).update(
        **BACK, reject_reason=None, reject_note="", reenter_at=None, look_again_at=None
    )
    outbox.emit("handoff.reject_undone", tell.key_of(one, decision.pk), **payload(one), by_id=by.pk)
    title = f"{by} took the reject of {one.lead.name} back"
    body = f"It was: {decision.reason}. The lead is with {one.rep} again."
    marketing_tell(one, tell.key_of(one, "reject-undone", decision.pk), title, body, now)


def _walk_back(standing: Standing, decision: Decision, one: Handoff, by: Any, now: datetime) -> None:
    """A correcting ledger row for each move since the reject, newest first. The scorer may have moved the lead on
    within marketing meanwhile; a person's move is not taken back. Raises Conflict."""
    seq = decision.kept.get("seq")
    if seq is None:  # a hand had moved the lead before the reject: there it stays
        return
    moves = history(Transition.Kind.LEAD, standing.pk).filter(seq__gt=seq).select_related("from_stage__funnel")
    for place, move in enumerate(moves.order_by("-seq")):
        if move.cause != "scored" and move.seq != seq + 1:
            raise Conflict(f"The lead went on to {standing.stage} since.")
        assert move.from_stage is not None and place < 100
        cycle = one.cycle if move.seq == seq + 1 else standing.cycle
        journey_move(
            [standing],
            kind=Transition.Kind.LEAD,
            to=move.from_stage,
            cause=UNDONE,
            by=by,
            at=now,
            back_to_cycle=cycle,
        )
