"""Locking rows that others change at the same moment."""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def rows_locked(rows: QuerySet[M]) -> QuerySet[M]:
    """Lock these rows in the order of their keys, then say where to read them: in a statement of its own, with
    whatever ``select_related`` the caller adds.

    In one statement PostgreSQL would join the locked row with what it pointed to *before* the wait: a row whose
    foreign key changed meanwhile is lost from an inner join, and comes with nothing from an outer one.
    """
    ids = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    return rows.model._default_manager.filter(pk__in=ids).order_by("pk")  # type: ignore[attr-defined]
