"""What the lists of settings have in common: response times, reject reasons and openers are moved and switched on and
off (the rules and the policies, which do more then: ``services.routing``, ``services.policies``)."""

from typing import Any

from django.db import transaction
from django.db.models import Model

from core.errors import Refused
from core.ordered import place_of, row_shift, rows_held
from handoff.models import RejectReason, SlaPolicy
from handoff.services.sla_settings import sla_default_left
from team.access import managers_only


@transaction.atomic
def row_move(*, by: Any, model: type[Model], pk: int, up: bool) -> None:
    """One place up or down in the list."""
    managers_only(by)
    row_shift(rows_held(model._default_manager.all()), pk, up=up)


_LAST = {
    RejectReason: "This is the last active reason: without one nobody could reject a lead.",
    SlaPolicy: "This is the last active response time: without one nobody would hear of a late answer.",
}


@transaction.atomic
def row_toggle(*, by: Any, model: type[Model], pk: int, active: bool) -> None:
    """Switch one on or off. Raises Refused for the last active one of a list that needs one."""
    managers_only(by)
    row = row_held(model, pk)
    if row.is_active == active:
        return
    if not active and model in _LAST:
        not_last(model, pk)
    row.is_active = active
    row.save(update_fields=["is_active"])


def row_held(model: type[Model], pk: int) -> Any:
    """The row, with all of its list locked. Raises Refused when it is gone."""
    rows = rows_held(model._default_manager.all())
    return rows[place_of(rows, pk)]


def not_last(model: type[Model], pk: int) -> None:
    """Raises Refused when without this row none of its list would be active."""
    if not model._default_manager.filter(is_active=True).exclude(pk=pk).exists():
        raise Refused(_LAST[model])
    if model is SlaPolicy:
        sla_default_left(without=pk)
