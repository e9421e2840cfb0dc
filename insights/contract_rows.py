"""The rows behind a number of the contract: the same query that counted it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from core.bulk import where_in
from handoff.models import Handoff
from insights.behind import Behind
from insights.metrics import contract, handoffs
from insights.metrics.contract import TermsOf
from insights.metrics.scope import Scope


@dataclass(frozen=True)
class Asked:
    what: str
    reason: int | None = None
    campaign: str = ""
    source: str = ""


def _tried(scope: Scope, terms: TermsOf) -> QuerySet[Handoff]:
    return where_in(handoffs.assigned(scope), "pk", contract.tried_ids(scope, terms, enough=False))


NUMBERS: dict[str, tuple[str, str, Callable[[Scope], QuerySet[Handoff]]]] = {
    "delivered": ("MQLs delivered", "-opened_at", contract.delivered),
    "again": ("Passed the bar again", "-opened_at", contract.again),
    "decided": ("Handoffs accepted or rejected", "-decided_at", handoffs.decided),
    "accepted": ("Handoffs accepted", "-decided_at", contract.accepted),
    "rejected": ("Handoffs rejected", "-decided_at", handoffs.rejected),
    "judged": ("Handoffs answered, or past a deadline", "-assigned_at", contract.judged),
    "in_time": ("Handoffs answered in time", "-assigned_at", contract.in_time),
    "never": ("Past a deadline without an answer", "-assigned_at", contract.never),
    "waiting": ("Waiting for a first answer now", "-opened_at", contract.waiting),
}


def behind(asked: Asked, scope: Scope, terms: TermsOf) -> Behind | None:
    if asked.what == "tried":
        rows, title, sort = _tried(scope, terms), "Handoffs judged by their attempts", "-assigned_at"
    elif asked.what in NUMBERS:
        title, sort, found = NUMBERS[asked.what]
        rows = found(scope)
    else:
        return None
    if asked.reason is not None:
        rows = rows.filter(reject_reason=asked.reason or None)
    filters: dict[str, Any] = {"lead__campaign": asked.campaign, "lead__source": asked.source}
    for name, value in filters.items():
        if value:
            rows = rows.filter(**{name: "" if value == "-" else value})
    return Behind(title, "handoff", rows.annotate(missed_before=contract.missed_before()), sort)
