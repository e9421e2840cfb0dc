"""What managers decide in advance: the response times, the reject reasons (rules: ``services.routing``).

Every row has a revision (or is locked): of two people who edit the same, the second hears so.
"""

from typing import Any

from django.db import transaction
from django.db.models import F, Model

from core.errors import Conflict, Refused
from handoff.models import RejectReason, SlaPolicy
from handoff.services.sla_settings import sla_default_left

CHANGED = "Somebody else changed this since you opened it. Reload to see their version, then change it again."


def _manager(by: Any) -> None:
    if not by.has_role("manager"):
        raise Refused("Only managers change this.", code="forbidden")


def _save(model: Any, row: Any, revision: int, values: dict[str, Any]) -> Any:
    if row is None:
        return model.objects.create(**values)
    changed = model.objects.filter(pk=row.pk, revision=revision).update(**values, revision=F("revision") + 1)
    if not changed:
        raise Conflict(CHANGED)
    return model.objects.get(pk=row.pk)


def _renumber(model: Any, *, first: int) -> None:
    rows = list(model.objects.order_by("id").select_for_update(of=("self",)))
    rows.sort(key=lambda row: (row.pk != first, row.position, row.pk))
    _positions(model, rows)


def _positions(model: Any, rows: list[Any]) -> None:
    for position, row in enumerate(rows):
        if row.position != position:
            model.objects.filter(pk=row.pk).update(position=position)


@transaction.atomic
def row_move(*, by: Any, model: type[Model], pk: int, up: bool) -> None:
    """One place up or down in an ordered list (response times, reasons)."""
    _manager(by)
    manager: Any = model._default_manager
    rows = sorted(manager.order_by("id").select_for_update(of=("self",)), key=lambda row: (row.position, row.pk))
    index = next((place for place, row in enumerate(rows) if row.pk == pk), None)
    if index is None:
        raise Refused("It is gone.", code="missing")
    other = index - 1 if up else index + 1
    if 0 <= other < len(rows):
        rows[index], rows[other] = rows[other], rows[index]
    _positions(model, rows)


_LAST = {
    RejectReason: "This is the last active reason: without one nobody could reject a lead.",
    SlaPolicy: "This is the last active response time: without one nobody would hear of a late answer.",
}


@transaction.atomic
def row_toggle(*, by: Any, model: type[Model], pk: int, active: bool) -> None:
    """Switch a response time or reason on or off. Raises Refused for the last active one."""
    _manager(by)
    row = _row_locked(model, pk)
    if row.is_active == active:
        return
    if not active and model in _LAST:
        _not_last(model, pk)
    row.is_active = active
    row.save(update_fields=["is_active"])


def _row_locked(model: type[Model], pk: int) -> Any:
    manager: Any = model._default_manager
    rows = {row.pk: row for row in manager.order_by("id").select_for_update(of=("self",))}
    if pk not in rows:
        raise Refused("It is gone.", code="missing")
    return rows[pk]


def _not_last(model: type[Model], pk: int) -> None:
    manager: Any = model._default_manager
    if not manager.filter(is_active=True).exclude(pk=pk).exists():
        raise Refused(_LAST[model])
    if model is SlaPolicy:
        sla_default_left(without=pk)
