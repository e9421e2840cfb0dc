"""The board in a real browser: dragging, the keyboard, the dialogs, undo; at a desk and on a phone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from deals.models import Deal
from deals.services import deal_move, task_create
from funnels.selectors import stage_get
from tests.deals.world import deal_by_hand, deal_from_handoff
from tests.machinery.browser import DESK, PHONE, assert_axe_clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]


@pytest.fixture
def deal(people: Any) -> Deal:
    return deal_by_hand(people("rep"), name="Helio Clinics", amount=None)


def stage_of(deal: Deal) -> str:
    deal.refresh_from_db()
    return deal.stage.key


def column(page: Page, key: str) -> Any:
    return page.locator(f'.column[data-stage="{stage_get("sales", key).pk}"]')


def test_dragging_moves_and_undo_takes_it_back(browser_as: Opened, deal: Deal) -> None:
    page = browser_as("rep")
    page.goto("/board/")
    page.drag_and_drop(f"#deal-{deal.pk}", f'.column[data-stage="{stage_get("sales", "demo").pk}"] .board-cards')
    expect(column(page, "demo").locator(f"#deal-{deal.pk}")).to_be_visible()
    expect(page.locator(".say")).to_contain_text("Helio Clinics is in Demo.")
    assert stage_of(deal) == "demo"
    page.get_by_role("button", name="Undo").click()
    expect(column(page, "qualification").locator(f"#deal-{deal.pk}")).to_be_visible()
    assert stage_of(deal) == "qualification" and deal.seq == 3


def test_the_keyboard_does_the_same_and_a_missing_amount_is_asked_for(browser_as: Opened, deal: Deal) -> None:
    page = browser_as("rep")
    page.goto("/board/")
    page.get_by_role("link", name="Helio Clinics").focus()
    page.keyboard.press("m")
    page.get_by_role("dialog").get_by_role("button", name="Proposal").press("Enter")
    amount = page.get_by_role("dialog").get_by_label("Amount")
    expect(amount).to_be_focused()
    amount.fill("18400")
    amount.press("Enter")
    expect(column(page, "proposal").locator(f"#deal-{deal.pk}")).to_contain_text("$18,400")
    expect(page.get_by_role("link", name="Helio Clinics")).to_be_focused()
    assert stage_of(deal) == "proposal" and deal.amount == Decimal(18400)


def test_dropping_on_won_and_lost_asks_first(browser_as: Opened, deal: Deal, people: Any) -> None:
    other = deal_by_hand(people("rep"), name="Ravn Studio", amount=Decimal(500))
    page = browser_as("rep")
    page.goto("/board/")
    page.drag_and_drop(f"#deal-{other.pk}", ".board-end.won")
    page.get_by_role("dialog").get_by_role("button", name="Won").click()
    expect(page.locator(".say")).to_contain_text("Ravn Studio is won.")
    page.drag_and_drop(f"#deal-{deal.pk}", ".board-end.lost")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Lost").click()
    expect(dialog).to_contain_text("Choose why it was lost.")
    dialog.get_by_label("Reason").select_option(label="Price")
    dialog.get_by_role("button", name="Lost").click()
    expect(page.locator(".say")).to_contain_text("Helio Clinics is lost: Price.")
    assert (stage_of(other), stage_of(deal)) == ("won", "lost")


def test_the_slower_of_two_people_is_told_and_sees_the_board_as_it_is(
    browser_as: Opened, deal: Deal, people: Any
) -> None:
    page = browser_as("manager")
    page.goto("/board/")
    deal_move(deal=deal, to=stage_get("sales", "demo"), by=people("rep"))
    page.get_by_role("button", name="Move Helio Clinics").click()
    page.get_by_role("dialog").get_by_role("button", name="Demo").click()
    expect(page.locator(".say")).to_contain_text("Somebody else moved it meanwhile")
    expect(column(page, "demo").locator(f"#deal-{deal.pk}")).to_be_visible()
    assert stage_of(deal) == "demo" and deal.seq == 2


def test_a_deal_is_worked_on_its_page(browser_as: Opened, people: Any) -> None:
    deal = deal_from_handoff(people("rep"))
    page = browser_as("rep")
    page.goto(f"/deals/{deal.pk}/")
    page.locator("summary", has_text="Budget").click()
    page.get_by_label("Budget").fill("50k, signed off")
    page.locator(".fact", has_text="Budget").get_by_role("button", name="Save").click()
    expect(page.locator(".fact", has_text="Budget")).to_contain_text("50k, signed off")
    page.get_by_label("What was said").fill("They like it")
    page.get_by_role("button", name="Note").click()
    expect(page.locator(".timeline")).to_contain_text("They like it")
    page.get_by_role("button", name="Demo").click()
    expect(page.locator('[aria-current="step"]')).to_contain_text("Demo")
    page.get_by_role("link", name="Win", exact=True).click()
    page.get_by_role("dialog").get_by_label("Amount").fill("900")
    page.get_by_role("dialog").get_by_role("button", name="Won").click()
    expect(page.locator('[aria-current="step"]')).to_contain_text("Won")
    deal.lead.standing.refresh_from_db()
    assert deal.lead.standing.stage.key == "onboarded"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(browser_as: Opened, people: Any, size: Any, scheme: str) -> None:
    deal = deal_from_handoff(people("rep"))
    task_create(owner=people("rep"), title="Call back", due_at=deal.created_at, deal=deal)
    deal_by_hand(people("rep"), name="Nordkai Freight", expected_close=deal.created_at.date())
    page = browser_as("admin", size=size, scheme=scheme)
    for url in ("/deals/", "/board/", f"/deals/{deal.pk}/", "/deals/new/", "/products/", "/stages/"):
        page.goto(url)
        assert_axe_clean(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
