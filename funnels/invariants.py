"""What must always hold of the ledger: chains without gaps that end where the traveller stands."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from core.invariants import Broken, found, twice
from funnels.models import Transition, Traveller


def _name(row: Transition) -> str:
    return f"{row.get_kind_display().lower()} {row.traveller_id}, row {row.seq}"


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    rows = Transition.objects.order_by("pk")
    yield from twice("ledger: each row once", rows, "kind", "traveller_id", "seq")
    before = Transition.objects.filter(
        kind=OuterRef("kind"),
        traveller_id=OuterRef("traveller_id"),
        seq=OuterRef("seq") - 1,
        to_stage=OuterRef("from_stage"),
        at__lte=OuterRef("at"),
    )
    yield from found(
        "ledger: every move starts where the one before ended",
        rows.filter(seq__gt=1).filter(~Exists(before)),
        lambda row: f"{_name(row)}: no row before it that ends where it starts.",
    )
    yield from found(
        "ledger: the first row comes from nothing",
        rows.filter(Q(seq=1, from_stage__isnull=False) | Q(seq__lt=1)),
        lambda row: f"{_name(row)} comes from a stage.",
    )
    yield from found(
        "ledger: the time in a stage is known",
        rows.filter(seq__gt=1).filter(Q(seconds=None) | Q(seconds__lt=0)),
        lambda row: f"{_name(row)}: {row.seconds} seconds.",
    )


def cache_broken(model: type[Traveller], kind: int, noun: str) -> Iterator[Broken]:
    """Travellers whose own stage, date, cycle or count is not that of their last ledger row."""
    manager: Any = model._default_manager
    ledger = Transition.objects.filter(kind=kind, traveller_id=OuterRef("pk"))
    last = ledger.filter(
        seq=OuterRef("seq"), to_stage=OuterRef("stage"), cycle=OuterRef("cycle"), at=OuterRef("stage_since")
    )
    yield from found(
        f"ledger: a {noun} stands where its last row says",
        manager.filter(~Exists(last)).order_by("pk"),
        lambda row: f"{noun} {row.pk}: stage {row.stage_id}, row {row.seq}, cycle {row.cycle}: no such last row.",
    )
    yield from found(
        f"ledger: a {noun} has no rows beyond its last",
        manager.filter(Exists(ledger.filter(seq__gt=OuterRef("seq")))).annotate(rows=F("seq")).order_by("pk"),
        lambda row: f"{noun} {row.pk} counts {row.seq} rows; there are more.",
    )
