"""What the handoff tells us: called in its transaction, with the whole batch at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from core.bulk import ids_allocate, rows_insert, where_in
from core.clock import db_now
from core.locks import rows_locked
from deals import rules
from deals.models import Deal, LostReason, Task
from deals.services.moves import end_stage
from funnels.bulk import journeys_start
from funnels.models import Stage, Transition
from funnels.selectors import stage_of_kind
from funnels.services import journey_move
from leads.models import Lead
from leads.rules import lead_name
from team.models import User

Payload = Mapping[str, Any]
_LEAD = ("first_name", "last_name", "email", "external_id", "pk", "source", "company", "company__name")
_NEW = ("pk", "name", "lead", "lead_cycle", "company", "owner", "source", "created_at", "stage_since")


def _at(payload: Payload, now: datetime) -> datetime:
    at = payload.get("at")
    return (parse_datetime(at) if isinstance(at, str) else at) or now


def pair_of(payload: Payload) -> tuple[int, int]:
    return payload["lead_id"], payload["cycle"]


def deals_of(payloads: Iterable[Payload]) -> dict[tuple[int, int], Deal]:
    """The deals of these handoffs by (lead, cycle), with stage and funnel, locked until the commit."""
    pairs = {pair_of(one) for one in payloads}
    found = Deal.objects.filter(
        lead_id__in=sorted({lead for lead, _ in pairs}), lead_cycle__in=sorted({cycle for _, cycle in pairs})
    )
    rows = rows_locked(found).select_related("stage__funnel")
    by_pair = {(deal.lead_id or 0, deal.lead_cycle or 0): deal for deal in rows}
    return {pair: deal for pair, deal in by_pair.items() if pair in pairs}


def deals_open_for_handoffs(payloads: Sequence[Payload]) -> int:
    """Open one deal per (lead, cycle) for ``{lead_id, cycle, rep_id[, at]}``; returns how many were new.

    A handoff that has its deal already is left alone, so the same batch may come twice.
    """
    wanted = {pair_of(one): one for one in payloads}
    lead_ids = [lead for lead, _ in wanted]
    opened = where_in(Deal.objects.exclude(lead_cycle=None), "lead", lead_ids)
    for lead, cycle in opened.values_list("lead_id", "lead_cycle"):
        wanted.pop((lead or 0, cycle or 0), None)
    if not wanted:
        return 0
    stage = stage_of_kind("sales", Stage.Kind.OPEN)
    leads = {lead[4]: lead for lead in where_in(Lead.objects.all(), "pk", lead_ids).values_list(*_LEAD)}
    now = db_now()
    ids = ids_allocate(Deal, len(wanted))
    rows = [
        _deal(pk, leads[one["lead_id"]], one, _at(one, now)) for pk, one in zip(ids, wanted.values(), strict=True)
    ]
    rows_insert(Deal, _NEW, rows, same={"stage": stage.pk, "seq": 1, "currency": settings.CURRENCY})
    starts = [(row[0], row[-1]) for row in rows]
    journeys_start(starts, kind=Transition.Kind.DEAL, stage=stage, cause="handoff")
    return len(rows)


def _deal(pk: int, lead: tuple[Any, ...], payload: Payload, at: datetime) -> tuple[Any, ...]:
    """The values of ``_NEW`` from those of ``_LEAD``. No models: a burst opens a thousand deals a second."""
    *person, source, company_id, company = lead
    name = rules.deal_name(company or "", lead_name(*person))
    return (pk, name, payload["lead_id"], payload["cycle"], company_id, payload["rep_id"], source, at, at)


def deals_follow_handoffs(payloads: Sequence[Payload]) -> None:
    """Another rep has the handoff: its deal and the deal's open tasks go with it."""
    deals = deals_of(payloads)
    for payload in payloads:
        if deal := deals.get(pair_of(payload)):
            deal.owner_id = payload["rep_id"]
    Deal.objects.bulk_update(deals.values(), ["owner"], batch_size=1000)
    tasks = list(Task.objects.filter(deal__in=deals.values(), done_at=None).select_related("deal"))
    for task in tasks:
        task.owner_id = task.deal.owner_id or task.owner_id  # type: ignore[union-attr]
    Task.objects.bulk_update(tasks, ["owner"], batch_size=1000)


def deals_note_accepted(payloads: Sequence[Payload]) -> None:
    """SQL: the deal counts as an opportunity from now on. A second time changes nothing."""
    now = db_now()
    deals = deals_of(payloads)
    fresh = [deal for one in payloads if (deal := deals.get(pair_of(one))) and deal.accepted_at is None]
    when = {pair_of(one): _at(one, now) for one in payloads}
    for deal in fresh:
        deal.accepted_at = when[deal.lead_id or 0, deal.lead_cycle or 0]
    Deal.objects.bulk_update(fresh, ["accepted_at"], batch_size=1000)


def deals_close_for_rejected(payloads: Sequence[Payload]) -> None:
    """Sales rejected the handoff: its deal is closed with it, and is no loss in the win rate."""
    now = db_now()
    deals = deals_of(payloads)
    reason = LostReason.objects.get(code=rules.REJECTED)
    for payload in payloads:
        deal = deals.get(pair_of(payload))
        if deal is None or not deal.stage.is_open:
            continue
        lost = end_stage(deal, Stage.Kind.LOST)
        at = _at(payload, now)
        journey_move([deal], kind=Transition.Kind.DEAL, to=lost, cause="rejected", by=by_of(payload), at=at)
        deal.lost_reason, deal.closed_at = reason, deal.stage_since
        deal.objection = str(payload.get("reason") or "")[: rules.TEXT_LIMITS["objection"]]
        deal.save(update_fields=["lost_reason", "closed_at", "objection"])


def by_of(payload: Payload) -> User | None:
    return User(pk=payload["by_id"]) if payload.get("by_id") else None


def deals_note_touch(payloads: Sequence[Payload]) -> None:
    """A rep called, mailed or met the lead (``{lead_id, by_id, at}``): its open deals were touched then."""
    now = db_now()
    for payload in payloads:
        at = _at(payload, now)
        open_deals = Deal.objects.filter(lead_id=payload["lead_id"], closed_at=None)
        open_deals.exclude(last_touch_at__gte=at).update(last_touch_at=at)
