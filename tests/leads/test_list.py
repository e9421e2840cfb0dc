"""The leads list: filters, paging, visibility, its price in queries."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leads.models import CustomField, Lead, Segment, Tag
from tests.leads.make import make_lead


def listed(browser: Client, query: str = "") -> list[int]:
    reply = browser.get(f"/leads/?{query}")
    assert reply.status_code == 200
    return [row.pk for row in reply.context["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ann bob cyd"),
        ("q=ann", "ann"),
        ("q=ANN+le", "ann"),
        ("q=lee+ann", "ann"),
        ("q=lee", "ann"),
        ("q=acm", "bob"),
        ("q=cyd.", "cyd"),
        ("q=zz", ""),
        ("q=%25%25", ""),
        ("stage=interest", "bob"),
        ("owner=none", "bob cyd"),
        ("source=web", "ann cyd"),
        ("score_min=10", "ann bob"),
        ("score_max=10&score_min=-5", "bob cyd"),
        ("created=7", "ann cyd"),
        ("active=2", "ann"),
        ("has_email=0", "bob"),
        ("has_email=1", "ann cyd"),
        ("grade=A", "ann"),
        ("sort=created", "bob ann cyd"),
        ("sort=-active", "ann cyd bob"),
        ("sort=active", "cyd ann bob"),
        ("sort=score", "cyd bob ann"),
        ('condition={"fact":"company.name","op":"is","value":"Acme"}', "bob"),
    ],
)
def test_filters_and_sorts(people: Any, login: Any, query: str, expected: str) -> None:
    rep = people("rep")
    made = {
        "ann": make_lead("Ann Lee", owner=rep, score=80, source="web", days=4, active=1),
        "bob": make_lead("Bob Ray", stage="interest", score=10, source="fair", days=30, company="Acme", email=""),
        "cyd": make_lead("Cyd Ono", source="web", days=2, active=5),
    }
    made["ann"].standing.grade = "A1"
    made["ann"].standing.save(update_fields=["grade"])
    found = listed(login("marketer"), query)
    names = {lead.pk: name for name, lead in made.items()}
    if "sort" in query:
        assert [names[pk] for pk in found] == expected.split()
    else:
        assert {names[pk] for pk in found} == set(expected.split())


def test_tag_company_owner_and_segment_filters(people: Any, login: Any) -> None:
    rep = people("rep")
    ann = make_lead("Ann Lee", owner=rep, company="Acme", source="web")
    bob = make_lead("Bob Ray", source="web", score=9)
    tag = Tag.objects.create(name="vip")
    ann.tags.add(tag)
    browser = login("marketer")
    assert listed(browser, f"tag={tag.pk}") == [ann.pk]
    assert listed(browser, f"company={ann.company_id}") == [ann.pk]
    assert listed(browser, f"owner={rep.pk}") == [ann.pk]
    assert listed(login("rep"), "owner=me") == [ann.pk]
    shared = Segment.objects.create(
        name="Hot",
        owner=rep,
        shared=True,
        query="source=web",
        condition={"fact": "standing.score", "op": ">", "value": 5},
    )
    assert listed(browser, f"segment={shared.pk}") == [bob.pk]
    private = Segment.objects.create(name="Mine", owner=rep, query="source=web")
    assert listed(browser, f"segment={private.pk}") == []
    assert "somebody else" in browser.get(f"/leads/?segment={private.pk}").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "stage=999999999999999",
        "owner=x",
        "score_min=a",
        "condition=[",
        'condition={"fact":"x"}',
        "tag=-1",
        "created=0",
        *["has_email=2", "segment=abc", "company=٣x"],
    ],
)
def test_a_filter_nobody_understands_shows_nothing_and_says_so(login: Any, query: str) -> None:
    make_lead("Ann Lee")
    reply = login("marketer").get(f"/leads/?{query}")
    assert reply.context["filter"].problems and not reply.context["rows"]
    assert login("marketer").get(f"/leads/export/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("rep", "mine"),
        ("other_rep", "theirs"),
        ("manager", "mine free"),
        ("marketer", "mine theirs free"),
        ("admin", "mine theirs free"),
    ],
)
def test_everybody_sees_their_own(people: Any, login: Any, who: str, expected: str) -> None:
    made = {
        make_lead("Mi Ne", owner=people("rep")).pk: "mine",
        make_lead("The Irs", owner=people("other_rep")).pk: "theirs",
        make_lead("Fr Ee").pk: "free",
    }
    assert {made[pk] for pk in listed(login(who))} == set(expected.split())
    text = b"".join(login(who).get("/leads/export/")).decode()
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + len(expected.split())


@pytest.mark.parametrize(("who", "offered"), [("rep", False), ("marketer", True), ("manager", True), ("admin", True)])
def test_importing_is_offered_to_those_who_may(login: Any, who: str, offered: bool) -> None:
    page = login(who).get("/leads/").content.decode()
    assert ('href="/imports/">Import</a>' in page) is offered


def test_signed_out_is_sent_to_sign_in(login: Any) -> None:
    assert login("anonymous").get("/leads/").status_code == 302


@pytest.mark.parametrize("sort", ["-score", "score", "-created", "-active", "active"])
def test_pages_have_no_gap_and_no_repeat_under_ties(login: Any, sort: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("leads.views.lists.PAGE", 4)
    for index in range(15):
        make_lead(f"P{index}", score=index % 2, active=None if index % 3 else index % 2, days=1)
    browser = login("marketer")
    everybody = listed(browser, f"sort={sort}")
    seen: list[int] = []
    reply = browser.get(f"/leads/?sort={sort}")
    pages = []
    while True:
        pages.append([row.pk for row in reply.context["rows"]])
        seen += pages[-1]
        if not reply.context["page"].next:
            break
        reply = browser.get("/leads/?" + reply.context["next_query"])
    assert len(seen) == len(set(seen)) == 15
    assert seen[:4] == everybody
    back = []
    while reply.context["page"].previous:
        reply = browser.get("/leads/?" + reply.context["previous_query"])
        back.append([row.pk for row in reply.context["rows"]])
    assert back[::-1] == pages[:-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzAsMSwxXQ", "Ww", "W1sxXSwyLDNd", "%00", "WzAsIngiLDFd", "é" * 9])
def test_a_broken_cursor_is_the_first_page(login: Any, cursor: str) -> None:
    lead = make_lead("Ann Lee", score=1)
    browser = login("marketer")
    for sort in ("-score", "-created", "-active"):
        assert browser.get("/leads/", {"cursor": cursor, "sort": sort}).status_code == 200
    assert listed(browser, "cursor=x") == [lead.pk]


def test_fifty_rows_cost_at_most_eight_queries(people: Any, login: Any, django_assert_max_num_queries: Any) -> None:
    for index in range(60):
        make_lead(f"P{index}", owner=people("rep"), company=f"C{index}", score=index)
    Segment.objects.create(name="s", owner=people("rep"), shared=True)
    for who in ("rep", "marketer"):
        browser = login(who)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(browser.get("/leads/").context["rows"]) == 50
        ours = [query["sql"] for query in queries if "notice" not in query["sql"]]
        assert len(ours) <= 8, ours


def test_htmx_gets_the_results_alone_and_the_short_address(login: Any) -> None:
    make_lead("Ann Lee", source="web")
    browser = login("marketer")
    reply = browser.get("/leads/?q=&stage=&source=web", headers={"HX-Request": "true"})
    assert "<html" not in reply.content.decode()
    assert reply["HX-Push-Url"] == "/leads/?source=web"
    assert (
        "<html"
        in browser.get(
            "/leads/?source=web", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
        ).content.decode()
    )


def test_people_text_is_shown_not_run(login: Any) -> None:
    make_lead("<script>alert(1)</script>", source='"><img src=x>')
    page = login("marketer").get("/leads/?source=%22%3E%3Cimg+src%3Dx%3E").content.decode()
    assert "<script>alert" not in page and "<img src=x>" not in page


def test_export_has_every_row_in_order_and_no_live_formula(login: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("leads.selectors.export.CHUNK", 3)
    CustomField.objects.create(key="size", label="Size", type="number")
    for index in range(8):
        make_lead(f"=cmd{index} +x", score=index, company="@Acme", phone="+49 30", custom={"size": -index})
    lead = Lead.objects.order_by("pk")[0]
    lead.tags.add(Tag.objects.create(name="=tag"))
    reply = login("marketer").get("/leads/export/?sort=score&bom=1")
    text = b"".join(reply).decode()
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["score"] for row in rows] == [str(index) for index in range(8)]
    assert rows[0]["first_name"] == "'=cmd0" and rows[0]["last_name"] == "'+x" and rows[0]["company"] == "'@Acme"
    assert rows[0]["phone"] == "'+49 30" and rows[0]["tags"] == "'=tag" and rows[5]["custom.size"] == "-5"
    assert not re.search(r"(^|,)[=+@]", text.replace('"', ""), re.M)


def test_segments_are_made_from_the_builder_and_from_the_list(login: Any, people: Any) -> None:
    make_lead("Ann Lee", source="web", score=70)
    make_lead("Bob Ray", source="fair", score=70)
    browser = login("marketer")
    condition = {"all": [{"fact": "standing.score", "op": ">=", "value": 50}]}
    page = browser.get("/leads/segments/new/?source=web&segment=").content.decode()
    assert "source: web" in page
    made = browser.post(
        "/leads/segments/new/", {"name": "Hot web", "query": "source=web", "condition": json.dumps(condition)}
    )
    assert made.status_code == 302
    segment = Segment.objects.get()
    assert browser.get(f"/leads/segments/?count={segment.pk}").content == b"1"
    assert "score is at least 50" in browser.get("/leads/segments/").content.decode()
    again = browser.post("/leads/segments/new/", {"name": "Hot web", "condition": ""})
    assert again.status_code == 422 and "already" in again.content.decode()
    assert login("rep").get(f"/leads/segments/{segment.pk}/").status_code == 404
    bad = browser.post(f"/leads/segments/{segment.pk}/", {"name": "Hot web", "condition": '{"all": []}'})
    assert bad.status_code == 422 and "condition.all" in bad.content.decode()
    assert browser.post(f"/leads/segments/{segment.pk}/delete/").status_code == 302
    assert Lead.objects.count() == 2
