"""Pure rules of the handoff: the bar, the choice of a rep, the clocks."""

from handoff.rules.bar import may_reenter, passes_score, policy_check, why_score
from handoff.rules.choice import HOW, UNIT, Candidate, Choice, Pool, choose, nobody_sentence, skipped_sentence
from handoff.rules.clocks import clock_level, clock_percent
from handoff.rules.decide import (
    COUNT_DAYS,
    LATE,
    LEFT,
    MOST_GIVE_BACKS,
    absence,
    give_back_refusal,
    take_over_refusal,
    undo_late,
    undo_until,
)
from team.rules import AROUND_THE_CLOCK, Calendar, day_start

__all__ = [
    "AROUND_THE_CLOCK",
    "COUNT_DAYS",
    "HOW",
    "LATE",
    "LEFT",
    "MOST_GIVE_BACKS",
    "UNIT",
    "Calendar",
    "Candidate",
    "Choice",
    "Pool",
    "absence",
    "choose",
    "clock_level",
    "clock_percent",
    "day_start",
    "give_back_refusal",
    "may_reenter",
    "nobody_sentence",
    "passes_score",
    "policy_check",
    "skipped_sentence",
    "take_over_refusal",
    "undo_late",
    "undo_until",
    "why_score",
]
