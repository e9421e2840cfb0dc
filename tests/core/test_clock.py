"""A machine whose own clock is wrong: what is due, what is dated, what people are shown."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core import clock, outbox
from core.models import OutboxMessage
from leads.models import InboxItem
from leads.services import capture_accept, inbox_drain

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def ahead(monkeypatch: Any) -> None:
    """This process's clock is ten minutes ahead of the database's."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(minutes=10)

    monkeypatch.setattr(timezone, "datetime", Ahead)
    monkeypatch.setattr(clock, "_asked", None)


def test_a_capture_is_due_at_once(ahead: None) -> None:
    capture_accept(source="api:1", key="k", body={"lead": {"email": "a@b.example"}})
    assert inbox_drain() == 1
    row = InboxItem.objects.get()
    assert row.state == "done" and row.created_at <= clock.db_now()
    assert row.lead is not None and row.lead.created_at == row.created_at


def test_a_message_is_due_at_once(ahead: None, transactional_db: Any) -> None:
    from django.db import transaction

    with transaction.atomic():
        outbox.emit("mail.send", "k", to="a@b.example", subject="s", text="t")
    assert outbox.drain() == 1
    assert OutboxMessage.objects.get().state == "done"


def test_people_are_shown_the_databases_time(ahead: None) -> None:
    for _ in range(2):
        assert abs(clock.screen_now() - clock.db_now()) < timedelta(seconds=2)


def test_the_database_is_asked_once_a_minute(ahead: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        first = clock.screen_now()
        assert clock.screen_now() >= first
