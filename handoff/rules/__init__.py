"""Pure rules of the handoff: the bar, the choice of a rep, the clocks."""

from handoff.rules.bar import Back, Reentry, ceiling_said, passes_score, policy_check, why_score
from handoff.rules.candidates import HOW, UNIT, Candidate
from handoff.rules.choice import Pool
from handoff.rules.clocks import Terms, clock_level, clock_percent, clocks_seconds, in_time, terms_check
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
from handoff.rules.needs import Need
from handoff.rules.route import Desk, LeadFacts, Route
from handoff.rules.sayings import counts_said, languages_said, reason_said, skipped_sentence
from handoff.rules.shares import Record, shares, wilson_lower
from team.rules import AROUND_THE_CLOCK, Calendar, day_start

__all__ = [
    "AROUND_THE_CLOCK",
    "COUNT_DAYS",
    "HOW",
    "LATE",
    "LEFT",
    "MOST_GIVE_BACKS",
    "UNIT",
    "Back",
    "Calendar",
    "Candidate",
    "Desk",
    "LeadFacts",
    "Need",
    "Pool",
    "Record",
    "Reentry",
    "Route",
    "Terms",
    "absence",
    "ceiling_said",
    "clock_level",
    "clock_percent",
    "clocks_seconds",
    "counts_said",
    "day_start",
    "give_back_refusal",
    "in_time",
    "languages_said",
    "passes_score",
    "policy_check",
    "reason_said",
    "shares",
    "skipped_sentence",
    "take_over_refusal",
    "terms_check",
    "undo_late",
    "undo_until",
    "why_score",
    "wilson_lower",
]
