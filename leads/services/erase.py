"""Erasing people: what they are, what they did, how they moved, what they sent."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core.errors import Refused
from funnels.models import Transition, Traveller
from leads.models import Activity, InboxItem, Lead, Standing, Visitor
from leads.services.activities import leads_rewritten
from team.services import notices_forget


@transaction.atomic
def leads_erase(*, lead_ids: Sequence[int], by: Any) -> int:
    """Erase the leads with everything that is theirs; returns how many there were. There is no way back.

    What points at them in other rooms (handoffs, deals, tasks) goes by its foreign key; the ledger has none, so its
    rows are removed here, for them and for everything of theirs that travels. Raises Refused unless ``by`` is a
    manager or an admin.
    """
    if not by.has_role("manager"):
        raise Refused("Only a manager or an admin may delete people.", code="role")
    leads = list(Lead.objects.visible_to(by).filter(pk__in=lead_ids))
    if not leads:
        return 0
    ids = [lead.pk for lead in leads]
    _hold(ids)
    _ledger_erase(ids)
    visitors = Visitor.objects.filter(lead__in=ids)
    Activity.objects.filter(visitor__in=visitors).delete()
    Activity.objects.filter(lead__in=ids).delete()
    InboxItem.objects.filter(lead__in=ids).delete()
    # What they sent and nobody understood has no lead; it goes by the address it names.
    for lead in leads:
        if lead.email:
            stray = InboxItem.objects.filter(lead__isnull=True).exclude(state=InboxItem.State.DONE)
            stray.filter(body__lead__email__iexact=lead.email).delete()
    notices_forget(pages=[lead.get_absolute_url() for lead in leads])
    Lead.objects.filter(pk__in=ids).delete()
    leads_rewritten(ids)
    return len(ids)


def _hold(ids: list[int]) -> None:
    """Lock what is theirs in the rooms above, then their standings, in the order of those who hand leads over: what
    somebody does with one at this moment is waited for, and goes too."""
    theirs: list[Any] = [one for one in Lead._meta.related_objects if one.related_model is not Standing]
    for relation in theirs:
        if relation.one_to_many and relation.related_model._meta.app_label != "leads":
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids})
            list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    list(Standing.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def _ledger_erase(ids: list[int]) -> None:
    Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id__in=ids).delete()
    for relation in Lead._meta.related_objects:
        model: Any = relation.related_model
        if issubclass(model, Traveller) and model is not Standing:
            theirs = model._base_manager.filter(**{f"{relation.field.name}__in": ids}).values("pk")
            Transition.objects.filter(kind=model.journey, traveller_id__in=theirs).delete()
