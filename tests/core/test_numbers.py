"""Whole numbers in addresses and forms: what is none is no number, never a server error."""

from typing import Any

import pytest
from django.urls import reverse

from core.models import OutboxMessage
from core.rules import whole_read
from leads.models import Lead

ODD = ["²", "٣²", "-1", "1e3", " 1", "9" * 19, "9" * 5000, "one"]


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), ("9" * 18, 10**18 - 1), ("", None)])
def test_a_whole_number_is_read(text: str, number: int | None) -> None:
    assert whole_read(text) == number


@pytest.mark.parametrize("text", ODD)
def test_anything_else_is_no_number(text: str) -> None:
    assert whole_read(text) is None


@pytest.mark.parametrize("text", ODD)
def test_no_page_breaks_on_a_number_that_is_none(login: Any, text: str) -> None:
    lead = Lead.objects.create(email="ann@lead.example", email_key="ann@lead.example")
    admin = login("admin")
    dead = OutboxMessage.objects.create(topic="mail.send", key="1", handler="core.mail.deliver", state="dead")
    asked = [
        admin.get(reverse("leads:segments"), {"count": text}),
        admin.get(reverse("leads:list"), {"segment": text}),
        admin.get(reverse("leads:merge", args=[lead.pk]), {"with": text}),
        admin.post(reverse("leads:bulk"), {"action": "owner", "value": text, "lead": lead.pk, "confirmed": 1}),
        admin.post(reverse("leads:bulk"), {"action": "stage", "value": text, "lead": lead.pk, "confirmed": 1}),
        admin.post(reverse("leads:bulk"), {"action": "tag_add", "value": "a", "lead": text, "confirmed": 1}),
        admin.post(reverse("desk:deliveries_retry"), {"pk": text}),
        admin.get(reverse("desk:deliveries"), {"way": text}),
    ]
    assert {one.status_code for one in asked} <= {200, 302, 404, 422}
    dead.refresh_from_db()
    assert dead.state == "dead"  # what names no row tries nothing again
