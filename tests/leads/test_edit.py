"""Adding, changing, merging and erasing one lead; custom fields; companies."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.errors import Refused
from deals.models import Deal, Task
from funnels.models import Transition
from funnels.selectors import history, stage_get
from funnels.services import journey_move, journey_start
from handoff.models import MqlPolicy, RoutingRule
from insights.models import Stale
from leads.models import Activity, Company, CustomField, InboxItem, Lead, Segment, Standing, Tag, Visitor
from leads.selectors import timeline
from leads.services import activity_record, capture_accept, inbox_drain, owner_set, sources_copy
from leads.services.erase import leads_erase
from leads.services.merge import lead_merge
from team.models import Notice
from tests.leads.make import make_lead


def test_a_rep_adds_a_lead_with_custom_fields_and_owns_it(login: Any, people: Any) -> None:
    CustomField.objects.create(key="size", label="Size", type="number")
    CustomField.objects.create(key="plan", label="Plan", type="choice", choices=["Gold", "Silver"])
    CustomField.objects.create(key="since", label="Since", type="date")
    CustomField.objects.create(key="happy", label="Happy", type="bool")
    asked = {
        "email": " Ann@Acme.Example ",
        "first_name": "Ann",
        "company": "Acme",
        "tags": "vip, event",
        "consent": "on",
    }
    asked |= {"custom_size": "12", "custom_plan": "Gold", "custom_since": "2026-01-31", "custom_happy": "true"}
    reply = login("rep").post("/leads/new/", asked)
    assert reply.status_code == 302
    lead = Lead.objects.get()
    assert (lead.email_key, lead.source, lead.company.name) == ("ann@acme.example", "by hand", "Acme")
    assert lead.custom == {"size": 12, "plan": "Gold", "since": "2026-01-31", "happy": True}
    assert lead.consent_email and lead.consent_at
    assert (lead.standing.owner, lead.standing.source) == (people("rep"), "by hand")
    assert {tag.name for tag in lead.tags.all()} == {"vip", "event"}
    assert lead.standing.score_due_at is not None
    assert Transition.objects.get().cause == "by hand"


@pytest.mark.parametrize("asked", [{"custom_size": "many"}, {"email": "nonsense"}, {"first_name": "x" * 81}, {}])
def test_bad_input_is_refused_at_its_field(login: Any, asked: dict[str, str]) -> None:
    CustomField.objects.create(key="size", label="Size", type="number")
    reply = login("rep").post("/leads/new/", asked)
    assert reply.status_code == 422
    assert "errorlist" in reply.content.decode() or "alert" in reply.content.decode()
    assert Lead.objects.count() == 0


def test_a_known_email_links_to_who_has_it_but_not_to_others_leads(login: Any, people: Any) -> None:
    lead = make_lead("Ann Lee", owner=people("rep"), email="ann@x.example")
    page = login("rep").post("/leads/new/", {"email": "ANN@x.example"})
    assert page.status_code == 422 and f"/leads/{lead.pk}/" in page.content.decode()
    page = login("other_rep").post("/leads/new/", {"email": "ann@x.example"}).content.decode()
    assert "here already" in page and f"/leads/{lead.pk}/" not in page and "Ann Lee" not in page


def test_a_rep_edits_only_what_they_see(login: Any, people: Any) -> None:
    lead = make_lead("Ann Lee", owner=people("rep"), email="ann@x.example", company="Acme", custom={"old": 1})
    assert login("other_rep").get(f"/leads/{lead.pk}/edit/").status_code == 404
    assert login("other_rep").post(f"/leads/{lead.pk}/edit/", {"first_name": "Eve"}).status_code == 404
    browser = login("rep")
    assert "Acme" in browser.get(f"/leads/{lead.pk}/edit/").content.decode()
    asked = {"email": "ann@x.example", "first_name": "Anna", "last_name": "Lee", "company": "globex", "tags": ""}
    assert browser.post(f"/leads/{lead.pk}/edit/", asked).status_code == 302
    lead = Lead.objects.get()
    assert (lead.first_name, lead.company.name, lead.custom, lead.source) == ("Anna", "globex", {"old": 1}, "")
    assert Company.objects.count() == 2


def test_custom_fields_are_the_admins(login: Any) -> None:
    assert login("manager").get("/leads/fields/").status_code == 403
    browser = login("admin")
    assert (
        browser.post("/leads/fields/", {"label": "Plan", "key": "plan", "type": "choice", "position": 0}).status_code
        == 422
    )
    asked = {"label": "Plan", "key": "plan", "type": "choice", "choices": "Gold\nSilver\nGold", "position": 0}
    assert browser.post("/leads/fields/", asked).status_code == 302
    field = CustomField.objects.get()
    assert field.choices == ["Gold", "Silver"]
    assert browser.post("/leads/fields/", asked).status_code == 422
    assert (
        browser.post(f"/leads/fields/{field.pk}/", {"label": "Tier", "choices": "A", "position": 1}).status_code
        == 302
    )
    field.refresh_from_db()
    assert (field.label, field.key, field.type) == ("Tier", "plan", "choice")
    words = browser.get("/leads/condition/words/").json()["facts"]
    assert words[-1]["name"] == "custom.plan" and words[-1]["choices"] == [{"value": "A", "label": "A"}]
    assert browser.post(f"/leads/fields/{field.pk}/delete/").status_code == 302
    assert not CustomField.objects.exists()


def test_a_field_that_a_condition_asks_for_stays_and_it_is_said_what_asks(login: Any, people: Any) -> None:
    """A policy that asks for what no lead can have any more would let nobody pass, and nobody would hear of it."""
    field = CustomField.objects.create(key="plan", label="Plan", type="text")
    CustomField.objects.create(key="plan-b", label="Plan B", type="text")
    asks = {"all": [{"fact": "country", "op": "is", "value": "DE"}, {"not": {"fact": "custom.plan", "op": "empty"}}]}
    MqlPolicy.objects.filter(is_default=True).update(required=asks, name="<b>Everybody</b>")
    RoutingRule.objects.update(condition=asks)
    Segment.objects.create(name="B", owner=people("admin"), condition={"fact": "custom.plan-b", "op": "empty"})
    browser = login("admin")
    page = browser.post(f"/leads/fields/{field.pk}/delete/", follow=True).content.decode()
    rule = RoutingRule.objects.get()
    assert f"the MQL policy “&lt;b&gt;Everybody&lt;/b&gt;” and the routing rule “{rule}”. Take it out there" in page
    assert "the segment" not in page and CustomField.objects.filter(pk=field.pk).exists()
    MqlPolicy.objects.update(required={})
    RoutingRule.objects.update(condition={})
    browser.post(f"/leads/fields/{field.pk}/delete/")
    assert not CustomField.objects.filter(pk=field.pk).exists()


def test_merge_keeps_everything_of_both(login: Any, people: Any) -> None:
    keep = make_lead("Ann Lee", owner=None, email="", days=5, source="web")
    keep.external_id = "k1"
    keep.save()
    lose = make_lead("Anne Lee", stage="evaluation", owner=people("rep"), email="anne@x.example", days=9)
    Lead.objects.filter(pk=lose.pk).update(
        job_title="CTO", source="fair", first_touch={"source": "fair", "at": "2020-01-01"}
    )
    Lead.objects.filter(pk=keep.pk).update(first_touch={"source": "web", "at": "2021-01-01"})
    lose.tags.add(Tag.objects.create(name="vip"))
    activity_record(lead=lose, kind="pricing_viewed", at=timezone.now() - timedelta(days=2))
    Visitor.objects.create(lead=lose)
    Task.objects.create(owner=people("rep"), lead=lose, title="Call", due_at=timezone.now())
    browser = login("manager")
    found = browser.get(f"/leads/{keep.pk}/merge/?with={lose.pk}").content.decode()
    assert "anne@x.example" in found and "cannot be undone" in found
    assert browser.post(f"/leads/{keep.pk}/merge/", {"with": lose.pk}).status_code == 302
    again = browser.post(f"/leads/{keep.pk}/merge/", {"with": lose.pk})
    assert again.status_code == 422 and "is gone" in again.content.decode()
    with pytest.raises(Refused, match="gone"):
        lead_merge(keep=keep, lose=lose, by=people("marketer"))
    lead = Lead.objects.get()
    assert (lead.pk, lead.first_name, lead.email_key, lead.job_title) == (keep.pk, "Ann", "anne@x.example", "CTO")
    assert (lead.source, lead.standing.source, lead.external_id) == ("fair", "fair", "k1")
    assert (lead.standing.stage.key, lead.standing.owner) == ("evaluation", people("rep"))
    assert lead.tags.count() == lead.visitors.count() == lead.tasks.count() == 1
    assert set(lead.activities.values_list("kind", flat=True)) == {"pricing_viewed", "merged"}
    kept = lead.activities.get(kind="merged").properties
    assert [step["stage"] for step in kept["history"]] == ["evaluation"]
    rows = list(Transition.objects.order_by("seq"))
    assert [row.traveller_id for row in rows] == [keep.pk] * 2 and rows[-1].cause == "merged"


def test_merge_refuses_to_lose_one_that_sales_has(login: Any) -> None:
    keep, lose = make_lead("Ann Lee"), make_lead("Anne Lee")
    row = Standing.objects.select_related("stage__funnel").get(pk=lose.pk)
    journey_move([row], kind=Transition.Kind.LEAD, to=stage_get("marketing", "handed_off"), cause="mql")
    browser = login("manager")
    reply = browser.post(f"/leads/{keep.pk}/merge/", {"with": lose.pk})
    assert reply.status_code == 422 and "handed to sales" in reply.content.decode()
    assert Lead.objects.count() == 2 and not Activity.objects.exists()
    assert browser.post(f"/leads/{lose.pk}/merge/", {"with": keep.pk}).status_code == 302
    assert Lead.objects.get() == lose
    assert login("rep").get(f"/leads/{lose.pk}/merge/").status_code == 403


def test_erase_leaves_nothing_of_the_person(login: Any, people: Any) -> None:
    body = {"lead": {"email": "ann@x.example", "first_name": "Ann"}, "activities": [{"kind": "page_viewed"}]}
    capture_accept(source="api", key="1", body=body | {"visitor": "6f1c1c8e-2f5b-4b58-8ac0-0f8fce5d2f11"})
    inbox_drain()
    capture_accept(source="api", key="2", body={"lead": {"email": "ann@x.example", "first_name": 5 * "x" * 99}})
    inbox_drain()
    other = make_lead("Bob Ray")
    lead = Lead.objects.get(email_key="ann@x.example")
    for one in (lead, other):
        Notice.objects.create(user=people("rep"), key=str(one.pk), title=one.name, url=f"/leads/{one.pk}/")
    assert InboxItem.objects.filter(state="quarantined").count() == 1
    assert login("rep").post(f"/leads/{lead.pk}/erase/").status_code == 403
    assert login("marketer").post(f"/leads/{lead.pk}/erase/").status_code == 403
    browser = login("manager")
    assert "Ann" in browser.get(f"/leads/{lead.pk}/erase/").content.decode()
    assert browser.post(f"/leads/{lead.pk}/erase/").status_code == 302
    assert list(Lead.objects.all()) == [other]
    assert [row.title for row in Notice.objects.all()] == ["Bob Ray"]
    assert not (Activity.objects.exists() or InboxItem.objects.exists() or Visitor.objects.exists())
    assert set(Transition.objects.values_list("traveller_id", flat=True)) == {other.pk}


def test_erasing_takes_the_ledger_of_their_deals_along_and_tells_the_dashboards(people: Any) -> None:
    lead, other = make_lead("Ann Lee"), make_lead("Bob Ray")
    stage = stage_get("sales", "qualification")
    deals = [Deal.objects.create(name=one.name, lead=one, stage=stage, seq=1) for one in (lead, other)]
    journey_start(deals, kind=Transition.Kind.DEAL, cause="test")
    leads_erase(lead_ids=[lead.pk], by=people("admin"))
    assert list(Deal.objects.all()) == deals[1:]
    left = Transition.objects.filter(kind=Transition.Kind.DEAL)
    assert [row.traveller_id for row in left] == [deals[1].pk]
    assert Stale.objects.filter(person=lead.pk).exists()


def test_another_owner_and_another_source_reach_the_dashboards(people: Any) -> None:
    lead = make_lead("Ann Lee", source="web")
    Stale.objects.all().delete()
    assert owner_set(lead_ids=[lead.pk], owner=people("rep")) == 1
    assert owner_set(lead_ids=[lead.pk], owner=people("rep")) == 0
    assert Stale.objects.filter(person=lead.pk).count() == 1
    Lead.objects.update(source="fair")
    assert sources_copy([lead.pk]) == 1 and sources_copy([lead.pk]) == 0
    assert Standing.objects.get().source == "fair"
    assert Stale.objects.filter(person=lead.pk).count() == 2


def test_companies_list_page_and_edit(login: Any, people: Any) -> None:
    lead = make_lead("Ann Lee", owner=people("rep"), company="Acme")
    make_lead("Bob Ray", owner=people("other_rep"), company="Acme")
    Company.objects.create(name="Zeta", domain="zeta.example")
    company = lead.company
    browser = login("rep")
    assert [(row.name, count) for row, count in browser.get("/companies/").context["rows"]] == [
        ("Acme", 1),
    ]  # a rep sees the companies of the own leads and deals
    seen = login("marketer").get("/companies/?q=ZETA").context["rows"]
    assert [row.name for row, _ in seen] == ["Zeta"]
    zeta_page = f"/companies/{Company.objects.get(name='Zeta').pk}/"
    assert browser.get(zeta_page).status_code == 404
    page = browser.get(f"/companies/{company.pk}/").content.decode()
    assert "Ann Lee" in page and "Bob Ray" not in page
    asked = {"name": "Acme Inc", "domain": "https://www.acme.example/x", "employees": 80}
    assert browser.post(f"/companies/{company.pk}/edit/", asked).status_code == 302
    company.refresh_from_db()
    assert (company.name, company.domain, company.employees) == ("Acme Inc", "acme.example", 80)
    zeta = Company.objects.get(name="Zeta")
    assert browser.get(f"/companies/{zeta.pk}/edit/").status_code == 404
    reply = login("marketer").post(f"/companies/{zeta.pk}/edit/", asked)
    assert reply.status_code == 422 and "Another company" in reply.content.decode()


def test_timeline_has_everything_once_newest_first(people: Any) -> None:
    lead = make_lead("Ann Lee", days=30)
    now = timezone.now()
    for index in range(12):  # several at one and the same moment
        activity_record(
            lead=lead, kind="page_viewed", at=now - timedelta(days=index // 4), properties={"page": f"/{index}"}
        )
    row = Standing.objects.select_related("stage__funnel").get()
    journey_move([row], kind=Transition.Kind.LEAD, to=stage_get("marketing", "interest"), cause="scored")
    seen: list[Any] = []
    cursor = ""
    while True:
        page = timeline(lead, cursor=cursor, size=3)
        seen += page.events
        cursor = page.next
        if not cursor:
            break
    assert len(seen) == len({event.key for event in seen}) == 14
    assert [event.key for event in seen] == sorted((event.key for event in seen), reverse=True)
    assert seen[-1].title == "Entered Awareness"
    assert {event.title for event in seen} >= {"Awareness → Interest", "Viewed a page"}
    assert len(timeline(lead, cursor="broken", size=50).events) == 14
    ledger = list(history(Transition.Kind.LEAD, lead.pk))
    for size in (1, 4, 13, 14):  # with the ledger at hand it is the same page
        at_hand, asked = timeline(lead, size=size, ledger=ledger), timeline(lead, size=size)
        assert ([event.key for event in at_hand.events], at_hand.next) == (
            [event.key for event in asked.events],
            asked.next,
        )
    assert len(timeline(lead, kinds=("page_viewed",), size=50).events) == 12
