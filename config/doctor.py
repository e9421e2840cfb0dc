"""Invariants that no room can see alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from core.invariants import Broken, found
from deals.models import Deal
from handoff.models import Handoff
from insights.services.check import rollup_check


def deals_of_handoffs(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """Each handoff that a rep ever had has its deal; each deal of a handoff has its handoff."""
    deals = Deal.objects.filter(lead=OuterRef("lead"), lead_cycle=OuterRef("cycle"))
    yield from found(
        "handoff: each has one deal",
        Handoff.objects.filter(turn__gt=0).filter(~Exists(deals)).order_by("pk"),
        lambda row: f"handoff {row.pk} of lead {row.lead_id}, cycle {row.cycle}, has no deal.",
    )
    handoffs = Handoff.objects.filter(lead=OuterRef("lead"), cycle=OuterRef("lead_cycle"))
    yield from found(
        "deals: one opened by a handoff has it",
        Deal.objects.exclude(lead_cycle=None).filter(~Exists(handoffs)).order_by("pk"),
        lambda row: f"deal {row.pk} says it came from cycle {row.lead_cycle} of lead {row.lead_id}: no such handoff.",
    )


def rollups(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """The kept numbers equal recomputation."""
    for line in rollup_check():
        yield Broken("insights: a rollup equals recomputation", line)
