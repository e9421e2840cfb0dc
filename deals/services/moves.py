"""Moving one deal from stage to stage."""

from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Conflict, Refused
from deals import rules
from deals.models import Deal
from funnels.models import Stage, Transition
from funnels.services import journey_move


def deal_locked(deal: Deal, seq: int | None = None) -> Deal:
    """The deal as it is now, locked until the commit.

    ``seq`` is what the person saw: Conflict when the deal has moved since.
    """
    found = Deal.objects.select_for_update(of=("self",)).select_related("stage__funnel").filter(pk=deal.pk).first()
    if found is None:
        raise Conflict("The deal is gone. Reload and look again.")
    if seq is not None and found.seq != seq:
        raise Conflict(f"Somebody else moved it meanwhile: it is in {found.stage} now. Look again.")
    return found


def end_stage(deal: Deal, kind: str) -> Stage:
    """The won or lost stage of the deal's own pipeline."""
    found = Stage.objects.select_related("funnel").filter(funnel_id=deal.stage.funnel_id, kind=kind).first()
    if found is None:
        raise Refused(f"The pipeline {deal.stage.funnel} has no {kind} stage.", field="stage")
    return found


def deal_values(deal: Deal) -> dict[str, Any]:
    """What a stage may ask for, by name."""
    values = {name: getattr(deal, name) for name in rules.FIELD_LABELS if name not in ("company", "products")}
    return values | {"company": deal.company_id, "products": list(deal.products.values_list("pk", flat=True)[:1])}


def deal_missing(deal: Deal, to: Stage) -> list[str]:
    """Names of the fields that the stage asks for and the deal lacks."""
    return rules.missing_fields(to.required, deal_values(deal)) if to.required else []


@transaction.atomic
def deal_move(*, deal: Deal, to: Stage, by: Any, seq: int | None = None, cause: str = "moved") -> Deal:
    """Move an open deal to another open stage, of its own pipeline or another; returns it as it is now.

    Raises Conflict when it moved since ``seq``; Refused when it is closed, waits for its handoff's answer, or lacks
    what the stage asks for (``field`` names the first such field, code ``missing``).
    """
    deal = deal_locked(deal, seq)
    if deal.stage_id == to.pk:
        return deal
    waiting = deal.is_waiting
    if refusal := rules.move_refusal(from_kind=deal.stage.kind, to_kind=to.kind, waiting=waiting):
        raise Refused(refusal, field="stage")
    if missing := deal_missing(deal, to):
        needed = ", ".join(rules.labels(missing))
        raise Refused(f"{to} asks for: {needed}.", field=missing[0], code="required")
    journey_move([deal], kind=Transition.Kind.DEAL, to=to, cause=cause, by=by, at=db_now())
    return deal
