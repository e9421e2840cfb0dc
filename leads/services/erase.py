"""Erasing people: what they are, what they did, how they moved, what they sent."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core import outbox
from core.errors import Refused
from funnels.models import Transition
from leads.models import Activity, InboxItem, Lead, Visitor


@transaction.atomic
def leads_erase(*, lead_ids: Sequence[int], by: Any) -> int:
    """Erase the leads with everything that is theirs; returns how many there were. There is no way back.

    Rooms above are told (``leads.erasing``) in the same transaction, before the rows go. Raises Refused unless
    ``by`` is a manager or an admin.
    """
    if not by.has_role("manager"):
        raise Refused("Only a manager or an admin may delete people.", code="role")
    leads = list(Lead.objects.visible_to(by).filter(pk__in=lead_ids))
    if not leads:
        return 0
    ids = [lead.pk for lead in leads]
    outbox.emit("leads.erasing", f"{ids[0]}x{len(ids)}", lead_ids=ids)
    visitors = Visitor.objects.filter(lead__in=ids)
    Activity.objects.filter(visitor__in=visitors).delete()
    Activity.objects.filter(lead__in=ids).delete()
    InboxItem.objects.filter(lead__in=ids).delete()
    # What they sent and nobody understood has no lead; it goes by the address it names.
    for lead in leads:
        if lead.email:
            stray = InboxItem.objects.filter(lead__isnull=True).exclude(state=InboxItem.State.DONE)
            stray.filter(body__lead__email__iexact=lead.email).delete()
    Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id__in=ids).delete()
    Lead.objects.filter(pk__in=ids).delete()
    return len(ids)
