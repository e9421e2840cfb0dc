"""What all pages share, in a real browser, mostly tried on the style guide. Whether each page is accessible and fits
is asked in tests/jobs/test_every_page.py."""

import re
import time

import pytest

from tests.machinery.browser import DESK, PHONE

pytestmark = pytest.mark.browser

BELL = re.compile(r"/bell/")  # with and without what it has seen already


def test_the_keyboard_finds_and_lists_its_keys(browser_as):
    page = browser_as("manager")
    page.goto("/styleguide/")
    page.keyboard.press("?")
    assert "Accept" in page.locator("#keys[open]").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.locator("#palette[open] input").fill("stages")
    page.locator("#palette-hits a").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/stages/")


def test_skip_link_menu_and_theme(browser_as, people):
    page = browser_as("rep")
    page.goto("/profile/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".menu > summary").click()
    with page.expect_response("**/profile/theme/"):
        page.locator(".theme-choice button[value=dark]").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("Escape")
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_a_confirm_names_what_happens_and_no_means_no(browser_as):
    page = browser_as("admin")
    page.goto("/styleguide/")
    page.get_by_role("button", name="Ask first").click()
    assert "3 handoffs go back to routing" in page.locator("#confirm[open]").inner_text()
    page.locator("#confirm [data-no]").click()
    assert page.locator("#confirm[open]").count() == 0 and "?" not in page.url


def test_choosing_rows_shows_what_can_be_done_with_them(browser_as):
    page = browser_as("admin")
    page.goto("/styleguide/")
    bar = page.locator("[data-bulk-bar]")
    assert bar.is_hidden()
    page.get_by_label("Choose Lin Qiu").check()
    assert "1 leads chosen" in bar.inner_text()
    assert page.locator("[data-bulk-all]").evaluate("box => box.indeterminate")
    page.get_by_label("Choose all").check()
    assert "3 leads chosen" in bar.inner_text()


def test_a_message_comes_and_can_be_dismissed(browser_as):
    page = browser_as("admin")
    page.goto("/styleguide/")
    page.get_by_role("button", name="Show a message").click()
    toast = page.locator(".toast")
    assert "Saved." in toast.inner_text()
    toast.get_by_role("button", name="Dismiss").click()
    assert toast.count() == 0


def test_a_clock_runs_by_the_servers_time(browser_as):
    page = browser_as("admin", timezone_id="Asia/Tokyo")
    page.add_init_script("const real = Date.now; Date.now = () => real() + 3600000;")  # a desk whose clock is wrong
    page.goto("/styleguide/")

    def left() -> int:
        minutes, seconds = page.locator(".clock .clock-text").first.inner_text().split(":")
        return int(minutes) * 60 + int(seconds)

    first, at = left(), time.monotonic()
    assert 165 <= first <= 180
    page.wait_for_timeout(2200)
    assert abs(first - left() - (time.monotonic() - at)) <= 1.5


def test_the_devices_zone_is_offered_and_hours_are_copied(browser_as, people):
    page = browser_as("rep", timezone_id="Asia/Tokyo")
    page.goto("/profile/")
    page.get_by_role("button", name="Use this device's: Asia/Tokyo").click()
    assert page.locator("#id_time_zone").input_value() == "Asia/Tokyo"
    page.locator("#id_day_0").fill("10-16")
    page.get_by_role("button", name="Same as Monday, to Friday").click()
    assert [page.locator(f"#id_day_{n}").input_value() for n in (3, 4, 5)] == ["10-16", "10-16", ""]


def test_the_funnel_ribbon_lies_on_a_desk_and_stands_on_a_phone(browser_as):
    for size, shown, hidden in ((DESK, "svg.ribbon", "svg.ribbon-tall"), (PHONE, "svg.ribbon-tall", "svg.ribbon")):
        page = browser_as("admin", size=size)
        page.goto("/styleguide/")
        assert page.locator(shown).is_visible() and page.locator(hidden).is_hidden()


def test_somebody_signed_out_meanwhile_is_told_and_sees_no_page_in_a_page(browser_as):
    page = browser_as("rep")
    page.goto("/profile/")
    page.locator("#bell .bell").wait_for()
    page.context.clear_cookies()
    page.evaluate("htmx.trigger(document.body, 'notices-changed')")
    toast = page.locator(".toast")
    toast.get_by_role("link", name="Sign in").wait_for()
    assert page.locator("input[name=password]").count() == 0
    toast.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/login/?next=%2Fprofile%2F")


def the_bell_asks(page, *answers: int) -> None:
    """As its timer does too, every second: the bell asks once for each of the answers. 0 is none."""
    for answer in answers:
        if answer:
            end = page.expect_event(
                "response", lambda said, wanted=answer: BELL.search(said.url) and said.status == wanted
            )
        else:
            end = page.expect_event("requestfailed", lambda asked: BELL.search(asked.url))
        with end:
            page.evaluate("htmx.trigger('#bell', 'bell-tick')")
    page.wait_for_timeout(200)


# What was ever said at the corner, also what has gone again.
LISTEN = """window.said = [];
new MutationObserver((all) => {
  for (const one of all) for (const box of one.addedNodes) window.said.push(box.textContent);
}).observe(document.getElementById("toasts"), { childList: true })"""
LOST, OLD = "No connection.", "Baton does not answer as it should."


def whats_said(page) -> list[str]:
    return [said.partition(".")[0] + "." for said in page.evaluate("said")]


def test_trouble_is_told_once_by_what_asks_again_by_itself_and_again_after_it_worked(browser_as):
    page = browser_as("rep", catches=True)
    page.goto("/profile/")
    page.locator("#bell .bell").wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(LISTEN)
    page.route(BELL, lambda route: route.abort())
    the_bell_asks(page, 0, 0, 0)
    assert whats_said(page) == [LOST]
    page.unroute(BELL)
    the_bell_asks(page, 204)
    page.route(BELL, lambda route: route.fulfill(status=502, body="Bad gateway"))
    the_bell_asks(page, 502, 502, 502)
    assert whats_said(page) == [LOST, OLD]
    page.unroute(BELL)
    the_bell_asks(page, 204)
    page.route(BELL, lambda route: route.abort())
    the_bell_asks(page, 0, 0)
    assert whats_said(page) == [LOST, OLD, LOST]


def test_what_asks_by_itself_and_works_does_not_make_another_tell_its_trouble_again(browser_as):
    page = browser_as("rep", catches=True)
    page.goto("/queue/")
    page.locator("#bell .bell").wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(LISTEN)
    page.route(re.compile("/queue/list/"), lambda route: route.fulfill(status=500, body="Broken"))
    for _ in range(2):
        with page.expect_event("response", lambda said: said.status == 500):
            page.evaluate("htmx.trigger('[hx-get=\"/queue/list/\"]', 'handoff-changed')")
        the_bell_asks(page, 204)
    assert whats_said(page) == [OLD]
    page.route(BELL, lambda route: route.fulfill(status=500, body="Broken"))
    the_bell_asks(page, 500, 500)
    assert whats_said(page) == [OLD], "the same words of two askers"
