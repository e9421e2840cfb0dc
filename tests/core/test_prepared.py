"""A question whose statement is kept gives what the queryset gives; a connection that died is noticed."""

import pytest
from django.db import connection, connections, transaction

from core.models import OutboxMessage
from core.prepared import Prepared, row_insert
from team.models import Team, User

members = Prepared(lambda team, name: User.objects.select_related("team").filter(team__name=team).filter(name=name))


def test_rows_are_those_of_the_queryset(db, django_assert_num_queries):
    for team in ("North", "South"):
        of = Team.objects.create(name=team)
        User.objects.create_user(
            f"ada@{team}.example", "x", name="Ada", team=of, working_hours={"0": [["09:00", "12:00"]]}
        )
    members.rows("Nowhere", "Nobody")
    for team in ("North", "South"):
        with django_assert_num_queries(1):
            (kept,) = members.rows(team, "Ada")
            assert kept.team.name == team
        (asked,) = User.objects.filter(team__name=team, name="Ada")
        for field in User._meta.concrete_fields:
            assert getattr(kept, field.attname) == getattr(asked, field.attname), field.attname
    assert members.first("North", "Zoe") is None


def test_a_parameter_that_is_lost_or_changed_is_told(db):
    with pytest.raises(ValueError, match="not the query's parameters"):
        Prepared(lambda one, two: User.objects.filter(name=one).filter(email=two).exclude(name=one)).rows(
            "a@b.example", "Ada"
        )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_kept_connection_that_the_server_ended_is_noticed():
    connection.ensure_connection()
    assert connection.is_usable()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
    assert not connection.is_usable()
    connection.close()
    assert User.objects.count() == 0


def test_a_row_put_in_is_the_one_that_save_would_write(db, django_assert_num_queries):
    body = {"lead": {"email": "ada@firm.example"}, "activities": [{"kind": "call"}]}
    row = OutboxMessage(topic="test", key="1", handler="nobody", payload=body)
    with django_assert_num_queries(1):
        assert row_insert(row)
    saved = OutboxMessage.objects.create(
        topic="test", key="2", handler="nobody", payload=body, due_at=row.due_at, created_at=row.created_at
    )
    one, two = (OutboxMessage.objects.values().get(pk=each.pk) for each in (row, saved))
    assert one == two | {"id": row.pk, "key": "1"}
    row.topic = "changed"
    row.save()  # it knows that it is in the database
    assert OutboxMessage.objects.get(pk=row.pk).topic == "changed"


def test_a_row_that_a_key_refuses_ends_no_transaction(db):
    with transaction.atomic():
        assert row_insert(OutboxMessage(topic="test", key="1", handler="nobody"))
        twice = OutboxMessage(topic="test", key="1", handler="nobody")
        assert not row_insert(twice)
        assert twice.pk is None
        assert OutboxMessage.objects.filter(topic="test").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_session_plans_a_question_once_and_a_new_session_again():
    User.objects.create_user("ada@firm.example", "x", name="Ada")
    named = Prepared(lambda name: User.objects.filter(name=name).order_by())
    for _ in range(2):
        members.rows("North", "Ada")
        for name in ("Ada", "Zoe", "Ada"):
            assert [row.name for row in named.rows(name)] == ([name] if name == "Ada" else [])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (len(connection.kept),)
            assert len(connection.kept) == 2
        connection.close()
