"""Writing openers. Every row has a revision: of two people who edit the same, the second hears so."""

from typing import Any

from django.db import transaction

from core.errors import Refused
from core.ordered import row_revise, rows_held, rows_place
from handoff.models import Opener
from handoff.rules.opener import opener_refusal
from handoff.services.settings import row_held
from leads.conditions import condition_check
from team.access import managers_only

MOST = 40


@transaction.atomic
def opener_save(*, by: Any, opener: Opener | None, revision: int, values: dict[str, Any]) -> Opener:
    """Create (goes first) or change an opener. Raises Refused naming the field, or Conflict."""
    managers_only(by)
    values = {**values, "condition": condition_check(values.get("condition"))}
    values["text"] = " ".join(values["text"].split())
    if refusal := opener_refusal(values["text"]):
        raise Refused(refusal, field="text")
    if opener is not None:
        return row_revise(opener, revision, values)
    others = rows_held(Opener.objects.all())
    if len(others) >= MOST:
        raise Refused(f"At most {MOST} openers: nobody keeps more of them in good shape.")
    saved: Opener = Opener.objects.create(**values)
    rows_place([saved, *others])
    return saved


@transaction.atomic
def opener_delete(*, by: Any, pk: int) -> str:
    """Returns its name. Without any, the plain opener is shown."""
    managers_only(by)
    row = row_held(Opener, pk)
    row.delete()
    return str(row.name)
