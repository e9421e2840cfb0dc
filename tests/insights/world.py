"""Histories written straight into the tables, and the same numbers counted the slow and obvious way."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deals.models import Deal
from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_chain
from leads.models import Lead, Standing

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDER = [
    *("awareness", "interest", "evaluation", "handed_off"),
    *("qualification", "demo", "proposal", "won"),
    *("onboarded", "retained", "advocate"),
]
FUNNEL = {
    **dict.fromkeys(("awareness", "interest", "evaluation", "handed_off", "disqualified"), "marketing"),
    **dict.fromkeys(("qualification", "demo", "proposal", "won", "lost"), "sales"),
    **dict.fromkeys(("onboarded", "retained", "advocate", "churned"), "customer"),
}
SALES = ORDER.index("qualification")


@dataclass
class History:
    """Steps are (stage, hours after START), oldest first. A person without lead steps is a deal without a lead."""

    steps: list[tuple[str, int]] = field(default_factory=list)
    deals: list[list[tuple[str, int]]] = field(default_factory=list)
    accepted: list[int | None] = field(default_factory=list)
    source: str = "web"
    cycle: int = 1


def at(hours):
    return START + timedelta(hours=hours)


def write(history, number):
    """The person's rows; returns the key the rollup knows them by."""
    lead = None
    if history.steps:
        key = f"p{number}@x.example"
        lead = Lead.objects.create(
            email=key, email_key=key, source=history.source, created_at=at(history.steps[0][1])
        )
        steps = [(stage_get(FUNNEL[name], name), at(hours)) for name, hours in history.steps]
        last = steps[-1]
        Standing.objects.create(
            lead=lead, stage=last[0], stage_since=last[1], seq=len(steps), source=lead.source, cycle=history.cycle
        )
        Transition.objects.bulk_create(journey_chain(Transition.Kind.LEAD, lead.pk, steps, cause="test"))
    deal = None
    for index, moves in enumerate(history.deals):
        steps = [(stage_get("sales", name), at(hours)) for name, hours in moves]
        accepted = history.accepted[index]
        deal = Deal.objects.create(
            name="d",
            lead=lead,
            lead_cycle=index + 1 if lead else None,
            source=history.source,
            stage=steps[-1][0],
            stage_since=steps[-1][1],
            seq=len(steps),
            created_at=steps[0][1],
            accepted_at=None if accepted is None else at(accepted),
            closed_at=steps[-1][1] if moves[-1][0] in ("won", "lost") else None,
        )
        Transition.objects.bulk_create(journey_chain(Transition.Kind.DEAL, deal.pk, steps, cause="test"))
    return lead.pk if lead else -deal.pk


def naive_reached(history):
    """rank -> first moment in that step or any later one, looked for in every row of the ledger."""
    seen = [(ORDER.index(name), at(hours)) for name, hours in history.steps if name in ORDER]
    for index, moves in enumerate(history.deals):
        accepted = history.accepted[index]
        if accepted is not None:
            seen.append((SALES, at(accepted)))
        for name, hours in moves:
            if name not in ORDER:
                continue
            if name == "qualification" and (history.steps or accepted is not None):
                continue  # opened with the handoff: an opportunity only once accepted
            seen.append((ORDER.index(name), at(hours)))
    found = {}
    for rank in range(0 if history.steps else SALES, len(ORDER)):
        moments = [moment for other, moment in seen if other >= rank]
        if moments:
            found[rank] = min(moments)
    return found
