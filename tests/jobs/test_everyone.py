"""What everybody does: in, lost password, own hours, look, finding, out; and the first start."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import Page, expect

from core.outbox import drain
from team.models import User
from tests.jobs.world import accepted_deal
from tests.personas import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_lost_password_is_found_again_through_the_mail(browser_as: Opened, people: Any) -> None:
    rep = people("rep")
    page = browser_as("anonymous")
    sign_in(page, rep.email, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("E-mail").fill(rep.email)
    page.locator("main button").click()
    page.wait_for_url("**/password/reset/sent/")
    drain()
    link = re.search(r"https?://[^/\s]+(/password/set/\S+)", str(mail.outbox[-1].body))
    assert link, mail.outbox[-1].body
    page.goto(link.group(1))
    for field in page.locator("input[type=password]").all():
        field.fill("a-fresh-passphrase-7")
    page.locator("main form button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(page, rep.email, "a-fresh-passphrase-7")
    expect(page.get_by_role("heading", level=1)).to_have_text("My queue")


def test_profile_theme_search_and_out(browser_as: Opened, people: Any) -> None:
    rep = people("rep")
    deal = accepted_deal()
    page = browser_as("anonymous")
    sign_in(page, rep.email, PASSWORD)
    page.goto("/profile/")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()
    page.get_by_label("Monday").fill("08:00-12:00")
    page.get_by_role("button", name="Save hours").click()
    page.wait_for_load_state()
    rep.refresh_from_db()
    assert rep.time_zone == "Europe/Lisbon" and rep.working_hours["0"] == [["08:00", "12:00"]]

    page.locator("details.menu > summary").last.click()
    with page.expect_response("**/profile/theme/"):
        page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    for words, found in (
        (deal.lead.email, deal.lead.name),
        (deal.company.name, deal.company.name),
        (deal.name, deal.name),
        ("Board", "Board"),
    ):
        page.keyboard.press("Control+k")
        page.locator("#palette input").fill(words)
        expect(page.locator("#palette-hits a", has_text=found).first).to_be_visible()
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.locator("#palette input").fill(deal.lead.email)
    expect(page.locator("#palette-hits a").first).to_contain_text(deal.lead.name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/leads/{deal.lead_id}/")

    page.locator("details.menu > summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/queue/")
    assert "/login/" in page.url


def test_the_first_start_makes_the_admin(browser_as: Opened) -> None:
    assert not User.objects.exists()
    page = browser_as("anonymous")
    page.goto("/setup/")
    page.get_by_label("Your name").fill("Ada Brandt")
    page.get_by_label("E-mail").fill("ada@first.example")
    page.get_by_label("Password").fill("a-fresh-passphrase-7")
    page.get_by_role("button", name="Set up Baton").click()
    expect(page.locator("nav.side")).to_be_visible()
    assert User.objects.get().is_admin
    assert page.request.get("/setup/", max_redirects=0).status in (302, 403, 404)
    assert settings.SESSION_COOKIE_HTTPONLY


def test_the_api_is_documented_on_a_page_that_needs_no_other_host(browser_as: Opened) -> None:
    page = browser_as("admin")
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name="Baton")).to_be_visible(timeout=20_000)
    page.locator("#operations-tag-captures, .opblock-tag").first.wait_for()
    page.locator(".opblock-summary", has_text="/captures/").first.click()
    expect(page.get_by_role("button", name="Try it out").first).to_be_visible()
    assert faults == []
