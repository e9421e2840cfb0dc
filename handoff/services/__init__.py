"""Writing handoffs. One module a subject; import from here."""

from handoff.services.assign import assign_batch, assign_drain, waiting_retry
from handoff.services.decide import (
    handoff_accept,
    handoff_reject,
    handoffs_hold,
    handoffs_note_closed,
    handoffs_note_reopened,
)
from handoff.services.passing import handoff_give_back, handoff_reassign, handoff_take_over, rep_left
from handoff.services.qualify import handoff_open, handoffs_open, qualify_scored
from handoff.services.responses import handoffs_note_response
from handoff.services.routing_left import routing_left
from handoff.services.stirred import waiting_stirred
from handoff.services.sweep import clock_drain
from handoff.services.tell import mail_assigned
from handoff.services.undo import handoff_undo

__all__ = [
    "assign_batch",
    "assign_drain",
    "clock_drain",
    "handoff_accept",
    "handoff_give_back",
    "handoff_open",
    "handoff_reassign",
    "handoff_reject",
    "handoff_take_over",
    "handoff_undo",
    "handoffs_hold",
    "handoffs_note_closed",
    "handoffs_note_reopened",
    "handoffs_note_response",
    "handoffs_open",
    "mail_assigned",
    "qualify_scored",
    "rep_left",
    "routing_left",
    "waiting_retry",
    "waiting_stirred",
]
