"""The session ends while somebody writes in a dialog: they are told over it, sign in, and what they wrote is sent."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from handoff.models import Handoff
from leads.models import Activity
from tests.jobs.world import handed_to_rep, within
from tests.machinery.browser import DESK, PHONE, assert_axe_clean
from tests.personas import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]
POLLS = re.compile(r"/bell/|/queue/list/")


def session_ends(page: Page) -> None:
    """And what the page asks by itself has not found out yet: it is told to who does something."""
    page.route(POLLS, lambda route: route.fulfill(status=204))
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_what_was_written_in_a_dialog_outlives_the_session(browser_as: Opened, people: Any, size: Any) -> None:
    handoff = handed_to_rep()[0]
    page = browser_as("rep", size=size, catches=True)
    page.goto("/queue/")
    page.locator(".item-link").first.click()
    expect(page.locator("#queue-panel:not([aria-busy])")).to_contain_text(handoff.lead.name)
    page.keyboard.press("c")
    page.locator("#modal textarea").fill("Wants two more seats")
    session_ends(page)
    page.locator("#modal").get_by_role("button", name="Save").click()
    told = page.locator("#signed-out")
    expect(told).to_be_visible()
    assert page.locator("input[name=password]").count() == 0 and not Activity.objects.filter(kind="call").exists()
    assert_axe_clean(page)
    with page.context.expect_page() as opened:
        told.get_by_role("link", name="Sign in").click()
    expect(told).not_to_be_visible()
    other = opened.value
    other.locator("input[name=username]").fill(people("rep").email)
    other.locator("input[name=password]").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.locator("#bell .bell")).to_be_visible()
    other.close()
    page.unroute(POLLS)
    expect(page.locator("#modal textarea")).to_have_value("Wants two more seats")
    page.locator("#modal").get_by_role("button", name="Save").click()
    expect(page.locator("#modal")).not_to_be_visible()
    call = within(page, lambda: Activity.objects.filter(lead=handoff.lead, kind="call").first())
    assert call.properties["text"] == "Wants two more seats"


def test_a_dialog_that_closes_when_all_went_well_stays_open(browser_as: Opened) -> None:
    handoff = handed_to_rep()[0]
    page = browser_as("rep", catches=True)
    page.goto("/queue/")
    page.locator(".item-link").first.click()
    expect(page.locator("#queue-panel:not([aria-busy])")).to_contain_text(handoff.lead.name)
    page.keyboard.press("r")
    page.locator("#modal input[name=reason]").first.check()
    session_ends(page)
    page.locator("#modal").get_by_role("button", name="Reject").click()
    expect(page.locator("#signed-out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#signed-out")).not_to_be_visible()
    expect(page.locator("#modal")).to_be_visible()
    # asked every few seconds by the page itself: said once, not again and again over what somebody reads
    page.unroute(POLLS)
    with page.expect_response("**/login/**"):
        page.evaluate("htmx.trigger(document.body, 'notices-changed')")
    page.wait_for_timeout(100)
    expect(page.locator("#signed-out")).not_to_be_visible()
    page.locator("#modal").get_by_role("button", name="Reject").click()
    expect(page.locator("#signed-out")).to_be_visible()
    assert Handoff.objects.get().state == Handoff.State.ASSIGNED


def test_a_message_lies_over_the_dialog_and_not_under_it(browser_as: Opened) -> None:
    handoff = handed_to_rep()[0]
    page = browser_as("rep", catches=True)
    page.goto("/queue/")
    page.locator(".item-link").first.click()
    expect(page.locator("#queue-panel:not([aria-busy])")).to_contain_text(handoff.lead.name)
    page.keyboard.press("c")
    page.locator("#modal textarea").fill("Busy")
    page.route("**/log/**", lambda route: route.abort())
    page.locator("#modal").get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("No connection. Nothing was changed")
    assert page.locator("#toasts:popover-open").count() == 1
    spot = page.locator(".toast.bad").bounding_box()
    assert spot and spot["x"] > 700 and spot["y"] > 700
    expect(page.locator("#modal textarea")).to_have_value("Busy")
