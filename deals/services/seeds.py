"""The reasons a deal is lost for: what every install starts with."""

from typing import Any

from deals.models import LostReason, Question
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


# (the question, the deal's own field that holds its answer)
QUESTIONS: list[tuple[str, str]] = [
    ("What hurts today, and whom?", "need"),
    ("What happens if nothing changes?", ""),
    ("Who decides, and who else has a say?", "authority"),
    ("Is there money for it this year, and how much?", "budget"),
    ("By when must it work?", "timeline"),
    ("What do they use today?", ""),
    ("Whom else do they look at?", ""),
    ("How will they know that it was worth it?", ""),
]


def questions_seed() -> None:
    """The default checklist, where there is none."""
    if not Question.objects.exists():
        Question.objects.bulk_create(
            [Question(text=text, field=name, position=place) for place, (text, name) in enumerate(QUESTIONS)]
        )


def seed(**_: Any) -> None:
    """The default reasons, and the system's own for the deal of a rejected handoff (no loss in the win rate)."""
    questions_seed()
    if LostReason.objects.filter(code=REJECTED).exists():
        return
    rows = [LostReason(code=code, label=label, position=index) for index, (code, label) in enumerate(REASONS, 1)]
    rows.append(LostReason(code=REJECTED, label="Rejected by sales", counts=False, position=len(rows) + 1))
    LostReason.objects.bulk_create(rows, ignore_conflicts=True)
