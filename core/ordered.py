"""Rows that people keep in an order and change at the same time: their places, and whose version it was.

For models with ``position`` and, where they are edited, ``revision``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import F, Model, QuerySet

from core.errors import Conflict, Refused

M = TypeVar("M", bound=Model)
CHANGED = "Somebody else changed this since you opened it. Reload to see their version, then change it again."


def rows_held(rows: QuerySet[M], *, no_key: bool = False) -> list[M]:
    """These rows, locked in the order of their keys and given in that of their places. Inside a transaction.
    ``no_key``: others may go on pointing to them."""
    held: list[Any] = list(rows.order_by("pk").select_for_update(of=("self",), no_key=no_key))
    return sorted(held, key=lambda row: (row.position, row.pk))


def place_of(rows: Sequence[Model], pk: int) -> int:
    """Where in the list it stands. Raises Refused (``missing``) when it does not."""
    found = next((place for place, row in enumerate(rows) if row.pk == pk), None)
    if found is None:
        raise Refused("It is gone.", code="missing")
    return found


def rows_place(rows: Sequence[Any]) -> None:
    """Keep the list as it stands here; only rows whose place is another are written."""
    for position, row in enumerate(rows):
        if row.position != position:
            type(row)._default_manager.filter(pk=row.pk).update(position=position)


def row_shift(rows: list[M], pk: int, *, up: bool) -> bool:
    """One place up or down in the list; False when it is at that end. Raises Refused as ``place_of``."""
    place = place_of(rows, pk)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(rows):
        return False
    rows[place], rows[other] = rows[other], rows[place]
    rows_place(rows)
    return True


def row_revise(row: M, revision: int, values: Mapping[str, Any], *, said: str = CHANGED) -> M:
    """Write ``values`` as the row's next revision; the row as it is then. Raises Conflict with what is ``said`` when
    somebody changed it since ``revision``."""
    manager: Any = type(row)._default_manager
    if not manager.filter(pk=row.pk, revision=revision).update(**values, revision=F("revision") + 1):
        raise Conflict(said)
    found: M = manager.get(pk=row.pk)
    return found
