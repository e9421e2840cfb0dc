"""The public form: what it keeps, what it refuses, what it never does."""

import re
from typing import Any

import pytest
from django.test import Client

from core.models import Leased
from leads.models import Activity, CaptureForm, InboxItem, Lead
from leads.services import inbox_drain
from leads.services import public as service
from team.models import Notice
from tests.leads.conftest import BROWSER

PLAIN = {"email": "Anna@Example.com", "first_name": "Anna", "company": "Acme", "message": "Hello"}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(service, "QUICKEST_SECONDS", -1)  # tests are faster than people
    return Client(headers={"user-agent": BROWSER}, enforce_csrf_checks=True)


def _shown(browser: Client, query: str = "", **headers: str) -> dict[str, str]:
    page = browser.get(f"/f/demo/{query}", headers=headers)
    assert page.status_code == 200
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def test_a_filled_form_becomes_a_lead_with_where_it_came_from(browser: Client, demo_form: CaptureForm) -> None:
    hidden = _shown(browser, "?utm_source=google&utm_medium=cpc&utm_campaign=may", referer="https://news.example/a")
    answer = browser.post("/f/demo/", {**hidden, **PLAIN, "consent_email": "on"})
    assert (answer.status_code, answer["Location"]) == (302, "/f/demo/thanks/")
    assert "Thank you" in browser.get(answer["Location"]).content.decode()
    inbox_drain()
    lead = Lead.objects.select_related("company").get()
    assert (lead.email_key, lead.first_name, lead.company and lead.company.name) == (
        "anna@example.com",
        "Anna",
        "Acme",
    )
    assert (lead.source, lead.campaign, lead.consent_email) == ("google", "may", True)
    assert lead.first_touch["referrer"] == "https://news.example/a"
    assert lead.first_touch["landing_page"].startswith("http://testserver/f/demo/")
    activity = Activity.objects.get()
    assert (activity.kind, activity.bot, activity.properties["message"]) == ("demo_requested", 0, "Hello")


def test_a_double_submit_is_one_capture_and_a_correction_another(browser: Client, demo_form: CaptureForm) -> None:
    hidden = _shown(browser)
    for _ in range(3):
        assert browser.post("/f/demo/", {**hidden, **PLAIN}).status_code == 302
    assert InboxItem.objects.count() == 1
    browser.post("/f/demo/", {**hidden, **PLAIN, "email": "anna.new@example.com"})
    assert InboxItem.objects.count() == 2
    inbox_drain()
    inbox_drain()
    assert Activity.objects.count() == 2


def test_another_site_may_post_without_our_token(browser: Client, demo_form: CaptureForm) -> None:
    given = {"email": "b@example.com", "first_name": "Ben"}
    for _ in range(2):
        answer = browser.post("/f/demo/", given, headers={"origin": "https://www.example.com"})
        assert answer.status_code == 302
    assert InboxItem.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"email": ""}, "Please give your e-mail"),
        ({"email": "nobody"}, "Not an e-mail address"),
        ({"email": "a@example.com", "first_name": "x" * 81}, "At most 80 characters"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(browser: Client, demo_form: CaptureForm, given: Any, said: str) -> None:
    answer = browser.post("/f/demo/", {**_shown(browser), **given})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert said in page
    assert 'aria-invalid="true"' in page
    assert InboxItem.objects.count() == 0


def test_machines_are_kept_aside_not_dropped(
    demo_form: CaptureForm, people: Any, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "QUICKEST_SECONDS", 60)
    people("rep"), people("marketer")
    browser = Client(headers={"user-agent": BROWSER})
    hidden = _shown(browser)
    assert browser.post("/f/demo/", {**hidden, **PLAIN}).status_code == 302  # quicker than anybody reads
    assert browser.post("/f/demo/", {**PLAIN, service.HONEYPOT: "https://spam.example"}).status_code == 302
    items = list(InboxItem.objects.order_by("pk"))
    assert [item.state for item in items] == [Leased.State.QUARANTINED] * 2
    assert "too fast" in items[0].last_error
    assert "hidden field" in items[1].last_error
    assert inbox_drain() == 0
    assert Lead.objects.count() == 0
    # a person sees it: one line in a marketer's bell leads to the list, and one click takes it after all
    (notice,) = Notice.objects.all()
    assert notice.user.is_marketer
    page = login("marketer").get(notice.url).content.decode()
    assert PLAIN["email"] in page and "too fast" in page
    login("marketer").post(f"/inbox/{items[0].pk}/retry/")
    assert inbox_drain() == 1
    assert Lead.objects.get().email == PLAIN["email"]


def test_a_crawler_that_posts_is_marked(browser: Client, demo_form: CaptureForm) -> None:
    browser.post("/f/demo/", {**_shown(browser), **PLAIN}, headers={"user-agent": "Googlebot/2.1"})
    inbox_drain()
    assert Activity.objects.get().bot == Activity.Bot.BOT


def test_a_flood_from_one_address_is_slowed(browser: Client, demo_form: CaptureForm) -> None:
    codes = [browser.post("/f/demo/", {"email": f"f{n}@example.com"}).status_code for n in range(35)]
    assert codes.count(302) == 30
    assert set(codes) == {302, 429}


def test_a_form_that_is_off_or_unknown_is_not_there(browser: Client, demo_form: CaptureForm) -> None:
    CaptureForm.objects.update(is_active=False)
    assert browser.get("/f/demo/").status_code == 404
    assert browser.post("/f/demo/", PLAIN).status_code == 404
    assert browser.get("/f/nothing/").status_code == 404
    assert browser.put("/f/demo/").status_code == 405


def test_the_page_is_cheap_and_sets_no_cookie(
    browser: Client, demo_form: CaptureForm, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        page = browser.get("/f/demo/")
    assert not page.cookies
    assert "unsafe-inline" not in page["Content-Security-Policy"]


def test_a_public_form_never_rewrites_a_known_lead(browser: Client, demo_form: CaptureForm) -> None:
    Lead.objects.create(email="anna@example.com", email_key="anna@example.com", first_name="Right")
    browser.post("/f/demo/", {**_shown(browser), **PLAIN, "first_name": "Wrong", "city": "Bonn"})
    inbox_drain()
    lead = Lead.objects.get()
    assert (lead.first_name, lead.city) == ("Right", "Bonn")
