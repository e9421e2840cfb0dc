"""Making a deal by hand and keeping its facts."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Refused
from deals import rules
from deals.models import Deal, Product, Task
from deals.services.bant import bant_note
from deals.services.moves import deal_locked, deal_move
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import stage_of_kind
from funnels.services import journey_start
from leads.models import Company, Lead

EDITABLE = (
    *("name", "amount", "currency", "expected_close", "budget", "authority", "need", "timeline"),
    *("next_step", "next_step_at", "objection", "company"),
)


def _checked(name: str, value: Any) -> Any:
    if name not in EDITABLE:
        raise Refused(f"{name} cannot be changed here.", field=name)
    if name in rules.TEXT_LIMITS:
        text = str(value or "").strip()
        if len(text) > rules.TEXT_LIMITS[name]:
            raise Refused(f"At most {rules.TEXT_LIMITS[name]} characters.", field=name)
        if name == "name" and not text:
            raise Refused("A deal needs a name.", field=name)
        return text
    if name == "amount" and (refusal := rules.amount_refusal(value)):
        raise Refused(refusal, field=name)
    if name == "currency" and not (len(value) == 3 and value.isascii() and value.isalpha()):
        raise Refused("A currency is three letters, such as USD.", field=name)
    return value.upper() if name == "currency" else value


@transaction.atomic
def deal_create(
    *,
    by: Any,
    lead: Lead | None = None,
    company: Company | None = None,
    name: str = "",
    owner: Any = None,
    pipeline: Funnel | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    expected_close: date | None = None,
) -> Deal:
    """A deal that no handoff opened, in the first open stage of a pipeline; an opportunity at once.

    Raises Refused when it has neither lead, company nor name, or a value is not allowed.
    """
    company = company or (lead.company if lead else None)
    if not (lead or company or name.strip()):
        raise Refused("Name the deal, or choose its lead or company.", field="name")
    now = db_now()
    deal = Deal(
        name=_checked("name", name or rules.deal_name(company.name if company else "", lead.name if lead else "")),
        lead=lead,
        company=company,
        owner=owner or by,
        source=lead.source if lead else "",
        amount=_checked("amount", amount),
        currency=_checked("currency", currency or settings.CURRENCY),
        expected_close=expected_close,
        stage=_first_stage(pipeline),
        stage_since=now,
        seq=1,
        created_at=now,
        accepted_at=now,
    )
    deal.save()
    journey_start([deal], kind=Transition.Kind.DEAL, cause="created", by=by)
    return deal


def _first_stage(pipeline: Funnel | None) -> Stage:
    if pipeline is None:
        return stage_of_kind(Funnel.Kind.SALES, Stage.Kind.OPEN)
    stages = Stage.objects.filter(funnel=pipeline, funnel__kind=Funnel.Kind.SALES, kind=Stage.Kind.OPEN)
    found = stages.select_related("funnel").filter(is_active=True).first()
    if found is None:
        raise Refused("This pipeline has no open stage.", field="pipeline")
    return found


@transaction.atomic
def deal_update(*, deal: Deal, by: Any, values: Mapping[str, Any]) -> Deal:
    """Write the named facts (``EDITABLE``); returns the deal as it is now. Raises Refused naming the field.

    A closed deal keeps its amount: it was counted. Reopen it to change that.
    """
    deal = deal_locked(deal)
    for name, value in values.items():
        checked = _checked(name, value)
        if name in ("amount", "currency") and not deal.stage.is_open and checked != getattr(deal, name):
            raise Refused("The deal is closed and its amount counted. Reopen it to change that.", field=name)
        setattr(deal, name, checked)
    if values:
        deal.save(update_fields=list(values))
        bant_note(deal, values, by)
        deals_rewritten([deal])
    return deal


@transaction.atomic
def deal_assign(*, deal: Deal, owner: Any, by: Any) -> Deal:
    """Give the deal and its open tasks to another rep. Raises Refused for one who cannot have deals."""
    if owner is None or not owner.is_active or not owner.has_role("rep", "manager"):
        raise Refused("Choose a rep who is active.", field="owner")
    deal = deal_locked(deal)
    if deal.is_waiting:
        raise Refused("Its handoff waits for an answer: reassign the handoff, the deal follows.", field="owner")
    deal.owner = owner
    deal.save(update_fields=["owner"])
    Task.objects.filter(deal=deal, done_at=None).update(owner=owner)
    deals_rewritten([deal])
    return deal


def deals_rewritten(deals: Iterable[Deal]) -> None:
    """Tell the rooms above that these deals changed in a way that no move shows: owner, amount, source. Inside the
    transaction of that change."""
    facts = [(f"deal:{deal.pk}", {"deal_id": deal.pk, "lead_id": deal.lead_id}) for deal in deals]
    outbox.emit_many("deal.rewritten", facts)


@transaction.atomic
def deal_products_set(*, deal: Deal, products: Iterable[Product], by: Any) -> Deal:
    """The products that the deal is about."""
    deal = deal_locked(deal)
    deal.products.set(products)
    return deal


@transaction.atomic
def deal_move_with(
    *, deal: Deal, to: Stage, by: Any, values: Mapping[str, Any], seq: int | None = None, cause: str = "moved"
) -> Deal:
    """``deal_update``, then ``deal_move``, as one: what the stage asked for is kept only when the deal moves."""
    if values:
        deal_update(deal=deal, by=by, values=values)
    return deal_move(deal=deal, to=to, by=by, seq=seq, cause=cause)
