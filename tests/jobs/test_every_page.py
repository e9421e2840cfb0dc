"""Every page of every role, at a desk and on a phone, light and dark: axe, width, headers, console, foreign hosts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from leads.models import CaptureForm
from scoring.services import model_start
from tests.jobs.world import accepted_deal, handed_to_rep, work
from tests.machinery.browser import DESK, PHONE, assert_axe_clean

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Opened = Callable[..., Page]
SCHEMES: tuple[Any, ...] = ("dark", "light")  # the next page is loaded in the last
NOTIFY = ["/profile/notifications/", "/profile/notifications/digest/", "/channels/new/"]
PAGES = {
    "anonymous": ["/login/", "/password/reset/", "/password/reset/sent/", "/password/set/x/y/", "/f/guide/"],
    "marketer": [
        *(
            "/leads/",
            "/leads/{lead}/",
            "/leads/new/",
            "/leads/{lead}/edit/",
            "/leads/segments/",
            "/leads/segments/new/",
        ),
        *("/companies/", "/companies/{company}/", "/marketing/", "/forms/", "/forms/new/", "/inbox/", "/imports/"),
        *("/scoring/", "/scoring/versions/?before=1&after=2", "/scoring/models/{draft}/"),
        *("/scoring/rules/{rule}/", "/scoring/models/{draft}/rules/new/negative/"),
        *("/scoring/feedback/", "/scoring/learn/", "/scoring/shadow/"),
        *("/handoffs/", "/handoffs/{handoff}/", "/mql/", "/funnel/", "/contract/"),
    ],
    "rep": [
        "/queue/",
        "/handoffs/team/",
        "/board/",
        "/deals/",
        "/deals/{deal}/",
        "/deals/new/",
        "/sales/",
        "/profile/",
        "/notices/",
        *NOTIFY,
    ],
    "manager": [
        "/funnel/",
        "/sales/",
        "/routing/",
        "/sla/",
        "/stages/",
        "/products/",
        "/people/",
        "/people/{rep}/",
        "/profile/tokens/",
        "/channels/",
        "/days-off/",
    ],
    "manager of the handoff": [
        *("/contract/", "/contract/weeks/", "/contract/promises/", "/contract/staffing/"),
        *(
            "/mql/",
            "/mql/new/",
            "/routing/new/",
            "/routing/try/",
            "/routing/replays/",
            "/sla/new/",
            "/relief/?handoff={handoff}",
        ),
        *("/reject-reasons/", "/reject-reasons/new/", "/openers/", "/openers/new/", "/checklist/", "/checklist/new/"),
    ],
    "admin": [
        "/leads/fields/",
        "/deliveries/",
        "/styleguide/",
        "/people/new/",
        "/teams/new/",
        "/profile/",
        "/password/",
    ],
}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("role", PAGES)  # its first word
def test_every_page_is_accessible_and_fits(browser_as: Opened, role: str, size: Any) -> None:
    deal, waiting = accepted_deal(), handed_to_rep()[0]
    CaptureForm.objects.create(name="Guide", slug="guide", fields=["first_name", "message"])
    work()
    draft = model_start(starter="shop", by=None)
    there = {
        "draft": draft.pk,
        "rule": draft.rules.filter(group="engagement")[0].pk,
        "rep": deal.owner_id,
        "lead": deal.lead_id,
        "company": deal.company_id,
        "deal": deal.pk,
        "handoff": waiting.pk,
    }
    page = browser_as(role.partition(" ")[0], size=size)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    wrong = []
    for path in PAGES[role]:
        answer = page.goto(path.format(**there))
        assert answer is not None and answer.status == 200, path
        if "default-src 'none'" not in answer.headers.get("content-security-policy", ""):
            wrong.append(f"{path}: no content security policy")
        if role != "anonymous":
            page.locator("#bell .bell").wait_for()  # comes after the page
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"{path}: scrolls sideways")
        grounds = set()
        for scheme in SCHEMES:  # of one page: the style sheet follows the device while it is shown
            page.emulate_media(color_scheme=scheme)
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            try:
                assert_axe_clean(page)
            except AssertionError as found:
                wrong.append(f"{scheme}: {found}")
        assert len(grounds) == len(SCHEMES), path
        wrong += [f"{path}: {text}" for text in said]
        said.clear()
    assert not wrong, "\n".join(wrong)
