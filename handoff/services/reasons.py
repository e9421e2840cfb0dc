"""The reject reasons: what a rep may say, and what becomes of the lead then."""

from typing import Any

from django.db import transaction
from django.utils.text import slugify

from core.errors import Refused
from core.ordered import row_revise
from handoff.models import Decision, Handoff, RejectReason
from handoff.services.settings import not_last, row_held
from leads.services.standing import tag_get
from team.access import managers_only


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused naming the field. A reason that disqualifies has no way back, so no stage and no wait."""
    values = dict(values)
    values["tag"] = " ".join(values.get("tag", "").split())
    if values["tag"]:
        values["tag"] = tag_get(name=values["tag"]).name
    if values.get("then") == RejectReason.Then.DISQUALIFY:
        values["wait_days"] = values["back_to"] = None
    stage = values.get("back_to")
    if stage is not None and not (stage.funnel.kind == "marketing" and stage.is_open and stage.is_active):
        raise Refused("Choose an open marketing stage.", field="back_to")
    if (values.get("wait_days") or 0) > 3650:
        raise Refused("At most ten years (3,650 days).", field="wait_days")
    return values


@transaction.atomic
def reason_save(*, by: Any, reason: RejectReason | None, revision: int, values: dict[str, Any]) -> RejectReason:
    """Create or change a reject reason; its code is made from the first label and never changes.

    Raises Refused naming the field, Conflict when somebody changed it since ``revision``.
    """
    managers_only(by)
    values = _checked(values)
    if reason is not None:
        return row_revise(reason, revision, values)
    code = slugify(values["label"])[:36] or "reason"
    taken = set(RejectReason.objects.filter(code__startswith=code).values_list("code", flat=True))
    number = 2
    unique = code
    while unique in taken:
        unique, number = f"{code}-{number}", number + 1
    made: RejectReason = RejectReason.objects.create(code=unique, position=RejectReason.objects.count(), **values)
    return made


@transaction.atomic
def reason_delete(*, by: Any, pk: int) -> str:
    """Delete a reason that nobody ever gave; returns its label. Raises Refused for one in use: it is retired by
    switching it off, and past rejects keep it."""
    managers_only(by)
    row = row_held(RejectReason, pk)
    used = Handoff.objects.filter(reject_reason=row).exists() or Decision.objects.filter(reason=row).exists()
    if used:
        raise Refused(f"“{row.label}” was given: switch it off instead, so that past rejects keep their reason.")
    if row.is_active:
        not_last(RejectReason, pk)
    row.delete()
    return str(row.label)
