"""Paging by the last row seen, not by counting: page 2,000 costs what page 1 costs, and nobody is shown twice."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.db.models.expressions import F

BIGGEST = 2**63 - 1


@dataclass
class Page:
    """Some rows, and the cursors (for ``?cursor=``) of the pages beside them; '' where there is none."""

    rows: list[Any] = field(default_factory=list)
    next: str = ""
    previous: str = ""


@dataclass(frozen=True)
class Place:
    back: bool
    value: Any
    pk: int


class _Beyond(Func):
    """``(column, key) < (value, key value)`` as one row comparison, which one index answers."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, *expressions: Any, sign: str) -> None:
        super().__init__(*expressions)
        self.extra["sign"] = sign

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> Any:  # type: ignore[override]
        parts = [compiler.compile(one) for one in self.source_expressions]
        left, right = parts[: len(parts) // 2], parts[len(parts) // 2 :]
        sql = "({}) {} ({})".format(
            ", ".join(text for text, _ in left), self.extra["sign"], ", ".join(text for text, _ in right)
        )
        return sql, [param for _, params in parts for param in params]


def keyset_page(
    queryset: QuerySet[Any],
    *,
    sort: str,
    tie: str = "pk",
    cursor: str = "",
    size: int = 50,
    wide: QuerySet[Any] | None = None,
) -> Page:
    """A page of ``queryset`` sorted by one column (``-score``), ties by the unique ``tie`` in the same direction.

    The column may be that of a row beside it (``other__at``), which need not be there. Rows whose column is empty
    come last in either direction. An unreadable cursor gives the first page. ``wide`` loads the rows with all that
    they show: ``queryset`` then only picks which, from an index, before any join.
    """
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    model_field, nullable = _field(queryset, name)
    place = _parse(cursor, model_field, nullable)
    back = place is not None and place.back
    rows: list[Any] = []
    for part, inside in _sections(queryset, name, tie, falling != back, place, nullable, back):
        if inside:
            picked = part[: size + 1 - len(rows)]
            if wide is not None:
                picked = wide.filter(pk__in=picked.values("pk")).order_by(*part.query.order_by)
            rows += picked
        if len(rows) > size:
            break
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    page = Page(rows)
    if rows and (back or more):
        page.next = _cursor(rows[-1], name, tie, back=False)
    if rows and ((back and more) or (place is not None and not back)):
        page.previous = _cursor(rows[0], name, tie, back=True)
    return page


def _field(queryset: QuerySet[Any], name: str) -> tuple[Any, bool]:
    """The column to sort by, and whether a row may have none."""
    model, nullable = queryset.model, False
    try:
        for step in name.split("__"):
            found: Any = model._meta.get_field(step) if step != "pk" else model._meta.pk
            nullable = nullable or found.null
            model = found.related_model
    except FieldDoesNotExist as error:
        raise ValueError(f"no column {name} to sort by") from error
    return found, bool(nullable)


def _sections(
    queryset: QuerySet[Any], name: str, tie: str, falling: bool, place: Place | None, nullable: bool, back: bool
) -> list[tuple[QuerySet[Any], bool]]:
    """The filled rows, then those whose column is empty (the other way round going back)."""
    sign, mark = ("<", "-") if falling else (">", "")
    filled, empty = queryset, queryset
    if nullable:
        filled = queryset.filter(**{f"{name}__isnull": False})
        empty = queryset.filter(**{f"{name}__isnull": True}).order_by(f"{mark}{tie}")
    filled = filled.order_by(f"{mark}{name}", f"{mark}{tie}") if name != tie else filled.order_by(f"{mark}{tie}")
    in_filled = in_empty = True
    if place is not None and place.value is not None:
        filled = filled.filter(_beyond(queryset, name, tie, place, sign))
        in_empty = not back
    elif place is not None:
        empty = empty.filter(_Beyond(F(tie), Value(place.pk), sign=sign))
        in_filled = back
    parts = [(filled, in_filled), (empty, in_empty)] if nullable else [(filled, True)]
    return parts[::-1] if back else parts


def _beyond(queryset: QuerySet[Any], name: str, tie: str, place: Place, sign: str) -> Any:
    if "__" in name:  # the two lie in different tables: the index finds the value, of equal ones all are looked at
        word = "lt" if sign == "<" else "gt"
        further = Q(**{f"{name}__{word}": place.value}) | Q(**{f"{tie}__{word}": place.pk})
        return Q(**{f"{name}__{word}e": place.value}) & further
    value = Value(place.value, output_field=_field(queryset, name)[0])
    return _Beyond(F(name), F(tie), value, Value(place.pk), sign=sign)


def _cursor(row: Any, name: str, tie: str, *, back: bool) -> str:
    value = _value(row, name)
    kept = value if value is None or isinstance(value, (int, str)) else _text(value)
    raw = json.dumps([int(back), kept, getattr(row, "pk" if tie == "pk" else tie)], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _value(row: Any, name: str) -> Any:
    """Of a model's row or of a named tuple of ``values_list``."""
    if hasattr(row, "_fields"):
        return getattr(row, name)
    for step in name.split("__"):
        row = getattr(row, step, None)  # who has no row beside it
    return row


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _parse(cursor: str, model_field: Any, nullable: bool) -> Place | None:
    if not cursor or len(cursor) > 600:
        return None
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        back, value, pk = json.loads(raw)
        if type(pk) is not int or abs(pk) > BIGGEST or type(back) is not int:
            return None
        if isinstance(value, (dict, list, bool, float)) or (isinstance(value, int) and abs(value) > BIGGEST):
            return None
        if value is None and not nullable:
            return None
        if isinstance(value, str) and ("\x00" in value or not value.isprintable()):
            return None
        return Place(bool(back), None if value is None else model_field.to_python(value), pk)
    except (ValueError, TypeError, ValidationError, binascii.Error, UnicodeError, RecursionError, OverflowError):
        return None
