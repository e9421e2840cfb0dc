"""What must always hold of deals."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.invariants import Broken, found, twice
from deals.models import Deal
from funnels.invariants import cache_broken
from funnels.models import Stage, Transition


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    yield from twice("deals: one deal a handoff", Deal.objects.exclude(lead_cycle=None), "lead", "lead_cycle")
    yield from cache_broken(Deal, Transition.Kind.DEAL, "deal")
    closed = Deal.objects.filter(stage__kind__in=[Stage.Kind.WON, Stage.Kind.LOST], closed_at=None)
    open_ = Deal.objects.filter(stage__kind=Stage.Kind.OPEN, closed_at__isnull=False)
    yield from found(
        "deals: won or lost has its date, and only then",
        (closed | open_).order_by("pk"),
        lambda row: f"deal {row.pk}: stage {row.stage_id}, closed at {row.closed_at}.",
    )
