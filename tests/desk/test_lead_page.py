"""All about one lead on one page, and finding anything."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.models import OutboxMessage
from deals.models import Deal
from deals.services import deal_move, deal_undo
from funnels.selectors import stage_get
from leads.models import Lead, Standing
from scoring.services import score_drain
from tests.handoff.world import assigned, leads_make

pytestmark = pytest.mark.django_db
Login = Callable[[str], Client]
EVIL = "<img src=x onerror=alert(1)>"


def test_the_page_tells_path_score_timeline_and_origin(login: Login, people: Any) -> None:
    handoff = assigned(people("rep"), deed="demo_requested", job_title="Head of Ops")
    score_drain()
    answer = login("rep").get(reverse("desk:lead", args=[handoff.lead_id]))
    text = answer.content.decode()
    for word in (
        "Handed off",
        "Qualification",
        "Requested a demo",
        "webinar",
        "autumn",
        "Head of Ops",
        "Decision maker",
    ):
        assert word in text
    explained = answer.context["explained"]
    assert sum(line.points for line in explained.lines) == explained.score


def test_what_was_taken_back_is_not_on_the_path(login: Login, people: Any) -> None:
    one, client = assigned(people("rep")), login("rep")

    def path() -> list[str]:
        page = login("manager").get(reverse("desk:lead", args=[one.lead_id]))
        return [row.to_stage.key for row in page.context["path"]]

    before = path()
    for _ in range(2):
        client.post(reverse("handoff:reject", args=[one.pk]), {"reason": "timing"})
        assert path()[-2:] != before[-2:] and "lost" in path()
        client.post(reverse("handoff:undo", args=[one.pk]))
        assert path() == before
    client.post(reverse("handoff:accept", args=[one.pk]))
    deal = deal_move(deal=Deal.objects.get(lead=one.lead_id), to=stage_get("sales", "demo"), by=one.rep)
    deal_undo(deal=deal, by=one.rep, seq=deal.seq)
    assert path() == before


def test_the_page_is_closed_to_those_who_may_not_see_the_lead(login: Login, people: Any) -> None:
    handoff = assigned(people("rep"))
    for role, code in [("other_rep", 404), ("rep", 200), ("manager", 200), ("marketer", 200)]:
        assert login(role).get(reverse("desk:lead", args=[handoff.lead_id])).status_code == code


def test_what_people_write_about_themselves_is_text(login: Login) -> None:
    (lead,) = leads_make(first_name=EVIL, last_name=EVIL, job_title=EVIL, city=EVIL, phone="javascript:alert(1)")
    Lead.objects.filter(pk=lead.pk).update(first_touch={"source": EVIL, "referrer": EVIL}, custom={EVIL: EVIL})
    text = login("marketer").get(reverse("desk:lead", args=[lead.pk])).content.decode()
    assert "<img" not in text
    assert 'href="javascript' not in text


def test_queries_do_not_grow_with_the_history(login: Login, django_assert_max_num_queries: Any) -> None:
    (lead,) = leads_make(deed="pricing_viewed")
    client = login("marketer")
    client.get(reverse("desk:lead", args=[lead.pk]))
    # session, user; lead, custom fields, tags, deals, ledgers, handoff, activities; model, rules, fit, deeds, bar
    with django_assert_max_num_queries(14):
        client.get(reverse("desk:lead", args=[lead.pk]))


def find(client: Client, text: str) -> str:
    return client.get(reverse("desk:search"), {"q": text}).content.decode()


def test_search_finds_leads_companies_and_pages(login: Login) -> None:
    (lead,) = leads_make(last_name="Nwosu")
    client = login("marketer")
    assert "Nwosu" in find(client, "nwo")
    assert lead.company is not None and lead.company.name in find(client, lead.company.name[:6])
    assert reverse("leads:list") in find(client, "lea")
    assert "Nothing begins with" in find(client, "zzzz")


def test_search_shows_only_what_one_may_see(login: Login, people: Any) -> None:
    (lead,) = leads_make(last_name="Secretova")
    Standing.objects.filter(pk=lead.pk).update(owner=people("rep"))
    assert "Secretova" in find(login("rep"), "secret")
    other = login("other_rep")
    assert "Secretova" not in find(other, "secret")
    assert lead.company is not None
    assert reverse("leads:company", args=[lead.company.pk]) not in find(other, lead.company.name[:6])


def test_an_admin_brings_back_what_was_given_up(login: Login) -> None:
    row = OutboxMessage.objects.create(
        topic="mail.send", key="x", handler="core.mail.deliver", state="dead", attempts=8
    )
    client = login("admin")
    assert "Given up" in client.get(reverse("desk:deliveries")).content.decode()
    client.post(reverse("desk:deliveries_retry"), {"pk": row.pk})
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 0)
    assert login("manager").get(reverse("desk:deliveries")).status_code == 403


def test_the_style_guide_shows_every_component(login: Login) -> None:
    text = login("manager").get(reverse("desk:styleguide")).content.decode()
    for word in ("<svg", 'role="timer"', "aria-invalid", "<progress"):
        assert word in text
