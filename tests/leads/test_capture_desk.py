"""What a marketer does about capture: forms, and the inbox of what could not be taken."""

import json
from typing import Any

import pytest

from core.models import Leased
from leads.models import CaptureForm, CustomField, InboxItem, Lead
from leads.services import capture_accept, inbox_drain

NEW = {
    "name": "Webinar May",
    "headline": "Join us",
    "button": "Sign up",
    "thanks": "See you there.",
    "activity_kind": "webinar_attended",
    "fields_asked": ["first_name", "company"],
    "is_active": "on",
}


def test_a_marketer_makes_a_form_and_publishes_it(login: Any) -> None:
    maya = login("marketer")
    assert "No forms yet" in maya.get("/forms/").content.decode()
    answer = maya.post("/forms/new/", NEW)
    form = CaptureForm.objects.get()
    assert answer["Location"] == f"/forms/{form.pk}/"
    assert (form.slug, form.fields, form.created_by.name) == (
        "webinar-may",
        ["first_name", "company"],
        "Maya Marketer",
    )
    page = maya.get(answer["Location"]).content.decode()
    assert "/f/webinar-may/" in page
    assert "&lt;form action=" in page
    assert "Join us" in login("anonymous").get("/f/webinar-may/").content.decode()
    assert "Webinar May" in maya.get("/forms/").content.decode()


def test_what_is_wrong_with_a_form_is_said(login: Any) -> None:
    maya = login("marketer")
    maya.post("/forms/new/", NEW)
    again = maya.post("/forms/new/", NEW)
    assert again.status_code == 422
    assert "Another form has this address" in again.content.decode()
    assert maya.post("/forms/new/", {**NEW, "name": "x", "slug": "x", "activity_kind": "call"}).status_code == 422
    assert CaptureForm.objects.count() == 1


def test_the_preview_saves_nothing_and_escapes(login: Any) -> None:
    CustomField.objects.create(key="budget", label="<b>Budget</b>", type="number")
    given = {"headline": "<script>x</script>", "fields_asked": ["phone", "custom.budget", "secret"]}
    page = login("marketer").post("/forms/preview/", given).content.decode()
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;Budget" in page
    assert "Phone" in page
    assert CaptureForm.objects.count() == 0


@pytest.mark.parametrize("role", ["rep", "manager", "anonymous"])
@pytest.mark.parametrize("path", ["/forms/", "/forms/new/", "/forms/preview/", "/inbox/", "/inbox/retry/"])
def test_forms_and_inbox_are_for_marketers(login: Any, role: str, path: str) -> None:
    client = login(role)
    for answer in (client.get(path), client.post(path, NEW)):
        assert answer.status_code in ((302, 405) if role == "anonymous" else (403, 405))
    assert CaptureForm.objects.count() == 0


def _stuck(number: int = 1) -> InboxItem:
    item, _ = capture_accept(source="api", key=str(number), body={"lead": {"email": "<b>wrong</b>"}})
    return item


def test_the_inbox_teaches_and_shows_reason_and_body(login: Any, django_assert_max_num_queries: Any) -> None:
    maya = login("marketer")
    assert "Nothing is stuck" in maya.get("/inbox/").content.decode()
    for number in range(60):
        item = _stuck(number)
    inbox_drain()
    with django_assert_max_num_queries(6):
        page = maya.get("/inbox/").content.decode()
    assert "Not an e-mail address" in page
    shown = maya.get(f"/inbox/{item.pk}/").content.decode()
    assert "&lt;b&gt;wrong" in shown
    assert "<b>wrong" not in shown


def test_a_capture_is_corrected_and_taken(login: Any) -> None:
    maya, item = login("marketer"), _stuck()
    inbox_drain()
    address = f"/inbox/{item.pk}/"
    for text in ("{", "[]", '{"lead": {}}', json.dumps({"lead": {"email": "still wrong"}})):
        assert maya.post(address, {"body": text}).status_code == 422, text
    assert InboxItem.objects.get().state == Leased.State.QUARANTINED
    answer = maya.post(address, {"body": json.dumps({"lead": {"email": "right@example.com"}})})
    assert answer.status_code == 302
    inbox_drain()
    item.refresh_from_db()
    assert item.state == Leased.State.DONE
    assert Lead.objects.get().email_key == "right@example.com"
    assert item.body["_before"] == {"lead": {"email": "<b>wrong</b>"}}


def test_trying_again(login: Any) -> None:
    maya = login("marketer")
    for number in range(3):
        _stuck(number)
    inbox_drain()
    first = InboxItem.objects.first()
    assert first is not None
    maya.post(f"/inbox/{first.pk}/retry/")
    assert InboxItem.objects.filter(state=Leased.State.PENDING).count() == 1
    maya.post("/inbox/retry/", {"state": "quarantined"})
    assert InboxItem.objects.filter(state=Leased.State.PENDING).count() == 3
    maya.post("/inbox/retry/", {"state": "done"})
    assert "not stuck" in maya.post(f"/inbox/{first.pk}/retry/", follow=True).content.decode()
