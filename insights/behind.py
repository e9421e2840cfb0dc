"""The rows behind a number: the same query that counted it, a page at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from core.keyset import Page, keyset_page
from deals.models import Deal
from handoff.selectors.policies import mql_bar
from insights import wording as say
from insights.metrics import funnel, handoffs, marketing, opened, sales
from insights.metrics.scope import Scope
from insights.rules.path import Path
from insights.rules.rates import DAY
from leads.models import Lead, Standing

SIZE = 50
FATES = {"open": "still open", "stalled": "stalled", "recycled": "recycled", "lost": "lost", "dropped": "left there"}


@dataclass
class Behind:
    """Rows of one kind (person, deal, handoff or lead), how they sort, and what they are."""

    title: str
    kind: str
    rows: QuerySet[Any]
    sort: str
    tie: str = "pk"


@dataclass(frozen=True)
class Asked:
    """Which number: its name and what narrows it."""

    what: str
    rank: int = 0
    fate: str = ""
    reason: int | None = None
    stage: int | None = None
    month: str = ""
    low: int = 0


def _step(scope: Scope, path: Path, asked: Asked) -> Behind:
    rank = min(asked.rank, len(path.steps) - 1)
    name, fate = path.steps[rank].name, asked.fate if asked.fate in FATES else ""
    rows = funnel.people_at(scope, path, rank, fate)
    if not scope.cohort:
        return Behind(f"First reached {name}", "reached", rows, "-at", "person_id")
    title = f"Reached {name}, and {FATES[fate]}" if fate else f"Reached {name} or beyond"
    return Behind(title, "person", rows, "-day")


def _deals(
    title: str, rows: Callable[[Scope], QuerySet[Deal]], sort: str = "-closed_at"
) -> Callable[[Scope, Path, Asked], Behind]:
    def found(scope: Scope, path: Path, asked: Asked) -> Behind:
        kept = rows(scope)
        if asked.reason is not None:
            kept = kept.filter(lost_reason=asked.reason or None)
        return Behind(title, "deal", kept, sort)

    return found


def _handoffs(
    title: str, rows: Callable[[Scope], QuerySet[Any]], sort: str = "-assigned_at"
) -> Callable[[Scope, Path, Asked], Behind]:
    def found(scope: Scope, path: Path, asked: Asked) -> Behind:
        kept = rows(scope)
        if asked.reason is not None:
            kept = kept.filter(reject_reason=asked.reason or None)
        return Behind(title, "handoff", kept, sort)

    return found


def _stalled(scope: Scope, path: Path, asked: Asked) -> Behind:
    rows = opened.stalled(scope, path)
    return Behind("Stalled deals", "deal", rows.filter(stage=asked.stage) if asked.stage else rows, "stage_since")


def _month(scope: Scope, path: Path, asked: Asked) -> Behind:
    rows = opened.month_deals(scope, asked.month)
    return Behind(f"Expected to close: {asked.month}", "deal", rows, "-stage_since")


def _near(scope: Scope, path: Path, asked: Asked) -> Behind:
    rows = marketing.near_bar(scope, mql_bar())
    return Behind("Leads near the bar", "lead", rows, "-score")


def _band(scope: Scope, path: Path, asked: Asked) -> Behind:
    low = max(0, min(90, asked.low // 10 * 10))
    return Behind(f"Leads with {low} points or more", "lead", marketing.band(scope, low), "-score")


NUMBERS: dict[str, Callable[[Scope, Path, Asked], Behind]] = {
    "step": _step,
    "won": _deals("Deals won", sales.won),
    "lost": _deals("Deals lost", sales.lost),
    "closed": _deals("Deals won or lost", sales.closed),
    "open": _deals("Open deals", opened.opened, "-stage_since"),
    "stalled": _stalled,
    "month": _month,
    "assigned": _handoffs("Handoffs assigned", handoffs.assigned),
    "answered": _handoffs("Handoffs answered", handoffs.answered),
    "in_time": _handoffs("Handoffs answered in time", handoffs.in_time),
    "late": _handoffs("Handoffs answered late, or not at all", handoffs.late),
    "decided": _handoffs("Handoffs accepted or rejected", handoffs.decided, "-decided_at"),
    "rejected": _handoffs("Handoffs rejected", handoffs.rejected, "-decided_at"),
    "near": _near,
    "band": _band,
}
# What a person without a marketing or manager role may open: the own deals and handoffs.
FOR_REPS = frozenset(NUMBERS) - {"near", "band", "step"}


def page(behind: Behind, scope: Scope, path: Path, cursor: str) -> tuple[Page, list[dict[str, Any]]]:
    """One page of rows, ready for the table."""
    rows = behind.rows
    if behind.kind == "deal":
        rows = rows.select_related("company", "owner", "stage", "lead", "lost_reason")
    elif behind.kind == "handoff":
        rows = rows.select_related("lead__company", "rep", "reject_reason")
    elif behind.kind == "lead":
        rows = rows.select_related("lead__company", "stage", "owner")
    found = keyset_page(rows, sort=behind.sort, tie=behind.tie, cursor=cursor, size=SIZE)
    make: Any = {"deal": _deal_line, "handoff": _handoff_line, "lead": _lead_line}.get(behind.kind)
    if make:
        return found, [make(one, scope) for one in found.rows]
    return found, _people_lines(found.rows, behind.kind, scope)


def _deal_line(deal: Deal, scope: Scope) -> dict[str, Any]:
    return {
        "deal": deal,
        "amount": say.money(deal.amount, deal.currency) if scope.sees_money else "",
        "days": say.days((deal.closed_at - deal.created_at).total_seconds() / DAY) if deal.closed_at else "",
    }


def _handoff_line(one: Any, scope: Scope) -> dict[str, Any]:
    took = (one.responded_at - one.assigned_at).total_seconds() if one.responded_at and one.assigned_at else None
    late = bool(one.due_at and (one.responded_at or scope.now) > one.due_at) or getattr(one, "missed_before", False)
    return {"handoff": one, "lead": one.lead, "took": say.span(took), "late": late}


def _lead_line(one: Standing, scope: Scope) -> dict[str, Any]:
    return {"lead": one.lead, "standing": one}


def _people_lines(rows: list[Any], kind: str, scope: Scope) -> list[dict[str, Any]]:
    """Leads, and deals without a lead, in the order of the page. Two queries."""
    ids = [one.person_id if kind == "reached" else one.pk for one in rows]
    leads = Lead.objects.select_related("company", "standing__stage", "standing__owner").in_bulk(
        [one for one in ids if one > 0]
    )
    deals = Deal.objects.select_related("company", "stage", "owner").in_bulk([-one for one in ids if one < 0])
    found = []
    for row, person in zip(rows, ids, strict=True):
        lead, deal = leads.get(person), deals.get(-person)
        line: dict[str, Any] = {"at": row.at if kind == "reached" else None, "gone": lead is None and deal is None}
        if lead is not None:
            line |= {"lead": lead, "standing": lead.standing}
        elif deal is not None:
            line |= _deal_line(deal, scope)
        found.append(line)
    return found


__all__ = ["FOR_REPS", "NUMBERS", "Asked", "Behind", "page"]
