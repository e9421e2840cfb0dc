"""A question whose statement is kept gives what the queryset gives; a connection that died is noticed."""

import pytest
from django.db import connection, connections

from core.prepared import Prepared
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
