"""Two records of one person become one, and nothing of either is lost."""

from typing import Any

from django.db import IntegrityError, transaction

from core.clock import db_now
from core.errors import Refused
from funnels.models import Stage, Transition
from funnels.services import journey_move
from leads.models import Activity, InboxItem, Lead, Standing, Visitor
from leads.rules import LEAD_FIELDS
from leads.services.activities import last_active_copy, leads_mark, leads_rewritten
from leads.services.people import sources_copy

OWN = ("leads",)


@transaction.atomic
def lead_merge(*, keep: Lead, lose: Lead, by: Any) -> Lead:
    """Move everything of ``lose`` to ``keep`` and remove ``lose``. Facts that ``keep`` lacks are filled in.

    The stage history of ``lose`` is kept in a ``merged`` activity; if it stood further, ``keep`` moves there.
    Raises Refused when ``lose`` was ever handed to sales (keep that one instead), when both are the same, or when
    one is gone.
    """
    if keep.pk == lose.pk:
        raise Refused("These are the same lead.", field="lose")
    rows = {
        row.pk: row
        for row in Standing.objects.filter(pk__in=[keep.pk, lose.pk])
        .select_related("stage__funnel")
        .order_by("pk")
        .select_for_update(of=("self",))
    }
    if len(rows) < 2:
        raise Refused("One of the two is gone: somebody merged or erased it meanwhile.", field="lose")
    history = list(
        Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=lose.pk)
        .select_related("to_stage__funnel")
        .order_by("seq")
    )
    if any(_is_sales(row.to_stage) for row in history):
        raise Refused(f"{lose} was handed to sales. Keep that record and merge the other into it.", field="lose")
    _move_rows(keep, lose)
    _fill(keep, lose)
    _remember(keep, lose, history, by)
    theirs, mine = rows[lose.pk], rows[keep.pk]
    Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=lose.pk).delete()
    lost, email, key, external = lose.pk, lose.email, lose.email_key, lose.external_id
    Lead.objects.filter(pk=lose.pk).delete()
    if not keep.email_key and key:
        keep.email, keep.email_key = email, key
    keep.external_id = keep.external_id or external
    keep.save()
    _further(mine, theirs, by)
    owner = mine.owner_id or theirs.owner_id
    Standing.objects.filter(pk=keep.pk).update(owner=owner)
    last_active_copy([keep.pk])
    sources_copy([keep.pk])
    leads_rewritten([keep.pk, lost])
    leads_mark([keep.pk])
    return keep


def _is_sales(stage: Stage) -> bool:
    return stage.kind == Stage.Kind.HANDED_OFF or stage.funnel.kind != "marketing"


def _move_rows(keep: Lead, lose: Lead) -> None:
    """Everything that points at ``lose``, in whatever room, points at ``keep`` now."""
    Activity.objects.filter(lead=lose).update(lead=keep)
    Visitor.objects.filter(lead=lose).update(lead=keep)
    InboxItem.objects.filter(lead=lose).update(lead=keep)
    keep.tags.add(*lose.tags.all())
    for relation in Lead._meta.related_objects:
        model: Any = relation.related_model
        if model._meta.app_label in OWN or not relation.one_to_many:
            continue
        try:
            with transaction.atomic():
                model._base_manager.filter(**{relation.field.name: lose}).update(**{relation.field.name: keep})
        except IntegrityError:
            said = model._meta.verbose_name_plural
            raise Refused(f"Both have {said} that exclude each other.", field="lose") from None


def _fill(keep: Lead, lose: Lead) -> None:
    for name in (*LEAD_FIELDS, "company_id"):
        if not getattr(keep, name):
            setattr(keep, name, getattr(lose, name))
    keep.custom = {**lose.custom, **keep.custom}
    if not keep.email_key and lose.email_key:  # consent belongs to the address
        keep.consent_email, keep.consent_at = lose.consent_email, lose.consent_at
    theirs, mine = str(lose.first_touch.get("at", "9")), str(keep.first_touch.get("at", "9"))
    if lose.first_touch and theirs < mine:
        keep.first_touch, keep.source, keep.campaign = lose.first_touch, lose.source, lose.campaign
    if str(lose.last_touch.get("at", "")) > str(keep.last_touch.get("at", "")):
        keep.last_touch = lose.last_touch


def _remember(keep: Lead, lose: Lead, history: list[Transition], by: Any) -> None:
    Activity.objects.create(
        lead=keep,
        kind="merged",
        at=db_now(),
        by=by,
        properties={
            "name": lose.name,
            "email": lose.email,
            "lead": lose.pk,
            "created_at": lose.created_at.isoformat(),
            "source": lose.source,
            "history": [{"stage": row.to_stage.key, "at": row.at.isoformat(), "cause": row.cause} for row in history],
        },
    )


def _further(mine: Standing, theirs: Standing, by: Any) -> None:
    both_open = mine.stage.is_open and theirs.stage.is_open and mine.stage.funnel_id == theirs.stage.funnel_id
    if both_open and theirs.stage.position > mine.stage.position:
        journey_move([mine], kind=Transition.Kind.LEAD, to=theirs.stage, cause="merged", by=by)
