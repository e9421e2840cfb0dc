"""The board: a pipeline's open stages as columns. A fixed number of queries, whatever the size."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from core.errors import Refused
from core.rules import whole_read
from deals import rules
from deals.access import sees_prices
from deals.models import Deal
from deals.selectors.cards import Card, cards, stalled_q
from deals.selectors.listing import owner_q
from funnels.models import Funnel, Stage

BOARD_CARDS = 20
SORT = "-stage_since"
SHOWN = (
    *("name", "seq", "stage_id", "stage_since", "amount", "currency", "expected_close", "next_step", "next_step_at"),
    *("lead_cycle", "accepted_at", "owner__name", "owner__email"),
)


@dataclass
class Worth:
    """What a column's deals add up to in one currency, and weighted by the stage's chance."""

    currency: str
    total: Decimal
    weighted: Decimal


@dataclass
class Column:
    stage: Stage
    count: int = 0
    stalled: int = 0
    worth: list[Worth] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    more: str = ""


@dataclass
class Board:
    pipeline: Funnel
    pipelines: list[Funnel]
    columns: list[Column]
    ends: list[Stage]

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def worth(self) -> list[Worth]:
        added: dict[str, Worth] = {}
        for one in (worth for column in self.columns for worth in column.worth):
            known = added.setdefault(one.currency, Worth(one.currency, Decimal(0), Decimal(0)))
            known.total += one.total
            known.weighted += one.weighted
        return list(added.values())


def _rows(user: Any, wanted: Mapping[str, Any]) -> QuerySet[Deal]:
    rows = Deal.objects.visible_to(user)
    if wanted.get("owner"):
        rows = rows.filter(owner_q(user, wanted["owner"]))
    if wanted.get("q"):
        rows = rows.filter(name__icontains=wanted["q"])
    return rows


def board(user: Any, wanted: Mapping[str, Any], stages: list[Stage], now: datetime) -> Board | None:
    """The board of the wanted pipeline (default: the one that handoffs open deals in); None without pipelines.

    ``stages`` are all stages with their funnels (``funnels.selectors.stages_all``).
    """
    pipelines = list({one.funnel_id: one.funnel for one in stages if one.funnel.kind == Funnel.Kind.SALES}.values())
    if not pipelines:
        return None
    pipelines.sort(key=lambda one: (not one.is_default, one.position, one.pk))
    chosen = next((one for one in pipelines if one.key == wanted.get("pipeline")), pipelines[0])
    ours = [one for one in stages if one.funnel_id == chosen.pk]
    columns = [Column(one) for one in ours if one.is_open and one.is_active]
    ends = [one for one in ours if not one.is_open and one.is_active]
    rows = _rows(user, wanted)
    stalled = stalled_q(ours, now)
    _count(columns, rows, stalled, sees_prices(user))
    _fill(columns, rows.filter(stalled) if wanted.get("stalled") else rows, now)
    return Board(chosen, pipelines, columns, ends)


def _count(columns: list[Column], rows: QuerySet[Deal], stalled: Q, prices: bool) -> None:
    """Count, sum and stalled of every column in one grouped query."""
    by_stage = {column.stage.pk: column for column in columns}
    groups = rows.filter(stage__in=by_stage).values("stage_id", "currency").order_by("stage_id", "currency")
    for group in groups.annotate(n=Count("pk"), total=Sum("amount"), late=Count("pk", filter=stalled)):
        column = by_stage[group["stage_id"]]
        column.count += group["n"]
        column.stalled += group["late"]
        if prices and group["total"] is not None:
            total = Decimal(group["total"]).quantize(Decimal("0.01"))
            column.worth.append(Worth(group["currency"], total, rules.weighted(total, column.stage.probability)))


def _fill(columns: list[Column], rows: QuerySet[Deal], now: datetime) -> None:
    """The first cards of every column: their keys in one query (a limited piece a stage), then the deals in one."""
    pieces = [
        Deal.objects.order_by().filter(
            pk__in=rows.filter(stage=column.stage).order_by(SORT, "-pk").values("pk")[: BOARD_CARDS + 1]
        )
        for column in columns
    ]
    if not pieces:
        return
    first, *rest = [piece.values_list("pk", flat=True) for piece in pieces]
    deals = Deal.objects.filter(pk__in=list(first.union(*rest, all=True)))
    by_stage: dict[int, list[Deal]] = {}
    for deal in _shown(deals):
        by_stage.setdefault(deal.stage_id, []).append(deal)
    for column in columns:
        found = _staged(by_stage.get(column.stage.pk, []), column.stage)
        column.cards = cards(found[:BOARD_CARDS], now)
        if len(found) > BOARD_CARDS:
            column.more = _place(column.cards[-1])


def _shown(rows: QuerySet[Deal]) -> QuerySet[Deal]:
    """In the order of a column, with what a card shows and no more (the stage is known: ``_staged``)."""
    return rows.select_related("owner").only(*SHOWN).order_by(SORT, "-pk")


def _staged(deals: Iterable[Deal], stage: Stage) -> list[Deal]:
    out = list(deals)
    for deal in out:
        deal.stage = stage
    return out


def _place(card: Card) -> str:
    """Where a column goes on: the last card shown."""
    return f"{card.deal.stage_since.isoformat()}_{card.deal.pk}"


def board_column(
    user: Any, wanted: Mapping[str, Any], stage: Stage, now: datetime, *, after: str
) -> tuple[list[Card], str]:
    """More cards of one column, below ``after``: (cards, where the rest goes on or '').

    Raises Refused for an ``after`` that was not ours.
    """
    since_text, _, pk_text = after.rpartition("_")
    since, pk = _moment(since_text), whole_read(pk_text)
    if since is None or pk is None:
        raise Refused("This link is broken. Reload the board.", field="after")
    rows = _rows(user, wanted).filter(Q(stage_since__lt=since) | Q(stage_since=since, pk__lt=pk), stage=stage)
    if wanted.get("stalled"):
        rows = rows.filter(stalled_q([stage], now))
    found = cards(_staged(_shown(rows)[: BOARD_CARDS + 1], stage), now)
    return found[:BOARD_CARDS], _place(found[BOARD_CARDS - 1]) if len(found) > BOARD_CARDS else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
