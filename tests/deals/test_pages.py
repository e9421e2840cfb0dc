"""The deals' pages: who sees what, in how many queries, and what each button does."""

import csv
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deals.models import Deal, LostReason, Product, Task
from deals.selectors import deals_stalled, tasks_due
from deals.services import deal_lose, deal_move, deal_update, deal_win, task_create
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import history, stage_get
from funnels.services import pipeline_add
from leads.models import Activity
from tests.deals.world import chain_holds, deal_by_hand, deal_from_handoff

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DEAL = Transition.Kind.DEAL


def queries_of(client: Any, url: str, **headers: str) -> int:
    client.get(url, headers=headers)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers=headers).status_code == 200
    return len(queries)


def age(deal: Deal, days: int) -> None:
    """As if it had come into its stage so long ago (only the cache: what lists sort by)."""
    Deal.objects.filter(pk=deal.pk).update(stage_since=timezone.now() - timedelta(days=days))


# --- who sees what --------------------------------------------------------------------------------


def test_everybody_sees_their_deals_only(people: Any, login: Any) -> None:
    mine, others = deal_by_hand(people("rep"), name="Mine"), deal_by_hand(people("other_rep"), name="Theirs")
    seen = {
        "rep": {"Mine"},
        "other_rep": {"Theirs"},
        "manager": {"Mine"},
        "admin": {"Mine", "Theirs"},
        "marketer": {"Mine", "Theirs"},
    }
    for role, names in seen.items():
        client = login(role)
        for url in (reverse("deals:list"), reverse("deals:board")):
            page = client.get(url).content.decode()
            assert {name for name in ("Mine", "Theirs") if f">{name}</a>" in page} == names, (role, url)
        for deal in (mine, others):
            expected = 200 if deal.name in names else 404
            assert client.get(reverse("deals:detail", args=[deal.pk])).status_code == expected


def test_somebody_who_is_only_a_marketer_sees_no_amount(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"), amount=Decimal("54321.00"))
    product = Product.objects.create(sku="A", name="Alpha", price=Decimal("54321"))
    deal.products.add(product)
    Deal.objects.filter(pk=deal.pk).update(amount=Decimal("54321.00"))
    urls = ["list", "board", "export"]
    pages = [reverse(f"deals:{name}") for name in urls] + [reverse("deals:detail", args=[deal.pk])]
    pages += [reverse("deals:list") + "?sort=-amount&least=54321"]
    for role, shown in (("marketer", False), ("rep", True)):
        client = login(role)
        for url in pages:
            response = client.get(url)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            text = body.decode()
            assert ("54,321" in text or "54321.00" in text) is shown, (role, url)
            assert "Amount" not in text or shown, (role, url)


@pytest.mark.parametrize("name", ["move", "undo", "win", "lose", "reopen", "edit", "log", "task_create", "assign"])
def test_only_who_works_on_a_deal_may_change_it(people: Any, login: Any, name: str) -> None:
    deal = deal_by_hand(people("rep"))
    url = reverse(f"deals:{name}", args=[deal.pk])
    for role, status in (("anonymous", 302), ("marketer", 403), ("other_rep", 403 if name == "assign" else 404)):
        assert login(role).post(url, {"seq": 1, "name": "Taken"}).status_code == status
    deal.refresh_from_db()
    assert deal.seq == 1 and deal.name != "Taken" and not Task.objects.exists()


def test_a_marketer_who_is_also_a_rep_changes_own_deals_only(people: Any, login: Any) -> None:
    people("rep").__class__.objects.filter(pk=people("rep").pk).update(is_marketer=True)
    mine, theirs = deal_by_hand(people("rep")), deal_by_hand(people("other_rep"))
    client = login("rep")
    for deal, status in ((mine, 302), (theirs, 403)):
        assert client.get(reverse("deals:detail", args=[deal.pk])).status_code == 200
        assert client.post(reverse("deals:edit", args=[deal.pk]), {"need": "x"}).status_code == status


@pytest.mark.parametrize("role", ["anonymous", "marketer", "rep"])
def test_products_are_for_managers(login: Any, role: str) -> None:
    status = 302 if role == "anonymous" else 403
    client = login(role)
    assert client.get(reverse("deals:products")).status_code == status
    assert client.post(reverse("deals:products"), {"sku": "X", "name": "X"}).status_code == status
    assert not Product.objects.exists()


# --- the list -------------------------------------------------------------------------------------


def test_list_and_board_cost_the_same_queries_for_many(people: Any, login: Any) -> None:
    rep = people("rep")
    deal_from_handoff(rep)
    client = login("rep")
    urls = [reverse("deals:list"), reverse("deals:board"), reverse("deals:list") + "?sort=-amount&state=open"]
    few = [queries_of(client, url) for url in urls]
    for _ in range(8):
        deal_from_handoff(rep)
    assert [queries_of(client, url) for url in urls] == few
    assert max(few) <= 8, few


def test_a_deal_page_costs_the_same_queries_for_much(people: Any, login: Any) -> None:
    rep = people("rep")
    deal = deal_from_handoff(rep)
    client, url = login("rep"), reverse("deals:detail", args=[deal.pk])
    task_create(owner=rep, title="One", due_at=timezone.now(), deal=deal)
    few = queries_of(client, url)
    for number in range(6):
        task_create(owner=rep, title=f"Task {number}", due_at=timezone.now(), deal=deal)
        to = stage_get("sales", "demo" if number % 2 == 0 else "qualification")
        deal_move(deal=deal, to=to, by=rep)
    assert queries_of(client, url) == few <= 16


def test_filters_are_in_the_url(people: Any, login: Any) -> None:
    rep = people("rep")
    cheap, dear = (
        deal_by_hand(rep, name="Cheap", amount=Decimal(5)),
        deal_by_hand(rep, name="Dear", amount=Decimal(9000)),
    )
    won = deal_win(deal=deal_by_hand(rep, name="Gone", amount=Decimal(77)), by=rep)
    age(cheap, 30)
    deal_update(deal=dear, by=rep, values={"expected_close": timezone.localdate() - timedelta(days=3)})
    client = login("rep")
    cases = {
        "": {"Cheap", "Dear", "Gone"},
        "state=open": {"Cheap", "Dear"},
        "state=won": {"Gone"},
        f"stage={won.stage_id}": {"Gone"},
        "q=che": {"Cheap"},
        "least=100": {"Dear"},
        "most=6": {"Cheap"},
        "stalled=on": {"Cheap"},
        "closing=overdue": {"Dear"},
        "owner=me": {"Cheap", "Dear", "Gone"},
        "owner=none": set(),
        "owner=abc&stage=zzz&least=x": {"Cheap", "Dear", "Gone"},
    }
    for query, names in cases.items():
        page = client.get(reverse("deals:list") + "?" + query).content.decode()
        assert {name for name in ("Cheap", "Dear", "Gone") if f">{name}</a>" in page} == names, query


def test_paging_shows_everybody_once(people: Any, login: Any) -> None:
    rep = people("rep")
    names = {deal_by_hand(rep, amount=Decimal(number % 3) if number % 4 else None).name for number in range(60)}
    for sort in ("-created_at", "-amount", "expected_close"):
        url, seen = reverse("deals:list") + f"?sort={sort}", []
        while url:
            response = login("rep").get(url)
            page = response.context["page"]
            seen += [card.deal.name for card in page.rows]
            url = reverse("deals:list") + f"?sort={sort}&cursor={page.next}" if page.next else ""
        assert sorted(seen) == sorted(names), sort


def test_export_has_every_row_and_no_live_formula(people: Any, login: Any) -> None:
    deal_by_hand(people("rep"), name="=HYPERLINK(1)", amount=Decimal("12.30"))
    response = login("rep").get(reverse("deals:export"))
    rows = list(csv.DictReader(b"".join(response.streaming_content).decode("utf-8-sig").splitlines()))
    assert [(row["name"], row["amount"], row["stage"]) for row in rows] == [
        ("'=HYPERLINK(1)", "12.30", "Qualification")
    ]


def test_peoples_text_is_text(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"), name="<script>alert(1)</script>")
    deal_update(deal=deal, by=people("rep"), values={"need": "<img src=x>", "next_step": "{{ 7 }}"})
    for url in (reverse("deals:list"), reverse("deals:board"), reverse("deals:detail", args=[deal.pk])):
        page = login("rep").get(url).content.decode()
        assert "<script>alert" not in page and "<img src=x>" not in page and "&lt;script&gt;" in page


# --- the board ------------------------------------------------------------------------------------


def test_columns_count_sum_weight_and_stall(people: Any, login: Any) -> None:
    rep = people("rep")
    for amount in (100, 250):
        deal_move(deal=deal_by_hand(rep, amount=Decimal(amount)), to=stage_get("sales", "demo"), by=rep)
    age(Deal.objects.latest("pk"), 16)
    board = login("rep").get(reverse("deals:board")).context["board"]
    demo = board.columns[1]
    assert (demo.stage.key, demo.count, demo.stalled) == ("demo", 2, 1)
    assert [(one.currency, one.total, one.weighted) for one in demo.worth] == [
        ("USD", Decimal(350), Decimal("87.50"))
    ]
    assert sorted(card.level for card in demo.cards) == ["", "red"]
    assert [one.key for one in board.ends] == ["won", "lost"]


def test_a_long_column_shows_more(people: Any, login: Any) -> None:
    rep = people("rep")
    names = [deal_by_hand(rep).name for _ in range(45)]
    client = login("rep")
    column = client.get(reverse("deals:board")).context["board"].columns[0]
    seen, more = [card.deal.name for card in column.cards], column.more
    while more:
        context = client.get(reverse("deals:column", args=[column.stage.pk]), {"after": more}).context
        seen, more = seen + [card.deal.name for card in context["cards"]], context["more"]
    assert seen == names[::-1] and column.count == 45
    for broken in ("", "x_1", "2026-01-01_1", "2026-01-01T00:00:00+00:00_x"):
        assert client.get(reverse("deals:column", args=[column.stage.pk]), {"after": broken}).status_code == 422


def test_pipelines_switch(people: Any, login: Any) -> None:
    other = pipeline_add(name="Renewals")
    deal_by_hand(people("rep"), name="Elsewhere", pipeline=other)
    client = login("rep")
    assert ">Elsewhere<" not in client.get(reverse("deals:board")).content.decode()
    response = client.get(reverse("deals:board") + f"?pipeline={other.key}")
    assert ">Elsewhere<" in response.content.decode()
    Funnel.objects.filter(kind="sales").update(kind="customer", is_default=False)
    assert "no sales pipeline" in client.get(reverse("deals:board")).content.decode()


def test_dragging_moves_once_and_the_second_person_is_told(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"))
    url, client = reverse("deals:move", args=[deal.pk]), login("rep")
    post = {"stage": stage_get("sales", "demo").pk, "seq": 1, "from": "board"}
    moved = client.post(url + "?owner=me", post, headers=HTMX)
    assert moved.status_code == 200 and moved["HX-Retarget"] == "#board"
    assert f"{deal.name} is in Demo." in moved.content.decode() and "data-undo" in moved.content.decode()
    late = login("manager").post(url, {**post, "stage": stage_get("sales", "proposal").pk}, headers=HTMX)
    assert late.status_code == 409 and "Somebody else moved it" in late.content.decode()
    assert history(DEAL, deal.pk).count() == 2 and history(DEAL, deal.pk).last().cause == "board"
    undone = client.post(reverse("deals:undo", args=[deal.pk]), {"seq": 2, "from": "board"}, headers=HTMX)
    assert "is back in Qualification" in undone.content.decode() and chain_holds(DEAL, deal)


def test_a_missing_field_is_asked_for_and_the_move_goes_on(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"), amount=None)
    url, client = reverse("deals:move", args=[deal.pk]), login("rep")
    post = {"stage": stage_get("sales", "proposal").pk, "seq": 1, "from": "board"}
    asked = client.post(url, post, headers=HTMX)
    assert (asked.status_code, asked["HX-Retarget"]) == (422, "#modal")
    assert 'name="amount"' in asked.content.decode() and 'name="budget"' not in asked.content.decode()
    wrong = client.post(url, {**post, "amount": "-4", "currency": "USD"}, headers=HTMX)
    assert wrong.status_code == 422
    deal.refresh_from_db()
    assert (deal.amount, deal.seq) == (None, 1)
    done = client.post(url, {**post, "amount": "1200.50", "currency": "EUR"}, headers=HTMX)
    deal.refresh_from_db()
    assert done.status_code == 200
    assert (deal.stage.key, deal.amount, deal.currency) == ("proposal", Decimal("1200.50"), "EUR")


def test_a_conflict_keeps_nothing_of_the_post(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"), amount=None)
    post = {"stage": stage_get("sales", "proposal").pk, "seq": 7, "amount": "5"}
    assert login("rep").post(reverse("deals:move", args=[deal.pk]), post, headers=HTMX).status_code == 409
    deal.refresh_from_db()
    assert deal.amount is None


# --- one deal -------------------------------------------------------------------------------------


def test_win_asks_for_the_amount_then_makes_a_customer(people: Any, login: Any) -> None:
    deal = deal_from_handoff(people("rep"))
    url, client = reverse("deals:win", args=[deal.pk]), login("rep")
    assert client.get(url, headers=HTMX)["HX-Retarget"] == "#modal" and client.get(url).status_code == 200
    assert client.post(url, {"seq": 1}, headers=HTMX).status_code == 422
    won = client.post(url, {"seq": 1, "amount": "99.90"}, headers=HTMX)
    deal.refresh_from_db()
    deal.lead.standing.refresh_from_db()
    assert won["HX-Retarget"] == "#deal" and deal.amount == Decimal("99.90")
    assert deal.lead.standing.stage.key == "onboarded"
    assert client.post(url, {"seq": 1, "amount": "1"}, headers=HTMX).status_code == 409
    client.post(reverse("deals:reopen", args=[deal.pk]))
    deal.refresh_from_db()
    assert deal.stage.key == "qualification" and chain_holds(DEAL, deal)


def test_lose_asks_for_the_reason(people: Any, login: Any) -> None:
    deal = deal_from_handoff(people("rep"))
    url, client = reverse("deals:lose", args=[deal.pk]), login("rep")
    form = client.get(url).content.decode()
    assert "Price" in form and "Rejected by sales" not in form
    assert client.post(url, {"seq": 1}).status_code == 422
    reason = LostReason.objects.get(code="competition")
    client.post(url, {"seq": 1, "reason": reason.pk, "objection": "They chose X", "nurture": "on"})
    deal.refresh_from_db()
    assert (deal.lost_reason, deal.objection, deal.lead.standing.stage.key) == (reason, "They chose X", "interest")


def test_facts_are_edited_one_at_a_time(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"), amount=Decimal(10))
    url, client = reverse("deals:edit", args=[deal.pk]), login("rep")
    assert client.post(url, {"budget": " 50k signed "}, headers=HTMX).status_code == 200
    assert client.post(url, {"amount": "12.345"}, headers=HTMX).status_code == 422
    assert client.post(url, {"expected_close": "never"}, headers=HTMX).status_code == 422
    client.post(url, {"next_step": "Call", "next_step_at": "2030-01-02T10:30"})
    deal.refresh_from_db()
    assert (deal.budget, deal.amount, deal.next_step) == ("50k signed", Decimal(10), "Call")
    assert deal.next_step_at.year == 2030


def test_logging_writes_on_the_leads_timeline(people: Any, login: Any) -> None:
    deal = deal_from_handoff(people("rep"))
    client, url = login("rep"), reverse("deals:log", args=[deal.pk])
    assert client.post(url, {"kind": "note", "text": "They like it"}, headers=HTMX).status_code == 200
    assert client.post(url, {"kind": "hack", "text": ""}, headers=HTMX).status_code == 422
    for _ in range(2):  # a double click
        client.post(url, {"kind": "call", "once": "log:2"}, headers=HTMX)
    assert Activity.objects.filter(kind="call").count() == 1
    assert client.post(url, {"kind": "call", "once": "click:2"}, headers=HTMX).status_code == 422
    page = client.get(reverse("deals:detail", args=[deal.pk])).content.decode()
    assert 'name="once" value="log:' in page
    row = Activity.objects.get(kind="note")
    assert (row.lead_id, row.by, row.properties["text"]) == (deal.lead_id, people("rep"), "They like it")
    assert "They like it" in client.get(reverse("deals:detail", args=[deal.pk])).content.decode()
    loose = deal_by_hand(people("rep"))
    assert client.post(reverse("deals:log", args=[loose.pk]), {"kind": "note"}, headers=HTMX).status_code == 422


def test_tasks_are_promised_done_undone_and_put_off(people: Any, login: Any) -> None:
    rep = people("rep")
    deal = deal_from_handoff(rep)
    client = login("rep")
    client.post(reverse("deals:task_create", args=[deal.pk]), {"title": "Call", "due_at": "2020-01-01T10:00"})
    task = Task.objects.get()
    assert (task.owner, task.lead_id) == (rep, deal.lead_id)
    with CaptureQueriesContext(connection) as queries:
        assert [(one.pk, one.about) for one in tasks_due(rep, timezone.now())] == [(task.pk, deal.name)]
    assert len(queries) == 1
    done = reverse("deals:task_done", args=[task.pk])
    assert login("other_rep").post(done).status_code == 404
    assert client.post(done, headers=HTMX).status_code == 200
    assert client.post(done, headers=HTMX).status_code == 409 and tasks_due(rep, timezone.now()) == []
    client.post(reverse("deals:task_undo", args=[task.pk]))
    snooze = reverse("deals:task_snooze", args=[task.pk])
    assert client.post(snooze, {"until": "2020-01-01T10:00"}, headers=HTMX).status_code == 422
    assert client.post(snooze, {"until": "2040-01-01T10:00", "next": "/board/"}).url == "/board/"
    assert client.post(snooze, {"until": "2040-01-01T10:00", "next": "//evil.example/"}).url != "//evil.example/"
    assert tasks_due(rep, timezone.now()) == []


def test_stalled_deals_are_the_owners_longest_first(people: Any) -> None:
    rep = people("rep")
    deals = [deal_by_hand(rep) for _ in range(4)]
    for deal, days in zip(deals, (8, 20, 2, 30), strict=True):
        age(deal, days)
    deal_lose(deal=deals[3], by=rep, reason=LostReason.objects.get(code="price"))
    age(deal_by_hand(people("other_rep")), 50)
    with CaptureQueriesContext(connection) as queries:
        assert [one.pk for one in deals_stalled(rep, timezone.now())] == [deals[1].pk, deals[0].pk]
    assert len(queries) <= 2


def test_a_manager_gives_a_deal_away_with_its_tasks(people: Any, login: Any) -> None:
    deal = deal_by_hand(people("rep"))
    task = task_create(owner=people("rep"), title="Call", due_at=timezone.now(), deal=deal)
    url = reverse("deals:assign", args=[deal.pk])
    assert login("rep").post(url, {"owner": people("rep").pk}).status_code == 403
    assert login("manager").post(url, {"owner": people("other_rep").pk}, headers=HTMX).status_code == 422
    assert login("admin").post(url, {"owner": people("other_rep").pk}).status_code == 302
    deal.refresh_from_db()
    task.refresh_from_db()
    assert (deal.owner, task.owner) == (people("other_rep"), people("other_rep"))


def test_a_deal_by_hand_and_its_products(people: Any, login: Any) -> None:
    client, lead = login("rep"), deal_from_handoff(people("rep")).lead
    people("rep")
    lead.standing.owner = people("rep")
    lead.standing.save(update_fields=["owner"])
    assert client.post(reverse("deals:new"), {"currency": "USD"}).status_code == 422
    assert client.post(reverse("deals:new"), {"lead_email": "nobody@x.example"}).status_code == 422
    made = client.post(reverse("deals:new"), {"lead_email": lead.email, "amount": "5", "currency": "eur"})
    deal = Deal.objects.latest("pk")
    assert made.url == reverse("deals:detail", args=[deal.pk])
    assert (deal.lead, deal.owner, deal.amount, deal.currency) == (lead, people("rep"), Decimal(5), "EUR")
    manager = login("manager")
    good = {"sku": "A1", "name": "Alpha", "price": "10", "currency": "USD", "is_active": "on"}
    assert manager.post(reverse("deals:products"), good).status_code == 302
    assert manager.post(reverse("deals:products"), good).status_code == 422
    product = Product.objects.get()
    assert manager.get(reverse("deals:product", args=[product.pk])).status_code == 200
    manager.post(reverse("deals:product", args=[product.pk]), {**good, "price": "12.50"})
    client.post(reverse("deals:deal_products", args=[deal.pk]), {"products": [product.pk]})
    assert list(deal.products.values_list("price", flat=True)) == [Decimal("12.50")]


def test_wrong_methods_are_refused(people: Any, login: Any) -> None:
    deal, client = deal_by_hand(people("rep")), login("rep")
    for name in ("move", "undo", "reopen", "edit", "log", "task_create"):
        assert client.get(reverse(f"deals:{name}", args=[deal.pk])).status_code == 405
    for name in ("list", "board", "export"):
        assert client.post(reverse(f"deals:{name}")).status_code == 405
    assert Stage.objects.filter(funnel__key="sales").count() == 5
