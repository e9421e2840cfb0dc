"""A decision about a handoff was taken back: so is what it did to the deal, or the deal says why not."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.clock import db_now
from core.errors import Conflict
from deals.models import Deal
from deals.services.handoffs import by_of, deals_of, pair_of
from funnels.models import Transition
from funnels.selectors import history
from funnels.services import journey_move

Payload = Mapping[str, Any]
DEAL = Transition.Kind.DEAL


def deals_undo_accepted(payloads: Sequence[Payload]) -> None:
    """No SQL any more: the deal waits again. Raises Conflict when somebody moved, closed or gave it away since."""
    deals = deals_of(payloads)
    for payload in payloads:
        deal = deals.get(pair_of(payload))
        if deal is None or deal.accepted_at is None:
            continue
        moved = Transition.objects.filter(kind=DEAL, traveller_id=deal.pk, at__gte=deal.accepted_at)
        if not deal.stage.is_open or moved.exists():
            raise Conflict(f"Its deal moved to {deal.stage} since.")
        if deal.owner_id != payload["rep_id"]:
            raise Conflict(f"Its deal was given to {deal.owner or 'nobody'} since.")
        deal.accepted_at = None
        deal.save(update_fields=["accepted_at"])


def deals_undo_rejected(payloads: Sequence[Payload]) -> None:
    """The deal that closed with the reject is back in its stage, by a correcting row. Raises Conflict when it is not
    as the reject left it."""
    now = db_now()
    deals = deals_of(payloads)
    for payload in payloads:
        deal = deals.get(pair_of(payload))
        if deal is None:
            continue
        last = history(DEAL, deal.pk).last()
        if deal.stage.is_open or last is None or last.cause != "rejected" or last.from_stage is None:
            raise Conflict(f"Its deal moved to {deal.stage} since.")
        journey_move([deal], kind=DEAL, to=last.from_stage, cause="reject_undone", by=by_of(payload), at=now)
        deal.closed_at, deal.lost_reason, deal.objection = None, None, ""
        deal.owner_id = payload["rep_id"]
        Deal.objects.bulk_update([deal], ["closed_at", "lost_reason", "objection", "owner"])
