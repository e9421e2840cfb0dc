"""Pure rules of the handoff: the bar, the choice of a rep, the clocks."""

from handoff.rules.bar import may_reenter, passes_score, policy_check, why_score
from handoff.rules.choice import HOW, UNIT, Candidate, Choice, Pool, choose, nobody_sentence, skipped_sentence
from handoff.rules.clocks import clock_level, clock_percent
from team.rules import AROUND_THE_CLOCK, Calendar, day_start

__all__ = [
    "AROUND_THE_CLOCK",
    "HOW",
    "UNIT",
    "Calendar",
    "Candidate",
    "Choice",
    "Pool",
    "choose",
    "clock_level",
    "clock_percent",
    "day_start",
    "may_reenter",
    "nobody_sentence",
    "passes_score",
    "policy_check",
    "skipped_sentence",
    "why_score",
]
