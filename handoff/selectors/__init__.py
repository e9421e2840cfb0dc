"""Reading the room: handoffs here; decisions, policies, response times and openers each in a module of their own."""

from handoff.selectors.explained import explanation_sentences, names_in, sentences
from handoff.selectors.handoffs import (
    Asked,
    assignments_told,
    clock_set,
    handoff_counts,
    handoff_full,
    handoff_of_lead,
    handoff_seen_by,
    handoffs_listed,
    may_decide,
    may_manage,
    queue_for,
    reasons_active,
    reps_for,
)

__all__ = [
    "Asked",
    "assignments_told",
    "clock_set",
    "explanation_sentences",
    "handoff_counts",
    "handoff_full",
    "handoff_of_lead",
    "handoff_seen_by",
    "handoffs_listed",
    "may_decide",
    "may_manage",
    "names_in",
    "queue_for",
    "reasons_active",
    "reps_for",
    "sentences",
]
