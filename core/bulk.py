"""Many rows at once: COPY on PostgreSQL, executemany on SQLite. The one place that knows the difference.

Values are given in the form the column holds: ids for foreign keys, JSON already as text. No model code runs.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.functions import Lower

M = TypeVar("M", bound=models.Model)


SPECIAL = "\\\t\n\r"  # what COPY reads as more than itself
FEW = 6  # up to so many columns arrays in the statement cost less than a table for the change


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"


def durable_later() -> None:
    """The commit of this transaction does not wait for PostgreSQL's disk. It stays whole: should the server crash, it
    is there with all before it, or not at all. The next commit that waits (any other's too) makes it durable."""
    if _is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO OFF")


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return connection.ops.quote_name(field.column)


def _columns(model: type[models.Model], names: Sequence[str]) -> str:
    return ", ".join(_column(model, name) for name in names)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def _text(value: Any) -> str:
    return r"\N" if value is None else _escaped(value) if isinstance(value, str) else str(value)


def _texts(cells: Sequence[Any]) -> Iterable[str]:
    """A column as COPY's text. Most hold plain text or whole numbers only, which one look at all of them tells."""
    types = set(map(type, cells))
    if types == {str}:
        joined = "".join(cells)
        return map(_escaped, cells) if any(mark in joined for mark in SPECIAL) else cells
    if types == {datetime}:  # mostly the same few
        return map({moment: str(moment) for moment in set(cells)}.__getitem__, cells)
    return map(str, cells) if types == {int} else map(_text, cells)


def _lines(rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    """Rows as lines of COPY's text format, without their ends."""
    return map("\t".join, zip(*map(_texts, zip(*rows, strict=True)), strict=True))


class _Stream:
    """Rows as the text that COPY reads, made while the server writes the ones before. ``end`` ends every line."""

    BATCH = 500

    def __init__(self, rows: Iterable[Sequence[Any]], end: str) -> None:
        self.rows, self.end = iter(rows), end

    def read(self, size: int) -> str:
        return self.end.join([*_lines(islice(self.rows, self.BATCH)), ""])


def _copy(table: str, columns: str, rows: Iterable[Sequence[Any]], rest: Sequence[Any] = ()) -> None:
    """``rest``: how every line ends, the same for all and so written once only."""
    end = "".join(f"\t{_text(value)}" for value in rest) + "\n"
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", _Stream(rows, end), 1 << 20)


def _sqlite_cell(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def where_in(queryset: models.QuerySet[M], name: str, values: Sequence[Any]) -> models.QuerySet[M]:
    """Rows whose column is one of very many texts or whole numbers: one array on PostgreSQL instead of a parameter
    for each."""
    if not _is_postgres():
        return queryset.filter(**{f"{name}__in": values})
    quote = connection.ops.quote_name
    model = queryset.model
    column = f"{quote(model._meta.db_table)}.{_column(model, name)}"
    return queryset.extra(where=[f"{column} = ANY(%s)"], params=[_array(values)])


def where_like(queryset: models.QuerySet[M], name: str, values: Sequence[str]) -> models.QuerySet[M]:
    """As ``where_in`` in any case, by the index on UPPER(...)."""
    if not _is_postgres():
        found: Any = queryset.alias(low=Lower(name)).filter(low__in=[value.lower() for value in values])
        return found  # type: ignore[no-any-return]
    column = f"{connection.ops.quote_name(queryset.model._meta.db_table)}.{_column(queryset.model, name)}"
    wanted = "ANY(ARRAY(SELECT UPPER(said) FROM unnest(%s::text[]) said))"
    return queryset.extra(where=[f"UPPER({column}) = {wanted}"], params=[_array(values)])


def _array(values: Sequence[Any]) -> Any:
    """Texts or whole numbers as PostgreSQL writes an array, which is much faster than to adapt one by one."""
    if not values or isinstance(values[0], int):
        return f"{{{','.join(map(str, values))}}}"
    if not isinstance(values[0], str):
        return list(values)
    listed = '","'.join(values)
    if "\\" in listed or listed.count('"') != 2 * (len(values) - 1):
        listed = '","'.join(value.replace("\\", r"\\").replace('"', r"\"") for value in values)
    return f'{{"{listed}"}}'


def ids_allocate(model: type[models.Model], count: int) -> list[int]:
    """Primary keys for rows about to be inserted in this transaction."""
    table = model._meta.db_table
    column = model._meta.pk.column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        if _is_postgres():
            cursor.execute(
                # the sequence is looked up once, not for each key
                "SELECT nextval(s.name) FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) s, "
                "generate_series(1, %s)",
                [connection.ops.quote_name(table), column, count],
            )
            return [row[0] for row in cursor.fetchall()]
        # the IMMEDIATE transaction we are in keeps every other writer out; AUTOINCREMENT never reuses a key
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return list(range(first, first + count))


def _defaults(model: type[models.Model], names: Collection[str]) -> dict[str, Any]:
    """What the columns that nobody names hold: the model's defaults, as the database keeps them."""
    found = {}
    for field in model._meta.concrete_fields:
        named = field.primary_key or not {field.name, field.attname}.isdisjoint(names)
        if not named and (field.has_default() or not field.null):
            found[field.name] = field.get_db_prep_save(field.get_default(), connection)
            if isinstance(field, models.JSONField):
                found[field.name] = json.dumps(field.get_default())
    return found


def rows_insert(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
    known_stay: bool = False,
) -> None:
    """Insert rows of the values of ``names``; ``same``: what every row holds. Other columns get the model's defaults.

    Raises IntegrityError as any insert does; with ``known_stay`` a row that a unique constraint refuses is left out.
    """
    if not rows:
        return
    more = {**(same or {}), **_defaults(model, {*names, *(same or {})})}
    rest = tuple(more.values())
    table = connection.ops.quote_name(model._meta.db_table)
    columns = _columns(model, [*names, *more])
    if _is_postgres() and not known_stay:
        with connection.wrap_database_errors:
            _copy(table, columns, rows, rest)
        return
    skip = " ON CONFLICT DO NOTHING" if known_stay else ""
    with connection.cursor() as cursor:
        if _is_postgres():
            arrays, values = _unnest(model, names, rows)
            picked = ", ".join([_columns(model, names), *["%s"] * len(rest)])
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {picked} FROM {arrays}{skip}", [*rest, *values])
            return
        marks = ", ".join(["%s"] * (len(names) + len(rest)))
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}){skip}",
            [[_sqlite_cell(value) for value in (*row, *rest)] for row in rows],
        )


def _unnest(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Rows as a table ``v`` with the columns of ``names``: one array a column, so that the statement stays short."""
    types = [_type(model, name) for name in names]
    listed = ", ".join(f"%s::{one}[]" for one in types)
    return f"unnest({listed}) AS v ({_columns(model, names)})", [list(column) for column in zip(*rows, strict=True)]


def _type(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    # without a length: a cast to varchar(60) would cut in silence what the column refuses
    return str(field.db_type(connection)).partition("(")[0]


def rows_update(
    model: type[models.Model],
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> None:
    """Update rows by primary key: the key, then the values of ``names``; ``same``: what all of them get."""
    if not rows:
        return
    same = same or {}
    table = connection.ops.quote_name(model._meta.db_table)
    key = _column(model, "pk")
    columns = [_column(model, name) for name in names]
    fixed = [f"{_column(model, name)} = %s" for name in same]
    with connection.cursor() as cursor:
        if not _is_postgres():
            sets = ", ".join([*fixed, *(f"{column} = %s" for column in columns)])
            begin = [_sqlite_cell(value) for value in same.values()]
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {key} = %s",
                [[*begin, *(_sqlite_cell(value) for value in (*row[1:], row[0]))] for row in rows],
            )
            return
        sets = ", ".join([*fixed, *(f"{column} = v.{column}" for column in columns)])
        if len(names) <= FEW:
            arrays, values = _unnest(model, ["pk", *names], rows)
            cursor.execute(
                f"UPDATE {table} t SET {sets} FROM {arrays} WHERE t.{key} = v.{key}", [*same.values(), *values]
            )
            return
        listed = ", ".join([key, *columns])
        cursor.execute(f"CREATE TEMP TABLE bulk_change ON COMMIT DROP AS SELECT {listed} FROM {table} LIMIT 0")
        _copy("bulk_change", listed, rows)
        cursor.execute(f"UPDATE {table} t SET {sets} FROM bulk_change v WHERE t.{key} = v.{key}", [*same.values()])
        cursor.execute("DROP TABLE bulk_change")
