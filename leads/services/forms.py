"""Capture forms and the inbox, as marketers change them."""

import json
from typing import Any

from django.db import transaction

from core import leases, outbox
from core.clock import db_now
from core.errors import Refused
from core.models import Leased
from leads import rules
from leads.models import CaptureForm, InboxItem

STUCK = (Leased.State.QUARANTINED, Leased.State.DEAD)


def form_save(form: CaptureForm, *, fields: list[str], by: Any) -> CaptureForm:
    """Save what a marketer made; the first who saves it is its author."""
    form.fields = fields
    if form.pk is None:
        form.created_by = by
    form.save()
    return form


@transaction.atomic
def inbox_retry(item: InboxItem) -> None:
    """Try a capture again that was given up or put aside. Raises Refused for one that is done or waits already."""
    if not leases.retry_now(InboxItem.objects.filter(pk=item.pk)):
        raise Refused("This capture is not stuck.")
    outbox.poke("inbox")


@transaction.atomic
def inbox_retry_all(state: str) -> int:
    """Try every capture of a state again; returns how many."""
    count = leases.retry_now(InboxItem.objects.filter(state=state))
    outbox.poke("inbox")
    return count


@transaction.atomic
def inbox_correct(item: InboxItem, *, text: str, by: Any) -> None:
    """Put a corrected body in the place of one that could not be understood, and try again.

    What came in first is kept inside it (``_before``). Raises Refused naming what is still wrong.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"This is not JSON: {error}."[:300], field="body") from None
    body = rules.json_storable(body)
    rules.capture_parse(body, db_now())
    before = item.body.get("_before", item.body) if isinstance(item.body, dict) else item.body
    body |= {"_before": before, "_corrected_by": by.pk}
    if not InboxItem.objects.filter(pk=item.pk, state__in=STUCK).update(body=body):
        raise Refused("This capture is not stuck.")
    inbox_retry(item)
