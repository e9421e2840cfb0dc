"""A deal as lists and cards show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from deals import rules
from deals.models import Deal
from funnels.models import Stage
from funnels.rules import stall_level


@dataclass
class Card:
    """A deal, how long it has been in its stage (days), and what its clocks say."""

    deal: Deal
    days: int
    level: str
    late: str
    step_late: bool


def card(deal: Deal, now: datetime) -> Card:
    """``level``: '', 'amber' or 'red' for an open deal that is too long in its stage."""
    days = rules.days_between(deal.stage_since, now)
    level = stall_level(days, deal.stage.expected_days) if deal.stage.is_open else ""
    late = rules.close_level(deal.expected_close, timezone.localdate(now)) if deal.stage.is_open else ""
    step_late = bool(deal.stage.is_open and deal.next_step_at and deal.next_step_at < now)
    return Card(deal, int(days), level, late, step_late)


def cards(deals: Iterable[Deal], now: datetime) -> list[Card]:
    return [card(deal, now) for deal in deals]


def stalled_q(stages: Iterable[Stage], now: datetime) -> Q:
    """Open deals that are in their stage for longer than the stage expects."""
    found = Q(pk__in=[])
    for stage in stages:
        if stage.is_open and stage.expected_days:
            found |= Q(stage=stage, stage_since__lte=now - timedelta(days=stage.expected_days))
    return found
