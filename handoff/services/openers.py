"""Writing openers. Every row has a revision: of two people who edit the same, the second hears so."""

from typing import Any

from django.db import transaction

from core.errors import Refused
from handoff.models import Opener
from handoff.rules.opener import opener_refusal
from handoff.services.settings import _manager, _renumber, _row_locked, _save
from leads.conditions import condition_check

MOST = 40


@transaction.atomic
def opener_save(*, by: Any, opener: Opener | None, revision: int, values: dict[str, Any]) -> Opener:
    """Create (goes first) or change an opener. Raises Refused naming the field, or Conflict."""
    _manager(by)
    values = {**values, "condition": condition_check(values.get("condition"))}
    values["text"] = " ".join(values["text"].split())
    if refusal := opener_refusal(values["text"]):
        raise Refused(refusal, field="text")
    if opener is None and Opener.objects.count() >= MOST:
        raise Refused(f"At most {MOST} openers: nobody keeps more of them in good shape.")
    saved: Opener = _save(Opener, opener, revision, values)
    if opener is None:
        _renumber(Opener, first=saved.pk)
    return saved


@transaction.atomic
def opener_delete(*, by: Any, pk: int) -> str:
    """Returns its name. Without any, the plain opener is shown."""
    _manager(by)
    row = _row_locked(Opener, pk)
    row.delete()
    return str(row.name)
