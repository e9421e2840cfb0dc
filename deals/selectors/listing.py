"""The deals list: what its filters mean, and its rows."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from core.keyset import Page, keyset_page
from deals.access import sees_prices
from deals.models import Deal, DealQuerySet
from deals.selectors.cards import cards, stalled_q
from funnels.models import Stage
from team.models import User

STATES = {
    "open": Q(stage__kind=Stage.Kind.OPEN),
    "won": Q(stage__kind=Stage.Kind.WON),
    "lost": Q(stage__kind=Stage.Kind.LOST),
    "all": Q(),
}
SORTS: dict[str, str] = {
    "-created_at": "Newest",
    "-stage_since": "Newest in stage",
    "stage_since": "Longest in stage",
    "expected_close": "Expected close",
    "-closed_at": "Last closed",
    "-amount": "Largest amount",
    "amount": "Smallest amount",
}
DEFAULT_SORT = "-created_at"


def owners(user: Any) -> QuerySet[User]:
    """The people whose deals the user may filter by: those of the own team, or everybody's."""
    rows = User.objects.filter(Q(is_rep=True) | Q(is_manager=True), is_active=True)
    if not (user.is_admin or user.is_marketer or user.team_id is None):
        rows = rows.filter(team_id=user.team_id)
    return rows


def owner_q(user: Any, owner: str) -> Q:
    """'me', 'none' (nobody) or a person's id."""
    return Q(owner=user) if owner == "me" else Q(owner=None) if owner == "none" else Q(owner=int(owner))


def _closing(value: str, today: date) -> Q:
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    if value == "overdue":
        return Q(expected_close__lt=today, closed_at=None)
    if value == "month":
        return Q(expected_close__gte=first, expected_close__lt=following)
    if value == "next":
        return Q(expected_close__gte=following, expected_close__lt=(following + timedelta(days=32)).replace(day=1))
    return Q()


def deal_rows(user: Any, wanted: Mapping[str, Any], stages: list[Stage], now: datetime) -> DealQuerySet:
    """The deals the user may see that match the (cleaned) filters, unsorted."""
    rows = Deal.objects.visible_to(user).select_related("stage__funnel", "owner", "company", "lead")
    if words := wanted.get("q"):
        rows = rows.filter(Q(name__icontains=words) | Q(external_id=words))
    # In terms of stages the database can use the index on them; a join to ask for their kind it cannot.
    chosen = _stages(wanted, stages)
    if chosen is not None:
        rows = rows.filter(stage_id__in=chosen)
    if wanted.get("owner"):
        rows = rows.filter(owner_q(user, wanted["owner"]))
    exact = {name: wanted[name] for name in ("source", "lost_reason") if wanted.get(name)}
    rows = rows.filter(**exact)
    if wanted.get("stalled"):
        rows = rows.filter(stalled_q(stages, now))
    if wanted.get("closing"):
        rows = rows.filter(_closing(wanted["closing"], timezone.localdate(now)))
    return _by_amount(rows, wanted) if sees_prices(user) else rows


def _by_amount(rows: DealQuerySet, wanted: Mapping[str, Any]) -> DealQuerySet:
    if wanted.get("least") is not None:
        rows = rows.filter(amount__gte=wanted["least"])
    if wanted.get("most") is not None:
        rows = rows.filter(amount__lte=wanted["most"])
    return rows


def _stages(wanted: Mapping[str, Any], stages: list[Stage]) -> list[int] | None:
    """The stages that the filters leave; None for all."""
    stage, pipeline, state = wanted.get("stage"), wanted.get("pipeline"), wanted.get("state") or "all"
    if not stage and not pipeline and state == "all":
        return None
    return [
        one.pk
        for one in stages
        if (not stage or one.pk == int(stage))
        and (not pipeline or one.funnel.key == pipeline)
        and (state == "all" or one.kind == state)
    ]


def sort_of(user: Any, wanted: Mapping[str, Any]) -> str:
    sort = wanted.get("sort") or DEFAULT_SORT
    if sort not in SORTS or ("amount" in sort and not sees_prices(user)):
        return DEFAULT_SORT
    return str(sort)


def deals_list(
    user: Any, wanted: Mapping[str, Any], stages: list[Stage], now: datetime, *, cursor: str = "", size: int = 50
) -> Page:
    """One page of the list; its rows are ``Card``s."""
    rows = deal_rows(user, wanted, stages, now)
    page = keyset_page(rows, sort=sort_of(user, wanted), cursor=cursor, size=size)
    page.rows = cards(page.rows, now)
    return page


def deals_export(user: Any, rows: QuerySet[Deal]) -> Iterator[list[Any]]:
    """Header and rows of the CSV; without amounts for somebody who may not see them."""
    prices = sees_prices(user)
    head = ["id", "name", "company", "lead", "owner", "pipeline", "stage", "in_stage_since", "source"]
    money = ["amount", "currency"] if prices else []
    tail = ["expected_close", "created", "accepted", "closed", "lost_reason", "objection", "next_step"]
    yield [*head, *money, *tail]
    for deal in rows.select_related("lost_reason").order_by("-created_at", "-pk").iterator(chunk_size=2000):
        worth = [deal.amount, deal.currency] if prices else []
        yield [
            *(deal.pk, deal.name, deal.company or "", deal.lead or "", deal.owner or ""),
            *(deal.stage.funnel, deal.stage, deal.stage_since, deal.source, *worth),
            *(deal.expected_close, deal.created_at, deal.accepted_at, deal.closed_at),
            *(deal.lost_reason or "", deal.objection, deal.next_step),
        ]


def companies_of_deals(*, user: Any) -> QuerySet[Any]:
    """Ids of the companies of the deals that ``user`` sees: the answer to ``ask("companies.of_deals")``."""
    return Deal.objects.visible_to(user).exclude(company=None).values("company")
