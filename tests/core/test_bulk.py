"""Rows by the thousand: what the one statement writes is what the model would have written."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.bulk import ids_allocate, rows_insert, rows_update, where_in, where_like
from core.models import OutboxMessage
from leads.models import Company
from team.models import Notice
from tests.personas import persona

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=UTC)
HOSTILE = [
    "",
    "plain",
    'a "quoted", comma\nand a line',
    "\\N",
    "{curly,brace}",
    "naïve 名前 🦊",
    "%s %(x)s",
    "NULL",
    "\\.",
    "tab\tand\\tno tab\r\n",
]


@pytest.mark.parametrize("known_stay", [False, True])
def test_rows_come_back_as_they_went_in(known_stay: bool) -> None:
    user = persona("rep")
    rows = [(f"key {index}", text, text) for index, text in enumerate(HOSTILE)]
    same = {"user_id": user.pk, "kind": "test, kind", "created_at": WHEN}
    rows_insert(Notice, ["key", "title", "body"], rows, same=same, known_stay=known_stay)
    found = Notice.objects.order_by("key")
    assert [(one.key, one.title, one.body) for one in found] == rows
    assert {(one.user_id, one.kind, one.created_at, one.url, one.read_at) for one in found} == {
        (user.pk, "test, kind", WHEN, "", None)
    }


def test_json_and_defaults_are_the_models_own() -> None:
    told: dict[str, Any] = {"name": "naïve \"'{}", "list": [1, None, True]}
    rows_insert(
        OutboxMessage,
        ["key", "payload"],
        [("a", json.dumps(told))],
        same={"topic": "t", "handler": "h"},
        known_stay=True,
    )
    one = OutboxMessage.objects.get()
    assert (one.payload, one.state, one.attempts, one.lease_until) == (told, "pending", 0, None)


def test_known_rows_stay_as_they_are_or_are_refused() -> None:
    user = persona("rep")
    same = {"user": user.pk, "kind": "k"}
    rows_insert(Notice, ["key", "title"], [("a", "first")], same=same)
    rows_insert(Notice, ["key", "title"], [("a", "second"), ("b", "third")], same=same, known_stay=True)
    assert list(Notice.objects.order_by("key").values_list("title", flat=True)) == ["first", "third"]
    with pytest.raises(IntegrityError), transaction.atomic():
        rows_insert(Notice, ["key", "title"], [("c", "new"), ("a", "again")], same=same)
    assert Notice.objects.count() == 2


@pytest.mark.parametrize("many", [False, True])
def test_rows_are_updated_by_their_key_few_columns_or_many(many: bool) -> None:
    user = persona("rep")
    ids = ids_allocate(Notice, 3)
    assert len(set(ids)) == 3
    rows_insert(
        Notice, ["pk", "key", "title"], [(pk, str(pk), "old") for pk in ids], same={"user": user.pk, "kind": "k"}
    )
    names = ["title", "read_at"]
    more = ["body", "url", "kind", "created_at", "key"] if many else []
    cells = [(text, WHEN if text else None) for text in HOSTILE[:2]]
    rest = ("body", "/url", "kind", WHEN)
    rows_update(
        Notice,
        names + more,
        [(pk, *cell, *((*rest, f"key {pk}") if many else ())) for pk, cell in zip(ids, cells, strict=False)],
        same=None if many else {"url": "/same", "body": "same, for %s"},
    )
    first, second, third = Notice.objects.order_by("pk")
    assert [(one.title, one.read_at) for one in (first, second, third)] == [*cells, ("old", None)]
    assert (first.url, first.body) == (("/url", "body") if many else ("/same", "same, for %s"))
    assert third.url == ""


def test_more_rows_than_one_piece_of_the_stream() -> None:
    user = persona("rep")
    rows = [(f"{n:05}", HOSTILE[n % len(HOSTILE)]) for n in range(1700)]
    rows_insert(Notice, ["key", "title"], iter(rows), same={"user": user.pk, "kind": 'line\r\nends, "too"'})
    assert list(Notice.objects.order_by("key").values_list("key", "title")) == rows
    assert set(Notice.objects.values_list("kind", flat=True)) == {'line\r\nends, "too"'}


def test_rows_are_found_by_very_many_values() -> None:
    names = [*HOSTILE[1:], "back\\slash", "x'y", "\\"]
    Company.objects.bulk_create([Company(name=name) for name in names])
    every = Company.objects.all()
    assert {row.name for row in where_in(every, "name", names)} == set(names)
    assert list(where_in(every, "name", ['plain"', "{plain}", "curly", "back"])) == []
    assert where_in(every, "pk", [row.pk for row in every]).count() == len(names)
    assert where_in(every, "pk", []).count() == 0
    assert {row.name for row in where_like(every, "name", ["PLAIN", 'A "QUOTED", comma\nand A line'])} == set(
        names[:2]
    )
