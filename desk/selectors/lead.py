"""The one page about a lead, and what the queue's panel shares with it."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from core.clock import screen_now
from deals.models import Deal
from funnels.models import Transition
from funnels.rules import CORRECTIONS
from funnels.selectors import histories
from handoff.selectors import handoff_of_lead
from leads.models import CustomField, Lead
from leads.rules import ACTIVITY_KINDS
from leads.selectors import timeline
from scoring.selectors import score_explain


def journey_of(lead: Lead, deals: list[Deal]) -> list[Transition]:
    """Both ledgers of a lead as one path, oldest first: marketing, sales, customer."""
    travellers = [(Transition.Kind.LEAD, lead.pk), *((Transition.Kind.DEAL, deal.pk) for deal in deals)]
    return sorted(histories(travellers), key=lambda row: (row.at, row.kind, row.seq))


def path_of(journey: Iterable[Transition]) -> list[Transition]:
    """The journey without what was taken back: the ledger keeps both rows, the path shows neither."""
    stacks: dict[tuple[int, int], list[Transition]] = {}
    for row in journey:
        mine = stacks.setdefault((row.kind, row.traveller_id), [])
        if row.cause in CORRECTIONS and len(mine) > 1 and mine[-2].to_stage_id == row.to_stage_id:
            mine.pop()
        else:
            mine.append(row)
    return sorted((row for mine in stacks.values() for row in mine), key=lambda row: (row.at, row.kind, row.seq))


# The word beside the keyboard shortcut, the activity kind it writes, and what to ask.
LOG_KINDS: dict[str, tuple[str, str]] = {
    "call": ("Log call", "What was said?"),
    "email": ("Log e-mail", "What did you write?"),
    "meeting": ("Log meeting", "What was agreed?"),
    "note": ("Add note", "Your note"),
}


def timeline_context(
    lead: Lead, cursor: str, kind: str, size: int = 30, ledger: Iterable[Transition] | None = None
) -> dict[str, Any]:
    """What ``leads/_timeline.html`` needs; ``ledger`` as for ``timeline``."""
    return {
        "page": timeline(lead, cursor=cursor, size=size, kinds=(kind,) if kind else (), ledger=ledger),
        "cursor": cursor,
        "kind": kind,
        "lead": lead,
        "kinds": list(ACTIVITY_KINDS.items()),
        "more_url": reverse("desk:lead_timeline", args=[lead.pk]),
    }


def lead_context(lead: Lead, user: Any, *, size: int = 30) -> dict[str, Any]:
    """The parts that the queue's panel and the lead page share."""
    now = screen_now()
    deals = list(Deal.objects.visible_to(user).filter(lead=lead).select_related("stage__funnel").order_by("-pk"))
    journey = journey_of(lead, deals)
    return {
        "lead": lead,
        "standing": lead.standing,
        "path": path_of(journey),
        "deals": deals,
        "explained": score_explain(lead, now),
        "handoff": handoff_of_lead(lead.pk, now),
        "log_kinds": [(kind, words[0]) for kind, words in LOG_KINDS.items()],
        "now": now,
        **timeline_context(lead, "", "", size, [row for row in journey if row.kind == Transition.Kind.LEAD]),
    }


def lead_page(lead: Lead, user: Any) -> dict[str, Any]:
    """Everything that the lead page shows."""
    known = dict(CustomField.objects.values_list("key", "label"))
    custom = [(label, lead.custom[key]) for key, label in known.items() if lead.custom.get(key) not in (None, "")]
    custom += [(key, value) for key, value in lead.custom.items() if key not in known and value not in (None, "")]
    return {**lead_context(lead, user), "custom": custom, "tags": list(lead.tags.all())}
