"""The manager's job in a real browser: a number opens its rows, and the way leads go is changed."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from funnels.models import Stage
from handoff.models import RoutingRule
from insights.services import rollup_drain
from tests.jobs.world import accepted_deal, handed_to_rep, within

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]


def test_a_number_of_the_funnel_opens_as_many_rows(browser_as: Opened) -> None:
    accepted_deal()
    handed_to_rep(2)
    rollup_drain()
    page = browser_as("manager")
    page.goto("/funnel/")
    expect(page.locator(".steps tbody tr")).to_have_count(11)
    page.locator("select[name=period]").select_option(index=0)
    page.wait_for_url("**period=**")
    page.locator("select[name=source]").select_option("webinar")
    page.wait_for_url("**source=webinar**")
    page.wait_for_load_state("networkidle")
    number = page.locator(".steps a[data-rows]").first
    count = int(number.get_attribute("data-rows") or 0)
    assert count == 3
    number.click()
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(count))
    expect(page.locator("#rows tbody tr")).to_have_count(count)
    page.goto("/sales/")
    expect(page.locator("main .tile").first).to_be_visible()


def test_routing_response_times_stages_and_people(browser_as: Opened, people: Any) -> None:
    people("rep")
    page = browser_as("manager")
    page.goto("/routing/")
    page.get_by_role("link", name="Edit").first.click()
    page.locator("input[name=name]").fill("All the others")
    page.get_by_role("button", name="Save").click()
    within(page, lambda: RoutingRule.objects.filter(name="All the others").exists())
    page.goto("/sla/")
    page.get_by_role("link", name="Edit").first.click()
    page.locator("input[name=name]").fill("Asked to talk")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/sla/")
    expect(page.locator("main")).to_contain_text("Asked to talk")
    page.goto("/stages/")
    stage = Stage.objects.get(key="demo")
    row = page.locator(f"#stage-{stage.pk}")
    row.locator("summary").first.click()
    row.locator("input[name$=name]").first.fill("Show it")
    row.get_by_role("button", name="Save Demo").click()
    within(page, lambda: Stage.objects.get(pk=stage.pk).name == "Show it")
    page.goto("/board/")
    expect(page.locator(".board")).to_contain_text("Show it")
    page.goto("/people/")
    page.get_by_role("link", name="Rita Rep").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rita Rep")
