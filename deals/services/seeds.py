"""The reasons a deal is lost for: what every install starts with."""

from typing import Any

from deals.models import LostReason
from deals.rules import REJECTED

REASONS: list[tuple[str, str]] = [
    ("price", "Price"),
    ("competition", "Competition"),
    ("budget", "Budget"),
    ("missing_features", "Missing features"),
    ("long_cycle", "Long cycle"),
    ("no_decision_maker", "No decision maker"),
    ("unresponsive", "Unresponsive"),
    ("poor_fit", "Poor fit"),
    ("timing", "Timing"),
    ("other", "Other"),
]


def seed(**_: Any) -> None:
    """The default reasons, and the system's own for the deal of a rejected handoff (no loss in the win rate)."""
    if LostReason.objects.filter(code=REJECTED).exists():
        return
    rows = [LostReason(code=code, label=label, position=index) for index, (code, label) in enumerate(REASONS, 1)]
    rows.append(LostReason(code=REJECTED, label="Rejected by sales", counts=False, position=len(rows) + 1))
    LostReason.objects.bulk_create(rows, ignore_conflicts=True)
