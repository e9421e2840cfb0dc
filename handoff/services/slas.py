"""The response times: which one counts for a lead, and when its clock runs out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoff import rules
from handoff.models import Handoff, SlaPolicy, SlaRevision
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
        cls,
        lead_ids: Collection[int],
        *,
        now: datetime,
        reps: Iterable[User] = (),
        calendars: Any = None,
        since: datetime | None = None,
    ) -> "Slas":
        """``calendars``: those of the reps, when they are known already; else they are right from ``since`` on."""
        policies = list(SlaPolicy.objects.filter(is_active=True))
        if calendars is None:
            calendars = calendars_of(reps, since=since or now)
        return cls(policies, matching_by(policies, lead_ids, now), calendars)

    def start(self, handoff: Handoff, rep: User, now: datetime) -> None:
        """Start the human clock of ``handoff`` for ``rep``."""
        handoff.assigned_at, handoff.warned_at, handoff.escalated_at = now, None, None
        self.promise(handoff, rep, now)

    def promise(self, handoff: Handoff, rep: User, start: datetime) -> None:
        """By which terms, and by when, ``rep`` is to answer, on a clock that started at ``start``."""
        policy = next((one for one in self.policies if self._holds(one, handoff)), None)
        handoff.sla = policy
        handoff.sla_revision = policy.revision if policy else None
        handoff.warn_at, handoff.due_at = self._deadlines(policy, rep, start) if policy else (None, None)

    def _deadlines(self, policy: SlaPolicy, rep: User, start: datetime) -> tuple[datetime, datetime]:
        """When to warn and when time is out: the same for all who get one at one moment and share a calendar."""
        if rep.pk not in self.calendars:  # given to somebody whom routing did not look at, a manager
            self.calendars = {**self.calendars, **calendars_of([rep], since=start)}
        calendar = self.calendars[rep.pk]
        key = (policy.pk, calendar, start)
        if key not in self._known:
            self._known[key] = rules.Terms(**policy.terms).deadlines(start, calendar)
        return self._known[key]

    def _holds(self, policy: SlaPolicy, handoff: Handoff) -> bool:
        if policy.instant_only and not handoff.instant:
            return False
        return policy.pk not in self.matching or handoff.lead_id in self.matching[policy.pk]


def terms_kept(handoffs: Iterable[Handoff]) -> dict[int, rules.Terms]:
    """The terms under which the clock of each handoff started (``sla`` loaded). One statement."""
    rows = [one for one in handoffs if one.sla is not None]
    wanted: set[tuple[int | None, int | None]] = {(one.sla_id, one.sla_revision) for one in rows}
    known = SlaRevision.objects.filter(policy__in={policy for policy, _ in wanted}).values_list(
        "policy_id", "revision", "terms"
    )
    kept: dict[tuple[int | None, int | None], Any] = {
        (policy, revision): terms for policy, revision, terms in known if (policy, revision) in wanted
    }
    return {one.pk: rules.Terms(**kept.get((one.sla_id, one.sla_revision), one.sla.terms)) for one in rows if one.sla}
