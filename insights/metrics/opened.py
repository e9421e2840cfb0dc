"""What is open now, whatever the period. Everybody's is read from the kept sums, some people's or a source's is
counted from the facts, a campaign's from the deals themselves; the rows behind a number are always the deals."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce, TruncMonth

from deals.models import Deal
from funnels.models import Stage
from insights.metrics.scope import Scope
from insights.models import OpenCount, OpenFact
from insights.rules.path import Path, day_date, day_number
from insights.rules.periods import month_first

OPEN = Q(stage__kind=Stage.Kind.OPEN)


def opened(scope: Scope) -> QuerySet[Deal]:
    """Deals that are open now."""
    return scope.deals().filter(OPEN, closed_at=None)  # which has an index, with few such rows


def month_deals(scope: Scope, month: str) -> QuerySet[Deal]:
    """The open deals behind a month of the forecast: '2026-03', or 'none' for those without a date."""
    if month == "none":
        return opened(scope).filter(expected_close__isnull=True)
    year, _, number = month.partition("-")
    if not (year.isdigit() and number.isdigit() and 1 <= int(number) <= 12 and 1 <= int(year) <= 9998):
        return opened(scope).none()
    first = date(int(year), int(number), 1)
    after = (first + timedelta(days=32)).replace(day=1)
    return opened(scope).filter(expected_close__gte=first, expected_close__lt=after)


def stalled(scope: Scope, path: Path) -> QuerySet[Deal]:
    """Open deals that are in their stage for longer than it expects."""
    return opened(scope).filter(_late(scope, path, "stage_since"))


def stalled_oldest(scope: Scope, path: Path, most: int) -> QuerySet[Deal]:
    """Those that are there for longest, the longest first."""
    if scope.campaign:
        picked: Any = stalled(scope, path).order_by("stage_since", "pk").values("pk")
    else:
        picked = _facts(scope, path).filter(_late(scope, path, "since")).order_by("since", "deal").values("deal")
    return Deal.objects.visible_to(scope.user).filter(pk__in=picked[:most]).order_by("stage_since", "pk")


@dataclass
class Total:
    """Deals and what they are worth, in the install's currency."""

    n: int = 0
    value: Decimal = Decimal(0)

    def add(self, n: int, value: Decimal) -> None:
        self.n, self.value = self.n + n, self.value + value


@dataclass(frozen=True)
class OpenCell:
    """Open deals of one stage with one month of expected close; ``bare`` are without amount."""

    stage: int
    month: date | None
    n: int
    bare: int
    value: Decimal


@dataclass
class Opened:
    """What the pipeline, the forecast, the reps' lines (by owner) and the stalled (by stage) are counted from."""

    cells: list[OpenCell] = field(default_factory=list)
    owners: dict[int, Total] = field(default_factory=dict)
    late: dict[int, Total] = field(default_factory=dict)


def open_now(scope: Scope, path: Path) -> Opened:
    """Two queries of kept sums, or one that counts."""
    if scope.campaign:
        return _counted(_by_deal(scope, path))
    if scope.source or scope.owners is not None:
        return _counted(_by_fact(scope, path))
    return _kept(scope, path)


def _kept(scope: Scope, path: Path) -> Opened:
    found, axes = Opened(), OpenCount.Axis
    rows = _in_pipeline(OpenCount.objects.filter(axis__in=[axes.MONTH, axes.OWNER]), scope, path)
    for axis, stage, at, n, bare, cents in rows.values_list("axis", "stage", "at", "n", "bare", "value"):
        value = Decimal(cents) / 100
        if axis == axes.MONTH:
            found.cells.append(OpenCell(stage, month_first(at), n, bare, value))
        else:
            found.owners.setdefault(at, Total()).add(n, value)
    for stage, n, cents in _late_kept(scope, path):
        found.late.setdefault(stage, Total()).add(n, Decimal(cents) / 100)
    return found


def _late_kept(scope: Scope, path: Path) -> Iterable[tuple[int, int, int]]:
    """(stage, deals, cents): of the whole days before the one on which the limit falls, from the sums; of that day,
    up to the limit, from the facts."""
    before, on = Q(pk__in=[]), Q(pk__in=[])
    for stage, limit in _limits(scope, path):
        day = day_number(limit)
        before |= Q(stage=stage, at__lt=day)
        on |= Q(stage=stage, since__gte=datetime.combine(day_date(day), time.min, UTC), since__lte=limit)
    days = _in_pipeline(OpenCount.objects.filter(before, axis=OpenCount.Axis.DAY), scope, path)
    part = _in_pipeline(OpenFact.objects.filter(on), scope, path)
    whole = days.order_by().values_list("stage").annotate(many=Sum("n"), cents=Sum("value"))
    found: Iterable[tuple[int, int, int]] = whole.union(
        part.order_by().values_list("stage").annotate(many=Count("pk"), cents=Sum("value")), all=True
    )
    return found


def _limits(scope: Scope, path: Path) -> list[tuple[int, datetime]]:
    """(stage, since when at least its deals are late) of every stage that expects anything."""
    return [
        (stage.id, scope.now - timedelta(days=stage.expected_days))
        for stage in path.stages.values()
        if stage.funnel == "sales" and stage.kind == "open" and stage.expected_days
    ]


def _late(scope: Scope, path: Path, since: str) -> Q:
    late = Q(pk__in=[])
    for stage, limit in _limits(scope, path):
        late |= Q(**{"stage": stage, f"{since}__lte": limit})
    return late


def _in_pipeline(rows: Any, scope: Scope, path: Path) -> Any:
    if scope.pipeline is None:
        return rows
    return rows.filter(stage__in=[one.id for one in path.stages.values() if one.funnel_id == scope.pipeline])


def _facts(scope: Scope, path: Path) -> QuerySet[OpenFact]:
    rows: QuerySet[OpenFact] = _in_pipeline(OpenFact.objects.filter(scope.facts_q()), scope, path)
    return rows


Row = tuple[int, int, date | None, int, int, int, Decimal]  # owner, stage, month, late, deals, bare, value


def _by_fact(scope: Scope, path: Path) -> Iterable[Row]:
    rows = _facts(scope, path).annotate(late=Case(When(_late(scope, path, "since"), then=1), default=0))
    sums = {"many": Count("pk"), "no": Sum("bare"), "cents": Sum("value")}
    cells = rows.order_by().values_list("owner", "stage", "month", "late").annotate(**sums)
    for owner, stage, month, late, n, bare, cents in cells:
        yield owner, stage, month_first(month), late, n, bare, Decimal(cents) / 100


def _by_deal(scope: Scope, path: Path) -> Iterable[Row]:
    rows = opened(scope).annotate(
        whose=Coalesce("owner_id", 0),
        month=TruncMonth("expected_close"),
        late=Case(When(_late(scope, path, "stage_since"), then=1), default=0),
    )
    sums = {
        "many": Count("pk"),
        "bare": Count("pk", filter=Q(amount__isnull=True)),
        "total": Sum("amount", filter=Q(currency=scope.currency)),
    }
    for *cell, value in rows.order_by().values_list("whose", "stage_id", "month", "late").annotate(**sums):
        owner, stage, month, late, n, bare = cell
        yield owner, stage, month, late, n, bare, value or Decimal(0)


def _counted(rows: Iterable[Row]) -> Opened:
    found = Opened()
    for owner, stage, month, late, n, bare, value in rows:
        found.cells.append(OpenCell(stage, month, n, bare, value))
        found.owners.setdefault(owner, Total()).add(n, value)
        if late:
            found.late.setdefault(stage, Total()).add(n, value)
    return found
