"""The scoring model every install starts with: ordinary business-to-business sense, to be tuned.

Fit alone stays below the usual MQL bar of 60: somebody who never did anything is not sales-ready.
"""

from typing import Any


def _title(*words: str) -> dict[str, Any]:
    return {"any": [{"fact": "lead.job_title", "op": "contains", "value": word} for word in words]}


MODEL: dict[str, Any] = {
    "name": "B2B software",
    "fit_cap": 100,
    "engagement_cap": 100,
    "fit_bounds": [40, 25, 10],
    "engagement_bounds": [40, 20, 8],
    "stage_bars": {"interest": 20, "evaluation": 40},
}
FIT: list[tuple[str, int, dict[str, Any]]] = [
    ("Decision maker", 20, _title("chief", "ceo", "founder", "vp", "head", "director", "owner")),
    ("Manager", 6, {"all": [_title("manager", "lead"), {"not": _title("head", "director", "vp", "chief")}]}),
    ("Mid-size company", 15, {"fact": "company.employees", "op": "between", "value": [50, 1000]}),
    ("Large company", 8, {"fact": "company.employees", "op": ">", "value": 1000}),
    ("Company e-mail", 5, {"fact": "company.domain", "op": "not_empty", "value": None}),
    ("Phone known", 5, {"fact": "lead.phone", "op": "not_empty", "value": None}),
    ("Student or intern", -30, _title("student", "intern", "trainee")),
]
# name, kind, points, half-life in days, cap
ENGAGEMENT: list[tuple[str, str, int, int, int]] = [
    ("Requested a demo", "demo_requested", 40, 30, 60),
    ("Requested a consultation", "consultation_requested", 40, 30, 60),
    ("Viewed pricing", "pricing_viewed", 12, 21, 36),
    ("Attended a webinar", "webinar_attended", 15, 45, 30),
    ("Submitted a form", "form_submitted", 12, 30, 30),
    ("Downloaded an asset", "asset_downloaded", 10, 45, 30),
    ("Clicked an e-mail", "email_clicked", 5, 21, 20),
    ("Opened an e-mail", "email_opened", 1, 14, 5),
    ("Viewed a page", "page_viewed", 2, 14, 20),
    ("Met a rep", "meeting", 15, 30, 30),
    ("Unsubscribed", "unsubscribed", -25, 90, 25),
    ("E-mail bounced", "email_bounced", -10, 90, 20),
]
