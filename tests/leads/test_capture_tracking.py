"""The tracker, tracked links, and visitors who get a name."""

import json
import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from core.errors import Refused
from leads.models import Activity, InboxItem, Lead, Standing, Visitor
from leads.services import inbox_drain
from leads.services import public as service
from leads.services.public import link_tracked
from tests.leads.conftest import BROWSER

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def browser(db: Any) -> Client:
    return Client(headers={"user-agent": BROWSER}, enforce_csrf_checks=True)


@pytest.fixture
def lead(db: Any) -> Lead:
    from leads.services import capture_accept

    capture_accept(source="api", key="1", body={"lead": {"email": "anna@example.com"}})
    inbox_drain()
    return Lead.objects.get()


def _hit(browser: Client, visitor: str, **more: Any) -> Any:
    headers = more.pop("headers", {})
    event = {"visitor": visitor, "id": str(uuid.uuid4()), "url": "https://www.example.com/", **more}
    return browser.post("/t/hit", json.dumps(event), content_type="text/plain", headers=headers)


def test_the_script_is_served_to_any_site(browser: Client) -> None:
    answer = browser.get("/t/baton.js")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert "baton_v" in answer.content.decode()
    assert "innerHTML" not in answer.content.decode()
    assert not answer.cookies


def test_page_views_wait_until_a_form_names_the_visitor(
    browser: Client, demo_form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "QUICKEST_SECONDS", -1)
    visitor = str(uuid.uuid4())
    url = "https://www.example.com/?utm_source=linkedin&utm_campaign=abm"
    assert _hit(browser, visitor, url=url).status_code == 204
    assert _hit(browser, visitor, url="https://www.example.com/pricing").status_code == 204
    inbox_drain()
    assert Activity.objects.filter(lead=None).count() == 2
    browser.post("/f/demo/", {"email": "anna@example.com", "visitor": visitor, "utm_source": "direct"})
    inbox_drain()
    lead = Lead.objects.get()
    kinds = set(Activity.objects.filter(lead=lead).values_list("kind", flat=True))
    assert kinds == {"page_viewed", "pricing_viewed", "demo_requested"}
    assert (lead.source, lead.campaign) == ("linkedin", "abm")


@pytest.mark.parametrize(
    ("headers", "bot"),
    [({}, 0), ({"user-agent": GOOGLEBOT}, 2), ({"user-agent": ""}, 1), ({"sec-purpose": "prefetch;prerender"}, 1)],
)
def test_each_event_says_whether_a_person_did_it(browser: Client, headers: dict[str, str], bot: int) -> None:
    _hit(browser, str(uuid.uuid4()), headers=headers)
    inbox_drain()
    assert Activity.objects.get().bot == bot


def test_known_crawlers_are_caught() -> None:
    import crawleruseragents

    from leads.visits import _crawler

    agents = [a for one in crawleruseragents.CRAWLER_USER_AGENTS_DATA for a in one.get("instances", [])]
    assert len(agents) > 500
    assert sum(_crawler(agent[:400]) for agent in agents) >= 0.95 * len(agents)


def test_only_the_named_sites_may_send(browser: Client, settings: Any) -> None:
    settings.TRACK_ORIGINS = ["https://www.example.com"]
    visitor = str(uuid.uuid4())
    ours = _hit(browser, visitor, headers={"origin": "https://www.example.com"})
    assert (ours.status_code, ours["Access-Control-Allow-Origin"]) == (204, "https://www.example.com")
    assert _hit(browser, visitor, headers={"origin": "https://evil.example"}).status_code == 403
    asked = browser.options("/t/hit", headers={"origin": "https://www.example.com"})
    assert (asked.status_code, asked["Access-Control-Allow-Methods"]) == (204, "POST")
    assert InboxItem.objects.count() == 1


def test_events_are_bounded(browser: Client) -> None:
    assert _hit(browser, str(uuid.uuid4()), title="x" * 20_000).status_code == 413
    assert browser.get("/t/hit").status_code == 405


def test_a_click_names_the_lead_and_counts_once(browser: Client, lead: Lead) -> None:
    path = link_tracked(lead=lead, url="https://shop.example/offer?a=1", key="mail-7").removeprefix(settings.SITE_URL)
    for _ in range(2):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/offer?a=1")
    assert Activity.objects.filter(lead=lead, kind="email_clicked").count() == 1
    assert Standing.objects.get().score_due_at is not None
    assert not answer.cookies


@pytest.mark.parametrize("headers", [{"user-agent": GOOGLEBOT}, {"sec-purpose": "prefetch"}, {"user-agent": ""}])
def test_scanners_click_nothing(browser: Client, lead: Lead, headers: dict[str, str]) -> None:
    path = link_tracked(lead=lead, url="https://shop.example/").removeprefix(settings.SITE_URL)
    assert browser.get(path, headers=headers)["Location"] == "https://shop.example/"
    assert browser.head(path)["Location"] == "https://shop.example/"
    assert not Activity.objects.exists()


def test_a_click_to_our_own_site_brings_the_visitor_along(browser: Client, lead: Lead, settings: Any) -> None:
    settings.TRACK_ORIGINS = ["https://www.example.com"]
    path = link_tracked(lead=lead, url="https://www.example.com/a?x=1").removeprefix(settings.SITE_URL)
    found = re.fullmatch(r"https://www\.example\.com/a\?x=1&baton_v=([0-9a-f-]{36})", browser.get(path)["Location"])
    assert found
    assert Visitor.objects.get(token=found[1]).lead == lead
    _hit(browser, found[1], headers={"origin": "https://www.example.com"})
    inbox_drain()
    assert Activity.objects.filter(lead=lead, kind="page_viewed").count() == 1


def test_only_links_that_we_signed_are_followed(browser: Client, lead: Lead) -> None:
    path = link_tracked(lead=lead, url="https://shop.example/").removeprefix(settings.SITE_URL)
    bad = [path[:-1], path + "x", "/t/c/https://evil.example", "/t/c/e30:1:x", "/t/c/" + "A" * 3000]
    bad += [path.replace("/t/c/", "/t/c/x"), "/t/c/%00", "/t/c/..%2F..%2Fetc"]
    for address in bad:
        answer = browser.get(address)
        assert answer.status_code == 404, address
        assert "Location" not in answer
    for url in ("javascript:alert(1)", "//evil.example", "data:text/html,x", "ftp://x.example", "/inbox/", "https:"):
        with pytest.raises(Refused):
            link_tracked(lead=lead, url=url)
