"""What must always hold of captures, leads and where they stand."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.invariants import Broken, found, leased, twice
from core.models import Leased
from funnels.invariants import cache_broken
from funnels.models import Transition
from leads.models import Activity, BulkJob, InboxItem, Lead, Standing


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    yield from leased("inbox", InboxItem, now, grace)
    yield from found(
        "inbox: quarantined",
        InboxItem.objects.filter(state=Leased.State.QUARANTINED).order_by("pk"),
        lambda row: f"{row.pk} ({row}): {row.last_error[:200]}",
        serious=False,
    )
    yield from twice("inbox: each capture once", InboxItem.objects.all(), "source", "key")
    nobody = InboxItem.objects.filter(state=Leased.State.DONE, lead=None).exclude(body__has_key="visitor")
    yield from found(
        "inbox: a processed capture has its lead",
        nobody.exclude(source="track").order_by("pk"),
        lambda row: f"{row.pk} ({row}) was processed, but its lead is not there (erased?).",
        serious=False,
    )
    yield from twice("leads: one lead an e-mail", Lead.objects.exclude(email_key=None), "email_key")
    yield from found(
        "leads: every lead stands somewhere",
        Lead.objects.filter(standing=None).order_by("pk"),
        lambda row: f"lead {row.pk} has no standing.",
    )
    yield from twice("activities: each key once", Activity.objects.exclude(key=None), "key")
    yield from cache_broken(Standing, Transition.Kind.LEAD, "lead")
    yield from leased("bulk changes", BulkJob, now, grace)
