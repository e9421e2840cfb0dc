"""Pure rules of the handoff: the bar, the choice of a rep, the clocks."""

from handoff.rules.bar import may_reenter, passes_score, policy_check, why_score
from handoff.rules.choice import HOW, UNIT, Candidate, Choice, Pool, choose, nobody_sentence, skipped_sentence
from handoff.rules.clocks import (
    clock_level,
    clock_percent,
    day_start,
    due_at,
    has_hours,
    is_working,
    next_opening,
)

__all__ = [
    "HOW",
    "UNIT",
    "Candidate",
    "Choice",
    "Pool",
    "choose",
    "clock_level",
    "clock_percent",
    "day_start",
    "due_at",
    "has_hours",
    "is_working",
    "may_reenter",
    "next_opening",
    "nobody_sentence",
    "passes_score",
    "policy_check",
    "skipped_sentence",
    "why_score",
]
