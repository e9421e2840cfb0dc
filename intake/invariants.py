"""What must always hold of imports: no row unaccounted for, and a run whose worker died is taken over."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, F

from core.invariants import Broken, found
from intake.models import ImportRun


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    yield from found(
        "imports: no lease past its limit",
        ImportRun.objects.filter(state__in=ImportRun.ACTIVE, lease_until__lt=now - grace).order_by("pk"),
        lambda row: f"run {row.pk} ({row}): its worker was last heard of before {row.lease_until:%Y-%m-%d %H:%M}.",
    )
    taken = F("created") + F("updated") + F("unchanged") + F("rejected")
    yield from found(
        "imports: every row is accounted for",
        ImportRun.objects.exclude(rows_in=taken).order_by("pk"),
        lambda row: f"run {row.pk} ({row}): {row.counters}.",
    )
    finished = ImportRun.objects.filter(state=ImportRun.State.DONE).annotate(kept=Count("issues"))
    yield from found(
        "imports: a rejected row has its reason",
        finished.filter(kept__lt=F("rejected")).order_by("pk"),
        lambda row: f"run {row.pk} ({row}): {row.rejected} rejected, {row.kept} with a reason.",
    )
