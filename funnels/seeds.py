"""The default floor plan: every install starts with it; managers change it."""

from typing import Any


def _stage(
    key: str,
    name: str,
    days: int,
    explanation: str,
    kind: str = "open",
    probability: int = 0,
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "kind": kind,
        "expected_days": days,
        "explanation": explanation,
        "probability": probability,
        "required": list(required),
    }


FUNNELS: list[dict[str, Any]] = [
    {
        "key": "marketing",
        "name": "Marketing",
        "kind": "marketing",
        "stages": [
            _stage("awareness", "Awareness", 30, "We know who they are; they have not shown interest yet."),
            _stage("interest", "Interest", 21, "They read, download or come back."),
            _stage("evaluation", "Evaluation", 14, "They compare: pricing, cases, a webinar."),
            _stage("handed_off", "Handed off", 0, "Sales-ready (MQL): a rep has them.", "handed_off"),
            _stage(
                "disqualified",
                "Disqualified",
                0,
                "Not a buyer: wrong size, student, competitor.",
                "disqualified",
            ),
        ],
    },
    {
        "key": "sales",
        "name": "Sales",
        "kind": "sales",
        "stages": [
            _stage("qualification", "Qualification", 7, "Budget, authority, need and timeline.", probability=10),
            _stage("demo", "Demo", 10, "They see it work on their own case.", probability=25),
            _stage(
                "proposal",
                "Proposal",
                14,
                "An offer with a price is with them.",
                probability=50,
                required=("amount",),
            ),
            _stage("won", "Won", 0, "They signed.", "won", 100),
            _stage("lost", "Lost", 0, "They said no, or nothing at all.", "lost"),
        ],
    },
    {
        "key": "customer",
        "name": "Customer",
        "kind": "customer",
        "stages": [
            _stage("onboarded", "Onboarded", 60, "New customer, being set up."),
            _stage("retained", "Retained", 365, "They use it and renew."),
            _stage("advocate", "Advocate", 0, "They refer others."),
            _stage("churned", "Churned", 0, "They left.", "churned"),
        ],
    },
]
