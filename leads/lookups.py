"""An admin's field, read out of ``Lead.custom`` with the same meaning on SQLite and PostgreSQL.

JSON compares differently on the two (text sorts above numbers on one and below on the other), so a value takes part
in a text question only when it is text (or true/false), and in a number question only when it is a number.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Case, CharField, FloatField, Func, Value, When
from django.db.models.lookups import IContains, Lookup


class _Custom(Func):
    """``column`` and the key; the key is a parameter, so it is never part of the SQL."""

    postgres = sqlite = ""

    def __init__(self, column: str, key: str, **extra: Any) -> None:
        super().__init__(column, Value(key), **extra)

    def _sql(self, compiler: Any, template: str, *, path: bool) -> Any:
        column, params = compiler.compile(self.source_expressions[0])
        asked: Any = self.source_expressions[1]
        key = asked.value
        used = f'$."{key}"' if path else key
        return template.format(column=column, key="%s"), [
            value for _ in range(template.count("{key}")) for value in (*params, used)
        ]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self._sql(compiler, self.sqlite, path=True)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self._sql(compiler, self.postgres, path=False)


class CustomText(_Custom):
    """The value as text: text itself, 'true' or 'false'; NULL for anything else and when it is not there."""

    output_field = CharField()
    sqlite = (
        "CASE JSON_TYPE({column}, {key}) WHEN 'text' THEN JSON_EXTRACT({column}, {key}) "
        "WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' END"
    )
    postgres = "CASE WHEN jsonb_typeof({column} -> {key}) IN ('string', 'boolean') THEN {column} ->> {key} END"


class CustomNumber(_Custom):
    """The value as a number; NULL when it is none."""

    output_field = FloatField()
    sqlite = "CASE WHEN JSON_TYPE({column}, {key}) IN ('integer', 'real') THEN JSON_EXTRACT({column}, {key}) END"
    postgres = "CASE WHEN jsonb_typeof({column} -> {key}) = 'number' THEN ({column} ->> {key})::double precision END"


class CustomKnown(_Custom):
    """Whether the field has a value: not missing, not null, not an empty text."""

    output_field = BooleanField()
    conditional = True
    sqlite = (
        "COALESCE(JSON_TYPE({column}, {key}) <> 'null' AND "
        "NOT (JSON_TYPE({column}, {key}) = 'text' AND JSON_EXTRACT({column}, {key}) = ''), 0)"
    )
    postgres = "COALESCE(jsonb_typeof({column} -> {key}) <> 'null' AND {column} ->> {key} <> '', false)"


def certainly(lookup: Any) -> Case:
    """The lookup as plain true or false: unknown counts as false, so that 'not' of it is true."""
    return Case(When(lookup, then=Value(True)), default=Value(False), output_field=BooleanField())


@CharField.register_lookup
class ContainsAny(Lookup):  # type: ignore[type-arg]
    """The text contains one of the words, whatever their case. PostgreSQL turns it into capitals once for them all,
    where a word each would do so every time: scoring asks this of everybody."""

    lookup_name = "icontains_any"

    def get_prep_lookup(self) -> Any:
        words: Iterable[Any] = self.rhs
        return [str(word) for word in words]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        parts = [IContains(self.lhs, word).as_sql(compiler, connection) for word in self.rhs]
        return f"({' OR '.join(sql for sql, _ in parts)})", [one for _, params in parts for one in params]

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        words = [f"%{connection.ops.prep_for_like_query(word)}%" for word in self.rhs]
        return f"UPPER({lhs}::text) LIKE ANY (ARRAY[{', '.join(['UPPER(%s)'] * len(words))}])", [*params, *words]
