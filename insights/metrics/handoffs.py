"""The seam: how fast the reps answer, what they take and what they send back."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from handoff.models import Handoff
from insights.metrics.scope import Scope
from insights.metrics.spread import durations, durations_by
from insights.rules import rates
from insights.rules.rates import Spread

ANSWERED_IN_TIME = Q(responded_at__isnull=False) & (Q(due_at__isnull=True) | Q(responded_at__lte=F("due_at")))


@dataclass(frozen=True)
class Speed:
    """Speed to lead: assigned to the rep's first call, e-mail or meeting. Seconds. ``share`` is of those answered or
    past their deadline; a handoff whose clock still runs is neither."""

    assigned: int
    answered: int
    in_time: int
    judged: int
    seconds: Spread

    @property
    def share(self) -> float | None:
        return rates.share(self.in_time, self.judged)


@dataclass(frozen=True)
class Verdicts:
    """What the reps decided in the period."""

    accepted: int
    rejected: int

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected

    @property
    def share(self) -> float | None:
        return rates.share(self.accepted, self.decided)


def assigned(scope: Scope) -> QuerySet[Handoff]:
    """Handoffs that were assigned in the period."""
    return scope.handoffs().filter(assigned_at__gte=scope.period.start, assigned_at__lt=scope.period.end)


def answered(scope: Scope) -> QuerySet[Handoff]:
    return assigned(scope).filter(responded_at__isnull=False)


def in_time(scope: Scope) -> QuerySet[Handoff]:
    return assigned(scope).filter(ANSWERED_IN_TIME)


def judged(scope: Scope) -> QuerySet[Handoff]:
    """Answered, or past the deadline."""
    return assigned(scope).filter(Q(responded_at__isnull=False) | Q(due_at__lt=scope.now))


def late(scope: Scope) -> QuerySet[Handoff]:
    """Answered after the deadline, or not at all by now."""
    unanswered = Q(responded_at__isnull=True, due_at__lt=scope.now)
    return assigned(scope).filter(unanswered | Q(responded_at__gt=F("due_at")))


def speed(scope: Scope) -> Speed:
    """Two queries."""
    got = (
        assigned(scope)
        .order_by()
        .aggregate(
            n=Count("pk"),
            answered=Count("pk", filter=Q(responded_at__isnull=False)),
            in_time=Count("pk", filter=ANSWERED_IN_TIME),
            judged=Count("pk", filter=Q(responded_at__isnull=False) | Q(due_at__lt=scope.now)),
        )
    )
    spread = durations(answered(scope), "assigned_at", "responded_at")
    return Speed(got["n"], got["answered"], got["in_time"], got["judged"], spread)


def speed_by_rep(scope: Scope) -> dict[int, Spread]:
    """Seconds to the first answer by rep. One query over the period's answered handoffs."""
    return durations_by(answered(scope), "rep_id", "assigned_at", "responded_at")


def decided(scope: Scope) -> QuerySet[Handoff]:
    """Handoffs that were accepted or rejected in the period."""
    rows = scope.handoffs().filter(state__in=[Handoff.State.ACCEPTED, Handoff.State.REJECTED])
    return rows.filter(decided_at__gte=scope.period.start, decided_at__lt=scope.period.end)


def rejected(scope: Scope) -> QuerySet[Handoff]:
    return decided(scope).filter(state=Handoff.State.REJECTED)


def verdicts(scope: Scope) -> tuple[Verdicts, list[tuple[int, str, int]]]:
    """Accepted and rejected; and (id, label, how many) of the reasons, most first. One query."""
    rows = decided(scope).values_list("state", "reject_reason_id", "reject_reason__label").order_by()
    accepted, reasons = 0, []
    for state, pk, label, n in rows.annotate(n=Count("pk")):
        if state == Handoff.State.ACCEPTED:
            accepted += n
        else:
            reasons.append((pk or 0, label or "No reason given", n))
    reasons.sort(key=lambda one: (-one[2], one[1]))
    return Verdicts(accepted, sum(n for *_, n in reasons)), reasons


def rejects_by_campaign(scope: Scope) -> list[dict[str, Any]]:
    """Campaigns with their verdicts and rejects by reason, most rejected first. One query."""
    rows = decided(scope).values_list("lead__campaign", "lead__source", "state", "reject_reason__label").order_by()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for campaign, source, state, label, n in rows.annotate(n=Count("pk")):
        line = found.setdefault(
            (campaign, source),
            {"campaign": campaign, "source": source, "accepted": 0, "rejected": 0, "reasons": {}},
        )
        if state == Handoff.State.ACCEPTED:
            line["accepted"] += n
        else:
            line["rejected"] += n
            line["reasons"][label or "No reason given"] = n
    for line in found.values():
        line["share"] = rates.share(line["accepted"], line["accepted"] + line["rejected"])
        line["reasons"] = sorted(line["reasons"].items(), key=lambda one: (-one[1], one[0]))
    return sorted(found.values(), key=lambda one: (-one["rejected"], -one["accepted"], one["campaign"]))
