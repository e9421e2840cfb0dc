"""The room's tables, one module a subject; import from here."""

from handoff.models.decisions import Decision
from handoff.models.handoffs import Assignment, Handoff, HandoffQuerySet, RejectReason
from handoff.models.links import LinkUse
from handoff.models.openers import Opener
from handoff.models.policies import MqlPolicy, MqlPolicyChange
from handoff.models.routing import PoolPointer, RoutingDraft, RoutingReplay, RoutingRule, RulePerson
from handoff.models.slas import SlaPolicy, SlaRevision

__all__ = [
    "Assignment",
    "Decision",
    "Handoff",
    "HandoffQuerySet",
    "LinkUse",
    "MqlPolicy",
    "MqlPolicyChange",
    "Opener",
    "PoolPointer",
    "RejectReason",
    "RoutingDraft",
    "RoutingReplay",
    "RoutingRule",
    "RulePerson",
    "SlaPolicy",
    "SlaRevision",
]
