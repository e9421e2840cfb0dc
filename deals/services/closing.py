"""Winning, losing and reopening a deal, and what becomes of its lead."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Refused
from deals import rules
from deals.models import Deal, LostReason
from deals.services.moves import deal_locked, end_stage
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import history, stage_get, stage_of_kind
from funnels.services import journey_move
from leads.models import Standing

LEAD, DEAL = Transition.Kind.LEAD, Transition.Kind.DEAL


def _standing(deal: Deal) -> Standing | None:
    rows = Standing.objects.select_for_update(of=("self",)).select_related("stage__funnel")
    return rows.filter(pk=deal.lead_id).first()


@transaction.atomic
def deal_win(*, deal: Deal, by: Any, amount: Decimal | None = None, seq: int | None = None) -> Deal:
    """Win an open deal, for ``amount`` or the amount it has already; its lead becomes a customer (Onboarded).

    Raises Refused without an amount, when it is closed, or while its handoff waits for an answer; Conflict when it
    moved since ``seq``.
    """
    _hold(deal)
    deal = deal_locked(deal, seq)
    if refusal := rules.close_refusal(from_kind=deal.stage.kind, waiting=deal.is_waiting):
        raise Refused(refusal, field="stage")
    amount = deal.amount if amount is None else amount
    if amount is None:
        raise Refused("What is it worth? A win needs its amount.", field="amount", code="required")
    if refusal := rules.amount_refusal(amount):
        raise Refused(refusal, field="amount")
    now = db_now()
    journey_move([deal], kind=DEAL, to=end_stage(deal, Stage.Kind.WON), cause="won", by=by, at=now)
    deal.amount, deal.closed_at, deal.lost_reason, deal.objection = amount, deal.stage_since, None, ""
    deal.save(update_fields=["amount", "closed_at", "lost_reason", "objection"])
    _tell("deal.closed", deal)
    standing = _standing(deal)
    if standing is not None and not _is_customer(standing):
        onboarded = stage_of_kind(Funnel.Kind.CUSTOMER, Stage.Kind.OPEN)
        journey_move([standing], kind=LEAD, to=onboarded, cause="won", by=by, at=now, note=deal.name)
    return deal


def _hold(deal: Deal) -> None:
    """Its handoff is held before the deal: whoever decides about the handoff takes them in this order too."""
    if deal.lead_id is not None and deal.lead_cycle is not None:
        outbox.emit("deal.closing", f"deal:{deal.pk}", lead_id=deal.lead_id, cycle=deal.lead_cycle)


def _tell(topic: str, deal: Deal) -> None:
    """The handoff that opened it hears whether it takes room in its rep's load."""
    if deal.lead_id is not None and deal.lead_cycle is not None:
        outbox.emit(topic, f"deal:{deal.pk}:{deal.seq}", lead_id=deal.lead_id, cycle=deal.lead_cycle)


def _is_customer(standing: Standing) -> bool:
    return standing.stage.funnel.kind == Funnel.Kind.CUSTOMER and standing.stage.kind != Stage.Kind.CHURNED


@transaction.atomic
def deal_lose(
    *,
    deal: Deal,
    by: Any,
    reason: LostReason | None,
    objection: str = "",
    nurture: bool = False,
    seq: int | None = None,
) -> Deal:
    """Lose an open deal for a coded reason. ``nurture`` sends its lead back to marketing's Interest, in its next
    cycle, when this handoff is where the lead stands and no other deal of the lead is open; else the lead stays.

    Raises Refused without a usable reason, when it is closed, or while its handoff waits; Conflict as ``deal_win``.
    """
    _hold(deal)
    deal = deal_locked(deal, seq)
    if refusal := rules.close_refusal(from_kind=deal.stage.kind, waiting=deal.is_waiting):
        raise Refused(refusal, field="stage")
    if reason is None or not reason.is_active or reason.code == rules.REJECTED:
        raise Refused("Choose why it was lost.", field="reason")
    now = db_now()
    journey_move(
        [deal], kind=DEAL, to=end_stage(deal, Stage.Kind.LOST), cause="lost", by=by, at=now, note=reason.label
    )
    deal.lost_reason, deal.closed_at = reason, deal.stage_since
    deal.objection = objection.strip()[: rules.TEXT_LIMITS["objection"]]
    deal.save(update_fields=["lost_reason", "closed_at", "objection"])
    _tell("deal.closed", deal)
    if nurture:
        _recycle(deal, by, now)
    return deal


def _recycle(deal: Deal, by: Any, now: datetime) -> None:
    standing = _standing(deal)
    if standing is None or standing.stage.kind != Stage.Kind.HANDED_OFF:
        return
    if Deal.objects.filter(lead=standing.pk, closed_at=None).exists():
        return
    interest = stage_get("marketing", "interest")
    journey_move([standing], kind=LEAD, to=interest, cause="recycled", by=by, at=now, note=deal.name, next_cycle=True)


@transaction.atomic
def deal_reopen(*, deal: Deal, by: Any, seq: int | None = None) -> Deal:
    """Undo a win or a loss: the deal is back in the open stage it was closed from, and so is its lead, unless the
    lead has moved on since or is a customer by another deal.

    Raises Refused when the deal is open or was closed with its rejected handoff; Conflict as ``deal_win``.
    """
    _hold(deal)
    deal = deal_locked(deal, seq)
    if deal.stage.is_open:
        raise Refused("The deal is open.", field="stage")
    if deal.is_waiting:
        raise Refused("It was closed with its rejected handoff. A new handoff opens a new deal.", field="stage")
    now = db_now()
    won = deal.stage.kind == Stage.Kind.WON
    _lead_back(deal, by, now, won)
    journey_move([deal], kind=DEAL, to=_reopened_stage(deal), cause="reopened", by=by, at=now)
    deal.closed_at, deal.lost_reason, deal.objection = None, None, ""
    deal.save(update_fields=["closed_at", "lost_reason", "objection"])
    _tell("deal.reopened", deal)
    return deal


def _reopened_stage(deal: Deal) -> Stage:
    """Where it was closed from; the pipeline's first open stage when that is unknown or no longer used."""
    last = history(DEAL, deal.pk).last()
    before = last.from_stage if last else None
    if before is not None and before.is_open and before.is_active:
        return before
    stages = Stage.objects.select_related("funnel").filter(funnel_id=deal.stage.funnel_id, kind=Stage.Kind.OPEN)
    found = stages.filter(is_active=True).first()
    if found is None:
        raise Refused("The pipeline has no open stage to reopen it in.", field="stage")
    return found


def _lead_back(deal: Deal, by: Any, now: datetime, won: bool) -> None:
    """The lead follows only when its last move came from this very closing."""
    standing = _standing(deal)
    last = history(LEAD, standing.pk).last() if standing else None
    if standing is None or last is None or last.from_stage is None or deal.closed_at is None:
        return
    if last.cause != ("won" if won else "recycled") or last.at < deal.closed_at:
        return
    if won and _won_otherwise(deal, standing):
        return
    cause = "win_undone" if won else "recycling_undone"
    cycle = None if won else last.cycle - 1
    journey_move([standing], kind=LEAD, to=last.from_stage, cause=cause, by=by, at=now, back_to_cycle=cycle)


def _won_otherwise(deal: Deal, standing: Standing) -> bool:
    return Deal.objects.filter(lead=standing.pk, stage__kind=Stage.Kind.WON).exclude(pk=deal.pk).exists()


@transaction.atomic
def deal_undo(*, deal: Deal, by: Any, seq: int) -> Deal:
    """Take back the last move, which must still be the one numbered ``seq``: a new ledger row leads back.

    A win or a loss is undone by ``deal_reopen``. Raises Conflict when the deal has moved since.
    """
    _hold(deal)
    deal = deal_locked(deal, seq)
    if not deal.stage.is_open:
        return deal_reopen(deal=deal, by=by, seq=seq)
    last = history(DEAL, deal.pk).last()
    if last is None or last.from_stage is None:
        raise Refused("There is nothing to undo.", field="stage")
    if not last.from_stage.is_open:
        raise Refused("The deal was reopened; close it again with Win or Lose.", field="stage")
    journey_move([deal], kind=DEAL, to=last.from_stage, cause="undo", by=by, at=db_now())
    return deal
