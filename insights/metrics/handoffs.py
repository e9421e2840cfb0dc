"""The seam: how fast the reps answer, what they take and what they send back."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from handoff.models import Handoff
from insights.metrics import spread
from insights.metrics.scope import Scope
from insights.models import AnswerCount, DaySpan, VerdictCount
from insights.rules import rates
from insights.rules.rates import Spread

NO_REASON = "No reason given"
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


def late(scope: Scope) -> QuerySet[Handoff]:
    """Answered after the deadline, or not at all by now."""
    unanswered = Q(responded_at__isnull=True, due_at__lt=scope.now)
    return assigned(scope).filter(unanswered | Q(responded_at__gt=F("due_at")))


def _running(scope: Scope) -> QuerySet[Handoff]:
    """Unanswered, and the deadline is still to come: not judged yet."""
    return assigned(scope).filter(responded_at__isnull=True, due_at__gte=scope.now)


def speed(scope: Scope) -> Speed:
    """Three queries."""
    if scope.campaign:
        answer, clock = Q(responded_at__isnull=False), Q(responded_at__isnull=True, due_at__isnull=True)
        counts = {"n": Q(), "a": answer, "t": ANSWERED_IN_TIME, "u": clock}
        got = assigned(scope).order_by().aggregate(**{key: Count("pk", filter=one) for key, one in counts.items()})
    else:
        sums = {"n": Sum("n"), "a": Sum("answered"), "t": Sum("in_time"), "u": Sum("unclocked")}
        got = scope.sums(AnswerCount).aggregate(**sums)
    n, answers, in_time_, unclocked = (got[key] or 0 for key in "natu")
    judged_ = n - unclocked - _running(scope).count()
    return Speed(n, answers, in_time_, judged_, spread.spans(scope, DaySpan.Kind.ANSWER).one())


def speed_by_rep(scope: Scope) -> dict[int, Spread]:
    """Seconds to the first answer by rep. One query."""
    return spread.spans(scope, DaySpan.Kind.ANSWER, by_owner=True).spreads()


def decided(scope: Scope) -> QuerySet[Handoff]:
    """Handoffs that were accepted or rejected in the period."""
    rows = scope.handoffs().filter(state__in=[Handoff.State.ACCEPTED, Handoff.State.REJECTED])
    return rows.filter(decided_at__gte=scope.period.start, decided_at__lt=scope.period.end)


def rejected(scope: Scope) -> QuerySet[Handoff]:
    return decided(scope).filter(state=Handoff.State.REJECTED)


Verdict = tuple[int, int, str, str, int]  # accepted, reason id, campaign, source, how many


def decisions(scope: Scope) -> list[Verdict]:
    """What the verdicts are counted from. One query."""
    if scope.campaign:
        yes = Case(When(state=Handoff.State.ACCEPTED, then=1), default=0)
        rows = decided(scope).order_by().annotate(yes=yes, reason=Coalesce("reject_reason_id", 0))
        keys = ("yes", "reason", "lead__campaign", "lead__source")
        return list(rows.values_list(*keys).annotate(many=Count("pk")))
    keys = ("accepted", "reason", "campaign", "source")
    return list(scope.sums(VerdictCount).values_list(*keys).annotate(many=Sum("n")))


def verdicts(found: Iterable[Verdict], labels: Mapping[int, str]) -> tuple[Verdicts, list[tuple[int, str, int]]]:
    """Accepted and rejected; and (id, label, how many) of the reasons, most first."""
    accepted, by_reason = 0, Counter[int]()
    for yes, reason, _, _, n in found:
        if yes:
            accepted += n
        else:
            by_reason[reason] += n
    reasons = [(reason, labels.get(reason, NO_REASON), n) for reason, n in by_reason.items()]
    reasons.sort(key=lambda one: (-one[2], one[1]))
    return Verdicts(accepted, by_reason.total()), reasons


def rejects_by_campaign(found: Iterable[Verdict], labels: Mapping[int, str]) -> list[dict[str, Any]]:
    """Campaigns with their verdicts and rejects by reason, most rejected first."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for yes, reason, campaign, source, n in found:
        line = lines.setdefault(
            (campaign, source),
            {"campaign": campaign, "source": source, "accepted": 0, "rejected": 0, "reasons": {}},
        )
        if yes:
            line["accepted"] += n
        else:
            line["rejected"] += n
            label = labels.get(reason, NO_REASON)
            line["reasons"][label] = line["reasons"].get(label, 0) + n
    for line in lines.values():
        line["share"] = rates.share(line["accepted"], line["accepted"] + line["rejected"])
        line["reasons"] = sorted(line["reasons"].items(), key=lambda one: (-one[1], one[0]))
    return sorted(
        lines.values(),
        key=lambda one: (-one["rejected"], -one["accepted"], one["campaign"], one["source"]),
    )
