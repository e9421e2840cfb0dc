"""The marketer's way from a doubt to another model, in a real browser: change a rule, try it on the past, let it run
in shadow, activate it, see why one lead moved; and learn a model from what sales took, read as points."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from scoring.models import BacktestRun, ScoringModel
from scoring.services import backtest_drain, rescore_drain, score_drain
from scoring.services.studies import study_drain
from tests.jobs.test_marketer import points
from tests.jobs.world import handed_to_rep, within, work
from tests.machinery.browser import assert_axe_clean
from tests.scoring.test_learn_desk import verdicts
from tests.scoring.world import captured

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]


def test_a_rule_is_doubted_tried_shadowed_and_put_in_force(browser_as: Opened) -> None:
    handed_to_rep(3)
    lead = captured("nora@harbor.example", first_name="Nora", deeds=[("pricing_viewed", 1), ("page_viewed", 2)])
    work()
    lead.standing.refresh_from_db()
    before = lead.standing.score
    page = browser_as("marketer")
    page.goto("/scoring/")
    page.get_by_role("button", name="Change the rules").click()
    page.get_by_role("link", name="Edit Viewed pricing").click()
    page.get_by_label("Points").fill("33")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tr", has_text="Viewed pricing").filter(has_text="+33")).to_be_visible()
    draft = ScoringModel.objects.get(state="draft")
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()

    page.get_by_role("link", name="Back-test").click()
    page.get_by_role("button", name="Start the back-test").click()
    within(page, BacktestRun.objects.exists)
    backtest_drain()  # the page finds out by itself
    main = page.locator("main")
    expect(main).to_contain_text("Precision", timeout=15_000)
    expect(main).to_contain_text(f"v{draft.version}")
    expect(main).to_contain_text("v1")
    assert_axe_clean(page)

    page.goto(f"/scoring/models/{draft.pk}/")
    page.get_by_role("button", name="Put in shadow").click()
    within(page, lambda: ScoringModel.objects.filter(pk=draft.pk, state="shadow").exists())
    rescore_drain()
    score_drain()
    page.goto("/scoring/shadow/")
    expect(page.locator("main tr", has_text="Nora")).to_be_visible()
    lead.standing.refresh_from_db()
    assert lead.standing.score == before, "a model in shadow acts on nobody"
    assert_axe_clean(page)

    page.get_by_role("button", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, do it").click()
    within(page, lambda: ScoringModel.objects.filter(pk=draft.pk, state="active").exists())
    rescore_drain()
    lead.standing.refresh_from_db()
    assert lead.standing.score > before

    page.goto(f"/leads/{lead.pk}/")
    *single, total = [points(text) for text in page.locator(".points .pts").all_inner_texts()]
    assert total == lead.standing.score and abs(sum(single) - total) <= 0.5 + 0.05 * len(single)
    page.get_by_text("Every point, and when it fades").click()
    expect(page.get_by_role("region", name="Engagement")).to_contain_text("Viewed pricing")
    page.goto(f"/scoring/versions/?before=1&after={draft.version}")
    expect(page.get_by_role("row", name="Viewed pricing Engagement")).to_contain_text("33")


def test_a_model_is_learned_and_read_as_points(browser_as: Opened) -> None:
    verdicts()
    page = browser_as("marketer")
    page.goto("/scoring/learn/")
    page.get_by_label("What counts as converted").select_option("accepted")
    page.get_by_role("button", name="Learn", exact=True).click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    study_drain()  # the page finds out by itself
    expect(page.locator("main")).to_contain_text("Leads with an outcome", timeout=15_000)
    expect(page.locator("tr", has_text="French")).to_contain_text("other points")
    draft = ScoringModel.objects.exclude(state="active").get(name="Learned")
    rules = list(draft.rules.values_list("name", "points"))
    assert any(worth for _, worth in rules)
    assert_axe_clean(page)
    page.goto(f"/scoring/models/{draft.pk}/")
    for name, worth in rules[:5]:
        row = page.locator("tr", has_text=name).filter(has_text=f"{abs(worth)}")
        expect(row.first).to_be_visible()
