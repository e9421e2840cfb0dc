"""Hostile and odd input: kept exactly, or refused with a 4xx; never an error of ours, never run."""

import json
import threading
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from core.models import Leased
from leads import rules
from leads.models import Activity, CaptureForm, InboxItem, Lead
from leads.services import capture_accept, inbox_drain
from leads.services import public as service
from tests.leads.conftest import BROWSER
from tests.leads.corpus import CORPUS, XSS

FIELDS = ["first_name", "last_name", "company", "job_title", "phone", "country", "city", "message"]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(service, "QUICKEST_SECONDS", -1)
    monkeypatch.setattr("leads.views.public.PER_MINUTE", 10**6)
    return Client(headers={"user-agent": BROWSER}, raise_request_exception=False)


def _given(body: dict[str, Any], name: str) -> str:
    if name == "company":
        return str(body["company"]["name"])
    return str(body["activities"][0]["properties"]["message"] if name == "message" else body["lead"][name])


def test_the_corpus_is_kept_exactly_or_refused(browser: Client, demo_form: CaptureForm) -> None:
    assert len(CORPUS) >= 515
    kept = 0
    for number, text in enumerate(CORPUS):
        name = FIELDS[number % len(FIELDS)]
        answer = browser.post("/f/demo/", {"email": f"n{number}@example.com", name: text})
        assert answer.status_code in (302, 400), (text, answer.status_code)
        if answer.status_code == 302:
            item = InboxItem.objects.latest("pk")
            assert _given(item.body, name) == rules.json_storable(text).replace("\r\n", "\n"), ascii(text)
            kept += 1
    assert kept > 400
    while inbox_drain():
        pass
    assert set(InboxItem.objects.values_list("state", flat=True)) == {Leased.State.DONE}
    assert Lead.objects.count() == kept


def test_scripts_in_any_field_are_shown_as_text(browser: Client, demo_form: CaptureForm, login: Any) -> None:
    maya = login("marketer")
    for payload in XSS:
        given = {"email": "x@example.com", **dict.fromkeys(FIELDS, payload[:40]), "message": payload}
        given |= {"referrer": payload, "utm_source": payload, "utm_campaign": payload, "landing_page": payload}
        page = browser.post("/f/demo/", {**given, "email": "wrong"}, headers={"referer": payload}).content.decode()
        assert payload not in page or not payload.startswith("<")
        browser.post("/f/demo/", {**given, service.HONEYPOT: payload})
    for item in InboxItem.objects.all():
        shown = maya.get(f"/inbox/{item.pk}/").content.decode()
        for payload in XSS:
            assert payload not in shown or "<" not in payload
    shown = maya.get("/inbox/?state=quarantined").content.decode()
    assert "<script>alert" not in shown


def test_an_address_of_the_arrival_is_escaped(browser: Client, demo_form: CaptureForm) -> None:
    page = browser.get("/f/demo/", {"utm_source": '"><script>alert(1)</script>'}, headers={"referer": XSS[1]})
    text = page.content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b'{"visitor": 5}', b'{"visitor": "guess"}', b"[" * 9000,
     b'{"visitor": "00000000-0000-4000-8000-000000000000", "kind": "demo_requested"}',
     b'{"visitor": "00000000-0000-4000-8000-000000000000", "kind": {"a": 1}}'],
)  # fmt: skip
def test_what_is_no_event_is_refused(browser: Client, db: Any, body: bytes) -> None:
    answer = browser.post("/t/hit", body, content_type="text/plain")
    assert answer.status_code == 400
    assert InboxItem.objects.count() == 0


def test_odd_events_are_kept(browser: Client, db: Any) -> None:
    for number, text in enumerate(CORPUS[:200]):
        event = {"visitor": str(uuid.uuid4()), "id": str(number), "url": text, "title": text, "referrer": text}
        answer = browser.post("/t/hit", json.dumps(event), content_type="text/plain")
        assert answer.status_code in (204, 400), ascii(text)
    while inbox_drain():
        pass
    assert not InboxItem.objects.exclude(state=Leased.State.DONE).exists()


def test_replays_change_nothing(browser: Client, db: Any) -> None:
    event = {"visitor": str(uuid.uuid4()), "id": "one", "url": "https://www.example.com/pricing"}
    for _ in range(5):
        assert browser.post("/t/hit", json.dumps(event), content_type="text/plain").status_code == 204
        inbox_drain()
    assert InboxItem.objects.count() == Activity.objects.count() == 1
    assert Activity.objects.get().kind == "pricing_viewed"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_on_the_same_e_mail_make_one_lead() -> None:
    cache.clear()
    CaptureForm.objects.create(slug="demo", name="Demo", fields=FIELDS)
    for number in range(60):
        body = {"lead": {"email": "same@example.com"}, "activities": [{"kind": "form_submitted", "key": str(number)}]}
        capture_accept(source="form:demo", key=str(number), body=body)
    barrier, errors = threading.Barrier(3), []

    def work() -> None:
        try:
            barrier.wait()
            while inbox_drain(limit=7):
                pass
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    InboxItem.objects.filter(state=Leased.State.PENDING).update(due_at="2020-01-01T00:00Z", lease_until=None)
    inbox_drain()
    assert Lead.objects.count() == 1
    assert set(InboxItem.objects.values_list("state", flat=True)) == {Leased.State.DONE}
    assert Activity.objects.count() == 60
