"""Sales numbers, from deals. Won and lost are counted by close date; a deal closed with its rejected handoff is no
loss. Sums are over deals in the install's currency."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from deals.models import Deal
from funnels.models import Stage
from insights.metrics import spread
from insights.metrics.scope import Scope
from insights.models import DaySpan, DealCount
from insights.rules import rates
from insights.rules.rates import Spread

NO_REASON = "No reason given"
WON = Q(stage__kind=Stage.Kind.WON)
LOST = Q(stage__kind=Stage.Kind.LOST) & (Q(lost_reason__isnull=True) | Q(lost_reason__counts=True))


@dataclass(frozen=True)
class Sales:
    """The numbers of closed deals in a period."""

    won: int = 0
    lost: int = 0
    won_value: Decimal = Decimal(0)
    average: Decimal | None = None
    cycle: Spread = field(default_factory=lambda: Spread(0, None, None, None))

    @property
    def win_rate(self) -> float | None:
        return rates.win_rate(self.won, self.lost)

    @property
    def decided(self) -> int:
        return self.won + self.lost


def closed(scope: Scope) -> QuerySet[Deal]:
    """Deals that were won or lost in the period."""
    return scope.deals().filter(WON | LOST, closed_at__gte=scope.period.start, closed_at__lt=scope.period.end)


def won(scope: Scope) -> QuerySet[Deal]:
    return closed(scope).filter(WON)


def lost(scope: Scope) -> QuerySet[Deal]:
    return closed(scope).filter(LOST)


@dataclass(frozen=True)
class Closing:
    """Deals of one source that were won, or lost for one reason, in the period. ``priced`` have an amount in the
    install's currency; ``value`` is their sum."""

    source: str
    won: bool
    reason_id: int | None
    reason: str
    n: int
    priced: int
    value: Decimal


def closings(scope: Scope) -> list[Closing]:
    """What the win rate, the average deal, the channels' value and the lost reasons are counted from. One query."""
    return [Closing(*row) for row in closed_by(scope, "source")]


def closed_by(scope: Scope, key: str) -> Iterable[tuple[Any, bool, int | None, str, int, int, Decimal]]:
    """(``source`` or ``owner``, won, reason id, reason, deals, those with an amount, value). One query."""
    reasons = scope.lost_reasons
    found = _closed_live(scope, key) if scope.campaign else _closed_kept(scope, key)
    for one, won_, reason, n, priced, value in found:
        label, counts = reasons.get(reason, (NO_REASON, True))
        if won_ or counts:  # the deal of a rejected handoff is no loss
            yield one, bool(won_), reason or None, label, n, priced, value


def _closed_kept(scope: Scope, key: str) -> Iterable[Any]:
    rows = scope.sums(DealCount, by_owner=key == "owner")
    if scope.pipeline is not None:
        rows = rows.filter(pipeline=scope.pipeline)
    for *cell, cents in _by(rows, (key, "won", "reason"), many=Sum("n"), own=Sum("priced"), cents=Sum("value")):
        yield *cell, Decimal(cents) / 100


def _closed_live(scope: Scope, key: str) -> Iterable[Any]:
    own = Q(currency=scope.currency)
    rows = closed(scope).annotate(
        one=Coalesce("owner_id", 0) if key == "owner" else F("source"),
        won=Case(When(WON, then=1), default=0),
        reason=Coalesce("lost_reason_id", 0),
    )
    sums = {"many": Count("pk"), "own": Count("amount", filter=own), "total": Sum("amount", filter=own)}
    for *cell, value in _by(rows, ("one", "won", "reason"), **sums):
        yield *cell, value or Decimal(0)


def sales_of(found: Iterable[Closing], cycle: Spread | None = None) -> Sales:
    """Win rate, won value and average deal of some closings."""
    listed = list(found)
    won_ = [one for one in listed if one.won]
    value, priced = sum((one.value for one in won_), Decimal(0)), sum(one.priced for one in won_)
    return Sales(
        won=sum(one.n for one in won_),
        lost=sum(one.n for one in listed if not one.won),
        won_value=value,
        average=value / priced if priced else None,
        cycle=cycle or Spread(0, None, None, None),
    )


def cycle_of(scope: Scope) -> Spread:
    """Days from created to won. One query."""
    return spread.spans(scope, DaySpan.Kind.CYCLE).one(rates.DAY)


def sales(scope: Scope) -> Sales:
    """Two queries."""
    return sales_of(closings(scope), cycle_of(scope))


def lost_reasons(found: Iterable[Closing]) -> list[tuple[int, str, int, Decimal]]:
    """(id, label, deals, value) of what was lost, most first; id 0 when no reason was given."""
    sums: dict[tuple[int, str], tuple[int, Decimal]] = {}
    for one in found:
        if not one.won:
            n, value = sums.get((one.reason_id or 0, one.reason), (0, Decimal(0)))
            sums[one.reason_id or 0, one.reason] = n + one.n, value + one.value
    return sorted(((*key, *value) for key, value in sums.items()), key=lambda one: (-one[2], one[1]))


def _by(rows: QuerySet[Any], keys: tuple[str, ...], **sums: Any) -> Iterable[Any]:
    return rows.values_list(*keys).order_by().annotate(**sums)
