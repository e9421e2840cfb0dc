"""Statements of nearly every request, with their SQL made once a process: Django needs several times as long to make
such a statement as PostgreSQL needs to do it."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import connection, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)
_numbers = count(1)


_inserts: dict[tuple[str, type[models.Model]], str] = {}


def row_insert(row: models.Model) -> bool:
    """Insert a new row and give it its key; False when a unique key refuses it: a transaction goes on then.

    One statement, which commits by itself outside a transaction. Neither ``save`` nor its signals run.
    """
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    sql = _inserts.get((connection.vendor, type(row))) or _insert_sql(type(row), fields)
    with connection.cursor() as cursor:
        cursor.execute(sql, [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields])
        made = cursor.fetchone()
    if made is None:
        return False
    row.pk, row._state.adding, row._state.db = made[0], False, connection.alias
    return True


def _insert_sql(model: type[models.Model], fields: Sequence[Any]) -> str:
    quote, key = connection.ops.quote_name, str(model._meta.pk.column)  # type: ignore[union-attr]
    columns, marks = ", ".join(quote(field.column) for field in fields), ", ".join(["%s"] * len(fields))
    into = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"
    sql = f"{into} ON CONFLICT DO NOTHING RETURNING {quote(key)}"
    _inserts[connection.vendor, model] = sql
    return sql


class _Made(NamedTuple):
    sql: str
    name: str  # of the statement that PostgreSQL keeps for a session
    prepare: str
    execute: str
    compiler: Any
    converters: Any
    names: list[str]  # of the model's own columns, which come first
    related: list[Any]


class Prepared(Generic[M]):
    """``Prepared(lambda key: Model.objects.select_related("other").filter(key=key))``, then ``rows(key)``.

    The lambda sees the values of the first call only, so the shape of its query may not depend on them: they are its
    parameters, each once and in this order (ValueError when they are not). Rows come as the queryset would give them.
    """

    def __init__(self, ask: Callable[..., models.QuerySet[M]]) -> None:
        self._ask = ask
        self._made: dict[str, _Made] = {}

    def rows(self, *values: Any) -> list[M]:
        made = self._made.get(connection.alias) or self._make(values)
        with connection.cursor() as cursor:
            self._execute(cursor, made, values)
            found = cursor.fetchall()
        if made.converters:
            found = made.compiler.apply_converters(found, made.converters)
        return [self._object(made, row) for row in found]

    @staticmethod
    def _execute(cursor: Any, made: _Made, values: tuple[Any, ...]) -> None:
        """PostgreSQL plans it once a session, which takes it longer than the answer. A log of statements shows it
        whole."""
        kept: set[str] | None = getattr(connection, "kept", None)
        if kept is None or connection.queries_logged:
            cursor.execute(made.sql, values)
            return
        if made.name not in kept:
            cursor.execute(made.prepare)
            kept.add(made.name)
        cursor.execute(made.execute, values)

    def first(self, *values: Any) -> M | None:
        return next(iter(self.rows(*values)), None)

    def _object(self, made: _Made, row: Any) -> M:
        one: Any = made.compiler.klass_info["model"].from_db(connection.alias, made.names, row[: len(made.names)])
        for other in made.related:
            other.populate(row, one)
        return one  # type: ignore[no-any-return]

    def _make(self, values: tuple[Any, ...]) -> _Made:
        compiler: Any = self._ask(*values).query.get_compiler(connection=connection)
        sql, needed = compiler.as_sql()
        if tuple(needed) != values:
            raise ValueError(f"these are not the query's parameters: {needed}")
        columns = [found[0] for found in compiler.select]
        own = compiler.klass_info["select_fields"]
        names = [column.target.attname for column in columns[: len(own)]]
        populators: Any = get_related_populators  # its parameters differ between Django's versions and their stubs
        related = populators(compiler.klass_info, compiler.select, connection.alias)
        name = f"kept_{next(_numbers)}"
        numbered = sql % tuple(f"${number + 1}" for number in range(len(values)))
        prepare, execute = f"PREPARE {name} AS {numbered}", f"EXECUTE {name} ({', '.join(['%s'] * len(values))})"
        made = _Made(sql, name, prepare, execute, compiler, compiler.get_converters(columns), names, related)
        self._made[connection.alias] = made
        return made
