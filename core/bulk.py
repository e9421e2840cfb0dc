"""Many rows at once: COPY on PostgreSQL, executemany on SQLite. The one place that knows the difference.

Values are given in the form the column holds: ids for foreign keys, JSON already as text. No model code runs.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


class _Null(float):
    """What the csv writer leaves bare and empty: NULL. Text is always quoted, so '' stays ''."""

    def __str__(self) -> str:
        return ""

    __repr__ = __str__


NULL = _Null()


def _is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return connection.ops.quote_name(field.column)


def _columns(model: type[models.Model], names: Sequence[str]) -> str:
    return ", ".join(_column(model, name) for name in names)


def _copy(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerows([NULL if value is None else value for value in row] for row in rows)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv)", text, 1 << 20)


def _sqlite_cell(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def where_in(queryset: models.QuerySet[M], name: str, values: Sequence[Any]) -> models.QuerySet[M]:
    """Rows whose column is one of very many values: one array on PostgreSQL instead of a parameter for each."""
    if not _is_postgres():
        return queryset.filter(**{f"{name}__in": values})
    quote = connection.ops.quote_name
    model = queryset.model
    column = f"{quote(model._meta.db_table)}.{_column(model, name)}"
    return queryset.extra(where=[f"{column} = ANY(%s)"], params=[list(values)])


def ids_allocate(model: type[models.Model], count: int) -> list[int]:
    """Primary keys for rows about to be inserted in this transaction."""
    table = model._meta.db_table
    column = model._meta.pk.column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        if _is_postgres():
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), column, count],
            )
            return [row[0] for row in cursor.fetchall()]
        # the IMMEDIATE transaction we are in keeps every other writer out; AUTOINCREMENT never reuses a key
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return list(range(first, first + count))


def _defaults(model: type[models.Model], names: Sequence[str]) -> dict[str, Any]:
    """What the columns that nobody names hold: the model's defaults, as the database keeps them."""
    found = {}
    for field in model._meta.concrete_fields:
        if field.name not in names and not field.primary_key and (field.has_default() or not field.null):
            found[field.name] = field.get_db_prep_save(field.get_default(), connection)
            if isinstance(field, models.JSONField):
                found[field.name] = json.dumps(field.get_default())
    return found


def rows_insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of the values of ``names``; other columns get the model's defaults (the same for every row).

    Raises IntegrityError as any insert does.
    """
    if not rows:
        return
    more = _defaults(model, names)
    rest = tuple(more.values())
    table = connection.ops.quote_name(model._meta.db_table)
    columns = _columns(model, [*names, *more])
    if _is_postgres():
        with connection.wrap_database_errors:
            _copy(table, columns, ((*row, *rest) for row in rows))
        return
    marks = ", ".join(["%s"] * (len(names) + len(rest)))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",
            [[_sqlite_cell(value) for value in (*row, *rest)] for row in rows],
        )


def rows_update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Update rows by primary key: each row is the key, then the values of ``names``."""
    if not rows:
        return
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    key = _column(model, "pk")
    columns = [_column(model, name) for name in names]
    with connection.cursor() as cursor:
        if _is_postgres():
            listed = ", ".join([key, *columns])
            cursor.execute(f"CREATE TEMP TABLE bulk_change ON COMMIT DROP AS SELECT {listed} FROM {table} LIMIT 0")
            _copy("bulk_change", listed, rows)
            sets = ", ".join(f"{column} = c.{column}" for column in columns)
            cursor.execute(f"UPDATE {table} t SET {sets} FROM bulk_change c WHERE t.{key} = c.{key}")
            cursor.execute("DROP TABLE bulk_change")
            return
        sets = ", ".join(f"{column} = %s" for column in columns)
        cursor.executemany(
            f"UPDATE {table} SET {sets} WHERE {key} = %s",
            [[_sqlite_cell(value) for value in (*row[1:], row[0])] for row in rows],
        )
