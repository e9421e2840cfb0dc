import pytest
from django.db import connection


@pytest.mark.django_db
def test_healthz_answers_without_a_login(client):
    answer = client.get("/healthz/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_database_is_the_one_that_the_environment_names(settings):
    assert connection.vendor == ("sqlite" if settings.EMBEDDED else "postgresql")


@pytest.mark.django_db
@pytest.mark.sqlite
def test_sqlite_runs_in_wal_mode_with_immediate_transactions():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
