"""The response times: which one counts for a lead, and when its clock runs out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoff import rules
from handoff.models import Handoff, SlaPolicy
from leads.compiler import leads_matching
from leads.models import Lead
from team.models import User


def matching_by(policies: Iterable[Any], lead_ids: Collection[int], now: datetime) -> dict[int, set[int]]:
    """For each rule or policy with a condition: which of the leads it holds for."""
    within = Lead.objects.filter(pk__in=lead_ids)
    return {
        one.pk: set(leads_matching(one.condition, now=now, within=within).values_list("pk", flat=True))
        for one in policies
        if one.condition
    }


@dataclass
class Slas:
    """The response times in force; the first whose condition holds counts."""

    policies: list[SlaPolicy]
    matching: dict[int, set[int]]
    _known: dict[tuple[int, str, str, datetime], tuple[datetime, datetime]] = field(default_factory=dict)

    @classmethod
    def load(cls, lead_ids: Collection[int], *, now: datetime) -> "Slas":
        policies = list(SlaPolicy.objects.filter(is_active=True))
        return cls(policies, matching_by(policies, lead_ids, now))

    def start(self, handoff: Handoff, rep: User, now: datetime) -> None:
        """Start the human clock of ``handoff`` for ``rep``."""
        handoff.assigned_at, handoff.warned_at, handoff.escalated_at = now, None, None
        handoff.sla = next((one for one in self.policies if self._holds(one, handoff)), None)
        handoff.warn_at, handoff.due_at = self._deadlines(handoff.sla, rep, now) if handoff.sla else (None, None)

    def _deadlines(self, policy: SlaPolicy, rep: User, now: datetime) -> tuple[datetime, datetime]:
        """When to warn and when time is out: the same for all who get one at one moment and keep the same hours."""
        hours = rep.working_hours if policy.working_time else None
        key = (policy.pk, str(hours), rep.time_zone, now)
        if key not in self._known:
            warn = rules.due_at(now, policy.minutes * policy.warn_percent / 100, hours, rep.time_zone)
            self._known[key] = warn, rules.due_at(now, policy.minutes, hours, rep.time_zone)
        return self._known[key]

    def _holds(self, policy: SlaPolicy, handoff: Handoff) -> bool:
        if policy.instant_only and not handoff.instant:
            return False
        return policy.pk not in self.matching or handoff.lead_id in self.matching[policy.pk]
