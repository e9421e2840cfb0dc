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


def verdicts_of_deals(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """A deal is an SQL exactly while its handoff is accepted; a decision that was taken back left nothing there."""
    mine = Handoff.objects.filter(lead=OuterRef("lead"), cycle=OuterRef("lead_cycle"))
    accepted = mine.filter(state=Handoff.State.ACCEPTED)
    rows = Deal.objects.exclude(lead_cycle=None).order_by("pk")
    yield from found(
        "deals: an SQL's handoff was accepted",
        rows.filter(Exists(mine), ~Exists(accepted), accepted_at__isnull=False),
        lambda row: f"deal {row.pk} counts as an SQL; its handoff is not accepted.",
    )
    yield from found(
        "deals: an accepted handoff's deal is an SQL",
        rows.filter(Exists(accepted), accepted_at=None),
        lambda row: f"deal {row.pk} does not count as an SQL; its handoff was accepted.",
    )


def rollups(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """The kept numbers equal recomputation."""
    for line in rollup_check():
        yield Broken("insights: a rollup equals recomputation", line)
