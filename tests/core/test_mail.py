"""A mail server that is down, full or fussy: no letter is lost, none is given up too soon, nobody else waits."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as sent
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from core import mail
from core.models import OutboxMessage
from core.outbox import drain
from tests.core import deeds

pytestmark = pytest.mark.django_db


class Server(EmailBackend):
    """A mail server in a mood."""

    down: Exception | None = None
    refuses: dict[str, Exception] = {}
    looks = 0

    def open(self) -> None:
        Server.looks += 1
        if Server.down:
            raise Server.down

    def send_messages(self, messages: Any) -> int:
        for one in messages:
            if one.subject in Server.refuses:
                raise Server.refuses[one.subject]
        count: int = super().send_messages(messages)
        return count


@pytest.fixture(autouse=True)
def server(settings: Any, monkeypatch: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = "tests.core.test_mail.Server"
    monkeypatch.setattr(mail, "_gone", (0.0, ""))
    Server.down, Server.refuses, Server.looks = None, {}, 0
    yield Server


def letters(*subjects: str) -> None:
    with transaction.atomic():
        for subject in subjects:
            mail.mail_queue(key=subject, to="rep@x.example", subject=subject, text="t")


def time_passes(monkeypatch: Any) -> None:
    monkeypatch.setattr(mail, "_gone", (0.0, ""))
    OutboxMessage.objects.filter(state="pending").update(due_at=timezone.now())


def states() -> set[tuple[str, int]]:
    return set(OutboxMessage.objects.filter(topic="mail.send").values_list("state", "attempts"))


def test_a_server_that_is_down_for_hours_costs_no_letter_and_is_looked_for_once_for_all(
    server: type[Server], monkeypatch: Any
) -> None:
    deeds.did.clear()
    server.down = ConnectionRefusedError("nobody listens at port 25")
    letters("a", "b", "c")
    OutboxMessage.objects.create(topic="test", key="other", handler="tests.core.deeds.note")
    for _ in range(20):
        drain()
        time_passes(monkeypatch)
    assert server.looks == 20 and states() == {("pending", 0)} and deeds.did == ["other"]
    row = OutboxMessage.objects.filter(topic="mail.send").latest("pk")
    assert "nobody listens at port 25" in row.last_error
    server.down = None
    drain()
    assert states() == {("done", 1)} and sorted(one.subject for one in sent.outbox) == ["a", "b", "c"]


def test_after_a_day_it_is_given_up_where_everybody_sees_it(server: type[Server], monkeypatch: Any) -> None:
    server.down = smtplib.SMTPAuthenticationError(535, b"wrong password")
    letters("old", "new")
    OutboxMessage.objects.filter(key="old").update(created_at=timezone.now() - timedelta(days=1))
    drain()
    time_passes(monkeypatch)
    drain()
    assert dict(OutboxMessage.objects.values_list("key", "state")) == {"old": "dead", "new": "pending"}
    assert "wrong password" in OutboxMessage.objects.get(key="old").last_error


def test_not_now_is_no_try_and_no_is_one(server: type[Server]) -> None:
    server.refuses = {
        "grey": smtplib.SMTPRecipientsRefused({"rep@x.example": (450, b"greylisted")}),
        "busy": smtplib.SMTPDataError(451, b"later"),
        "no": smtplib.SMTPRecipientsRefused({"rep@x.example": (550, b"no such mailbox")}),
        "odd": smtplib.SMTPServerDisconnected("in the middle"),
    }
    letters("grey", "busy", "no", "odd", "fine")
    drain()
    rows = {row.key: row for row in OutboxMessage.objects.all()}
    tries = {key: (row.state, row.attempts) for key, row in rows.items()}
    waits, tried = ("pending", 0), ("pending", 1)
    assert tries == {"grey": waits, "busy": waits, "no": tried, "odd": tried, "fine": ("done", 1)}
    assert "greylisted" in rows["grey"].last_error
    assert rows["grey"].due_at > timezone.now() + timedelta(minutes=4)


def test_a_name_writes_no_header_of_its_own(server: type[Server]) -> None:
    letters("New lead: Eve\r\nBcc: all@x.example\u2028X: y")
    drain()
    raw = sent.outbox[0].message()
    assert raw["Bcc"] is None and raw["X"] is None and "\n" not in sent.outbox[0].subject
