"""Models to start from: ordinary sense for three sorts of business, to be tuned. The first is what every install has.

In each of them fit alone stays below the usual MQL bar of 60: somebody who never did anything is not sales-ready.
"""

from dataclasses import dataclass
from typing import Any

from scoring.rules import DAILY, EACH, ENGAGEMENT, EXPIRING, FIT, HALVING, NEGATIVE, ONCE

Rules = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Starter:
    """``settings`` and ``rules`` are fields of the model and of its rules."""

    key: str
    name: str
    about: str
    settings: dict[str, Any]
    rules: Rules


def _model(fit: list[int], engagement: list[int], interest: int, evaluation: int) -> dict[str, Any]:
    return {
        "fit_cap": 100,
        "engagement_cap": 100,
        "negative_cap": 100,
        "fit_bounds": fit,
        "engagement_bounds": engagement,
        "stage_bars": {"interest": interest, "evaluation": evaluation},
    }


def _while(name: str, points: int, condition: dict[str, Any], group: str = FIT) -> dict[str, Any]:
    """A rule about facts."""
    return {"group": group, "name": name, "points": points, "condition": condition}


def _each(name: str, kind: str, points: int, days: int, cap: int, **more: Any) -> dict[str, Any]:
    """A rule about deeds: half after so many ``days``, or none where it expires."""
    usual = {"group": ENGAGEMENT, "fade": HALVING, "counts": EACH}
    deed = {"name": name, "points": points, "activity_kind": kind, "half_life_days": days, "cap": cap}
    return usual | deed | more


def _is(fact: str, *values: str) -> dict[str, Any]:
    parts = [{"fact": fact, "op": "is", "value": value} for value in values]
    return parts[0] if len(parts) == 1 else {"any": parts}


def _has(fact: str, *words: str) -> dict[str, Any]:
    return {"any": [{"fact": fact, "op": "contains", "value": word} for word in words]}


def _known(fact: str) -> dict[str, Any]:
    return {"fact": fact, "op": "not_empty", "value": None}


TITLE = "lead.job_title"
ABOVE = ("head", "director", "vp", "chief")
B2B = Starter(
    "b2b",
    "B2B software",
    "A few large deals: who they are counts as much as what they do, and interest lasts for weeks.",
    _model([40, 25, 10], [40, 20, 8], 20, 40),
    (
        _while("Decision maker", 20, _has(TITLE, "chief", "ceo", "founder", "vp", "head", "director", "owner")),
        _while("Manager", 6, {"all": [_has(TITLE, "manager", "lead"), {"not": _has(TITLE, *ABOVE)}]}),
        _while("Mid-size company", 15, {"fact": "company.employees", "op": "between", "value": [50, 1000]}),
        _while("Large company", 8, {"fact": "company.employees", "op": ">", "value": 1000}),
        _while("Company e-mail", 5, _known("company.domain")),
        _while("Phone known", 5, _known("lead.phone")),
        _while("Student or intern", -30, _has(TITLE, "student", "intern", "trainee")),
        _each("Requested a demo", "demo_requested", 40, 30, 60),
        _each("Requested a consultation", "consultation_requested", 40, 30, 60),
        _each("Viewed pricing", "pricing_viewed", 12, 21, 36),
        _each("Attended a webinar", "webinar_attended", 15, 45, 30),
        _each("Submitted a form", "form_submitted", 12, 30, 30),
        _each("Downloaded an asset", "asset_downloaded", 10, 45, 30),
        _each("Clicked an e-mail", "email_clicked", 5, 21, 20),
        _each("Opened an e-mail", "email_opened", 1, 14, 5),
        _each("Viewed a page", "page_viewed", 2, 14, 20),
        _each("Met a rep", "meeting", 15, 30, 30),
        _each("Unsubscribed", "unsubscribed", -25, 90, 25, group=NEGATIVE),
        _each("E-mail bounced", "email_bounced", -10, 90, 20, group=NEGATIVE),
    ),
)
LOCAL = Starter(
    "local",
    "Local service",
    "A need of this week: who asks today is called today, and after a fortnight somebody else has done it.",
    _model([35, 20, 10], [40, 20, 8], 15, 35),
    (
        _while("Phone known", 20, _known("lead.phone")),
        _while("Place known", 10, _known("lead.city")),
        _while("Came recommended", 15, _is("lead.source", "referral", "recommendation", "partner")),
        _while("Found us on the map", 8, _has("lead.source", "maps", "local", "directory")),
        _each("Asked for advice", "consultation_requested", 40, 14, 60, fade=EXPIRING),
        _each("Submitted a form", "form_submitted", 25, 7, 40, fade=EXPIRING),
        _each("Looked at prices", "pricing_viewed", 12, 7, 24, counts=DAILY, a_day=1),
        _each("Viewed a page", "page_viewed", 2, 5, 16, counts=DAILY, a_day=4),
        _each("Spoke with us", "call", 10, 14, 20, counts=DAILY, a_day=1),
        _each("Visit agreed", "meeting", 25, 21, 25, fade=EXPIRING, counts=ONCE),
        _each("Clicked an e-mail", "email_clicked", 5, 14, 15),
        _each("Unsubscribed", "unsubscribed", -20, 60, 20, group=NEGATIVE, counts=ONCE),
        _each("E-mail bounced", "email_bounced", -5, 60, 10, group=NEGATIVE, counts=ONCE),
    ),
)
SHOP = Starter(
    "shop",
    "Online shop",
    "Many small sales: what they did these days says nearly all, and a visit of last month nearly nothing.",
    _model([25, 15, 5], [45, 25, 10], 15, 35),
    (
        _while("May be e-mailed", 10, {"fact": "lead.consent_email", "op": "is", "value": True}),
        _while("Bought before", 15, _is("lead.tag", "customer")),
        _while("Buys for a company", 10, _known("company.name")),
        _each("Began to check out", "checkout_started", 40, 3, 40, fade=EXPIRING, counts=ONCE),
        _each("Put into the cart", "cart_added", 20, 5, 40, counts=DAILY, a_day=2),
        _each("Looked at prices", "pricing_viewed", 10, 5, 30, counts=DAILY, a_day=2),
        _each("Viewed a page", "page_viewed", 3, 4, 24, counts=DAILY, a_day=5),
        _each("Clicked an e-mail", "email_clicked", 10, 7, 20, counts=DAILY, a_day=1),
        _each("Opened an e-mail", "email_opened", 2, 7, 6, counts=DAILY, a_day=1),
        _each("Asked a question", "form_submitted", 15, 7, 30),
        _each("Unsubscribed", "unsubscribed", -30, 90, 30, group=NEGATIVE, fade=EXPIRING, counts=ONCE),
        _each("E-mail bounced", "email_bounced", -10, 90, 10, group=NEGATIVE, fade=EXPIRING, counts=ONCE),
    ),
)
STARTERS: dict[str, Starter] = {one.key: one for one in (B2B, LOCAL, SHOP)}
