"""The people and deals that these tests speak of, made through the public doors."""

from decimal import Decimal
from itertools import count, pairwise
from typing import Any

from django.db import transaction

from core import outbox
from deals.models import Deal
from deals.services import deal_create, deals_note_accepted, deals_open_for_handoffs
from funnels.models import Transition
from funnels.selectors import history, stage_get
from funnels.services import journey_move
from leads.models import Lead, Standing
from leads.services import capture_accept, inbox_drain

_number = count(1)


def lead_make(**fields: Any) -> Lead:
    """A captured lead, standing in Awareness."""
    number = next(_number)
    email = f"person{number}@client{number}.example"
    body = {
        "lead": {"email": email, "first_name": "Pia", "last_name": f"Person{number}"} | fields,
        "company": {"name": f"Client {number}", "domain": f"client{number}.example"},
        "touch": {"source": "webinar"},
    }
    capture_accept(source="api", key=f"deals-{number}", body=body)
    inbox_drain()
    return Lead.objects.select_related("company", "standing__stage").get(email_key=email)


def lead_handed_off(**fields: Any) -> Lead:
    lead = lead_make(**fields)
    with transaction.atomic():
        standing = Standing.objects.select_related("stage__funnel").get(pk=lead.pk)
        journey_move([standing], kind=Transition.Kind.LEAD, to=stage_get("marketing", "handed_off"), cause="mql")
    return lead


def payload(lead: Lead, rep: Any, cycle: int = 1) -> dict[str, Any]:
    return {"handoff_id": lead.pk, "lead_id": lead.pk, "cycle": cycle, "rep_id": rep.pk}


def deal_from_handoff(rep: Any, *, accepted: bool = True) -> Deal:
    """A deal in Qualification that the handoff's news opened; the rep has accepted it."""
    lead = lead_handed_off()
    with transaction.atomic():
        deals_open_for_handoffs([payload(lead, rep)])
        if accepted:
            deals_note_accepted([{**payload(lead, rep), "by_id": rep.pk}])
    return Deal.objects.select_related("stage__funnel", "lead", "owner").get(lead=lead)


def deal_by_hand(rep: Any, **fields: Any) -> Deal:
    number = next(_number)
    return deal_create(by=rep, **{"name": f"Deal {number}", "amount": Decimal("100.00"), **fields})


def chain_holds(kind: int, traveller: Any) -> bool:
    """The ledger has no gap and ends where the traveller stands."""
    rows = list(history(kind, traveller.pk))
    traveller.refresh_from_db()
    linked = all(
        after.from_stage_id == before.to_stage_id and after.at >= before.at for before, after in pairwise(rows)
    )
    return (
        linked
        and [row.seq for row in rows] == list(range(1, len(rows) + 1))
        and rows[0].from_stage_id is None
        and rows[-1].to_stage_id == traveller.stage_id
        and rows[-1].at == traveller.stage_since
        and (rows[-1].seq, rows[-1].cycle) == (traveller.seq, traveller.cycle)
    )


def tell(topic: str, facts: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        outbox.emit_many(topic, [(f"{fact['lead_id']}", fact) for fact in facts])
