"""The response times: which one counts for a lead, and when its clock runs out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoff import rules
from handoff.models import Handoff, SlaPolicy
from leads.compiler import leads_matching
from leads.models import Lead
from team.models import User
from team.selectors import calendars_of


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
    calendars: Mapping[int, rules.Calendar] = field(default_factory=dict)
    _known: dict[tuple[int, rules.Calendar, datetime], tuple[datetime, datetime]] = field(default_factory=dict)

    @classmethod
    def load(
        cls, lead_ids: Collection[int], *, now: datetime, reps: Iterable[User] = (), calendars: Any = None
    ) -> "Slas":
        """``calendars``: those of the reps, when they are known already."""
        policies = list(SlaPolicy.objects.filter(is_active=True))
        if calendars is None:
            calendars = calendars_of(reps, since=now)
        return cls(policies, matching_by(policies, lead_ids, now), calendars)

    def start(self, handoff: Handoff, rep: User, now: datetime) -> None:
        """Start the human clock of ``handoff`` for ``rep``."""
        handoff.assigned_at, handoff.warned_at, handoff.escalated_at = now, None, None
        handoff.sla = next((one for one in self.policies if self._holds(one, handoff)), None)
        handoff.warn_at, handoff.due_at = self._deadlines(handoff.sla, rep, now) if handoff.sla else (None, None)

    def _deadlines(self, policy: SlaPolicy, rep: User, now: datetime) -> tuple[datetime, datetime]:
        """When to warn and when time is out: the same for all who get one at one moment and share a calendar."""
        calendar = self.calendars[rep.pk] if policy.working_time else rules.AROUND_THE_CLOCK
        key = (policy.pk, calendar, now)
        if key not in self._known:
            warn = calendar.due_at(now, policy.minutes * policy.warn_percent / 100)
            self._known[key] = warn, calendar.due_at(now, policy.minutes)
        return self._known[key]

    def _holds(self, policy: SlaPolicy, handoff: Handoff) -> bool:
        if policy.instant_only and not handoff.instant:
            return False
        return policy.pk not in self.matching or handoff.lead_id in self.matching[policy.pk]
