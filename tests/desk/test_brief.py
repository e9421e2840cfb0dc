"""What a rep needs in one look: opener, source, what they saw, and the checklist with its answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from deals.models import Answer, Deal, Question
from deals.selectors.checklist import checklist_of
from deals.services import deal_update
from handoff.models import Handoff, Opener
from handoff.rules import opener as rules
from handoff.selectors.openers import opener_for
from handoff.services.openers import opener_save
from leads.models import Lead
from leads.services import activity_record
from tests.handoff.world import assigned
from tests.personas import persona

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


# --- The sentence --------------------------------------------------------------------------------------


PIECES = ["Hello ", "{", "}", "{}", "{rep}", "{first_name}", "{nobody}", "{company}!", " ", "ä"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
VALUES = st.dictionaries(st.sampled_from(sorted(rules.GAPS)), st.sampled_from(["", "Ann", "{rep}", "{", "<b>"]))
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@CALM
@given(TEXTS, VALUES)
def test_any_text_is_refused_or_filled_without_a_hole(text: str, values: dict[str, str]) -> None:
    if rules.opener_refusal(text):
        return
    said = rules.opener_fill(text, values)
    holes = [name for name in rules.gaps(text) if not values.get(name)]
    assert (said == "") is bool(holes)


@CALM
@given(st.text(min_size=1, max_size=60))
def test_what_fills_a_gap_is_only_text(name: str) -> None:
    said = rules.opener_fill("Hello {first_name}!", {"first_name": name, "company": "Secret"})
    assert said == f"Hello {name}!"


@pytest.mark.parametrize(
    "text", ["", "Hi {nobody}", "Hi {first_name", "Hi {{first_name}}", "x" * 401, "{rep.password}"]
)
def test_what_is_no_opener_is_refused(text: str) -> None:
    assert rules.opener_refusal(text)


def test_the_strongest_deed_wins_and_of_its_kind_the_newest() -> None:
    deeds = [
        ("page_viewed", NOW, ""),
        ("asset_downloaded", NOW - timedelta(hours=1), "Checklist"),
        ("demo_requested", NOW - timedelta(days=2), ""),
        ("demo_requested", NOW - timedelta(days=9), ""),
        ("unknown_kind", NOW, ""),
    ]
    assert rules.deed_best(deeds) == ("asked for a demo", NOW - timedelta(days=2))
    assert rules.deed_best(deeds[:2]) == ("downloaded “Checklist”", NOW - timedelta(hours=1))
    assert rules.deed_best([]) is None


@pytest.mark.parametrize(
    ("days", "said"), [(0, "today"), (1, "yesterday"), (5, "5 days ago"), (21, "3 weeks ago"), (90, "some time ago")]
)
def test_how_long_ago(days: int, said: str) -> None:
    assert rules.when_said(days) == said


# --- In the house --------------------------------------------------------------------------------------


@pytest.fixture
def one(people: Any) -> Handoff:
    return assigned(people("rep"), deed="pricing_viewed", persona="Head of Operations")


@pytest.mark.django_db
def test_the_first_that_fits_and_has_no_hole(one: Handoff) -> None:
    rep, manager, lead = persona("rep"), persona("manager"), Lead.objects.get(pk=one.lead_id)
    said, name = opener_for(lead, rep, timezone.now())
    company = one.lead.company.name
    assert name == "Looked at pricing"
    assert said == (
        f"Hello Lea, Rita here. You looked at our pricing today: shall I work out what it would be for {company}?"
    )
    heads = {"fact": "lead.persona", "op": "is", "value": "Head of Operations"}
    opener_save(
        by=manager, opener=None, revision=0, values={"name": "Heads", "condition": heads, "text": "Dear {persona}"}
    )
    assert opener_for(lead, rep, timezone.now()) == ("Dear Head of Operations", "Heads")
    Lead.objects.update(persona="")
    lead.refresh_from_db()
    assert opener_for(lead, rep, timezone.now())[1] == "Looked at pricing"
    Opener.objects.update(is_active=False)
    assert opener_for(lead, rep, timezone.now()) == (rules.FALLBACK.replace("{rep}", "Rita"), "")


@pytest.mark.django_db
def test_what_a_lead_calls_itself_is_never_more_than_text(one: Handoff, login: Any) -> None:
    Lead.objects.update(first_name="<b>{company}</b>{{ settings }}")
    lead = Lead.objects.get(pk=one.lead_id)
    said, _ = opener_for(lead, persona("rep"), timezone.now())
    assert "<b>{company}</b>{{ settings }}" in said
    page = login("rep").get(reverse("desk:brief", args=[lead.pk])).content.decode()
    assert "&lt;b&gt;{company}&lt;/b&gt;{{ settings }}" in page and "<b>{company}" not in page


@pytest.mark.django_db
def test_managers_write_openers_others_do_not(login: Any) -> None:
    manager = login("manager")
    form = {"name": "Mine", "condition": "", "text": "Hi {nobody}", "revision": 0}
    page = manager.post(reverse("handoff:opener_new"), form)
    assert page.status_code == 422 and "There is no {nobody}" in page.content.decode()
    assert manager.post(reverse("handoff:opener_new"), form | {"text": "Hi {first_name}"}).status_code == 302
    mine = Opener.objects.all()[0]
    edit = reverse("handoff:opener_edit", args=[mine.pk])
    assert manager.post(edit, form | {"text": "Hello {first_name}", "revision": 1}).status_code == 302
    assert manager.post(edit, form | {"text": "Hey {first_name}", "revision": 1}).status_code == 409
    assert login("marketer").get(reverse("handoff:openers")).status_code == 200
    assert login("marketer").post(edit, form).status_code == 403
    with pytest.raises(Refused):
        opener_save(by=persona("rep"), opener=None, revision=0, values=form)


@pytest.mark.django_db
def test_the_brief_says_it_all_in_few_queries(one: Handoff, login: Any, django_assert_max_num_queries: Any) -> None:
    lead = Lead.objects.get(pk=one.lead_id)
    for _ in range(3):
        activity_record(lead=lead, kind="page_viewed", properties={"title": "Guide"})
    activity_record(lead=lead, kind="asset_downloaded", properties={"asset": "Van checklist"})
    activity_record(lead=lead, kind="email_opened")
    for kind in ("email_sent", "email_opened", "email_clicked", "email_clicked"):
        activity_record(lead=lead, kind=kind, properties={"subject": "Three mistakes"})
    client = login("rep")
    with django_assert_max_num_queries(18):
        page = client.get(reverse("desk:brief", args=[lead.pk])).content.decode()
    mail = "Three mistakes” opened, clicked ×2"
    for said in ("webinar", "<b>autumn</b>", "Guide ×3", "Van checklist", mail, "Say first", "0 of 8"):
        assert said in page, said
    assert reverse("desk:brief", args=[lead.pk]) in client.get(reverse("desk:lead", args=[lead.pk])).content.decode()


def answer(client: Any, deal: Deal, question: Question, text: str) -> Any:
    url = reverse("deals:answer", args=[deal.pk, question.pk])
    return client.post(url, {"text": text}, headers={"HX-Request": "true"})


@pytest.mark.django_db
def test_answers_are_kept_with_who_and_when_and_bant_lives_on_the_deal(one: Handoff, login: Any) -> None:
    deal, rep, client = Deal.objects.get(lead=one.lead_id), persona("rep"), login("rep")
    budget, own = Question.objects.get(field="budget"), Question.objects.filter(field="")[0]
    assert "1 of 8" in answer(client, deal, own, "They lose two vans a week").content.decode()
    assert "2 of 8" in answer(client, deal, budget, "50k").content.decode()
    deal.refresh_from_db()
    assert deal.budget == "50k"
    assert Answer.objects.get(question=budget).text == "", "one truth: the deal's"
    assert set(Answer.objects.values_list("by", flat=True)) == {rep.pk}
    manager = persona("manager")
    deal_update(deal=deal, by=manager, values={"budget": "60k", "next_step": "Call"})
    lines = {line.question.pk: line for line in checklist_of(Deal.objects.get(), timezone.now()).lines}
    assert (lines[budget.pk].text, lines[budget.pk].by) == ("60k", manager)
    assert "1 of 8" in answer(client, deal, budget, " ").content.decode()
    assert answer(client, deal, own, "x" * 301).status_code == 422
    page = client.get(reverse("deals:detail", args=[deal.pk])).content.decode()
    assert "They lose two vans a week" in page


@pytest.mark.django_db
def test_questions_by_segment_and_pipeline_and_only_managers_write_them(one: Handoff, login: Any) -> None:
    deal, manager = Deal.objects.get(lead=one.lead_id), login("manager")
    form = {"text": "Which depots?", "field": "", "pipeline": "", "revision": 0}
    form["condition"] = '{"fact": "lead.persona", "op": "is", "value": "Nobody"}'
    assert manager.post(reverse("deals:question_new"), form).status_code == 302
    made = Question.objects.get(text="Which depots?")
    assert made not in [line.question for line in checklist_of(deal, timezone.now()).lines]
    edit = reverse("deals:question_edit", args=[made.pk])
    assert manager.post(edit, form | {"condition": "", "revision": 1}).status_code == 302
    assert manager.post(edit, form | {"revision": 1}).status_code == 409
    assert made in [line.question for line in checklist_of(deal, timezone.now()).lines]
    assert manager.post(reverse("deals:question_new"), form | {"field": "budget"}).status_code == 422
    answer(login("rep"), deal, made, "Three")
    Question.objects.filter(field="timeline").update(is_active=False)
    changed = manager.post(edit, form | {"condition": "", "field": "timeline", "revision": 2})
    assert changed.status_code == 422 and "It was answered" in changed.content.decode()
    manager.post(reverse("deals:question_toggle", args=[made.pk]), {"active": "0"})
    lines = checklist_of(deal, timezone.now()).lines
    assert [line.text for line in lines if line.question == made] == ["Three"], "what was answered stays"
    assert login("rep").get(reverse("deals:questions")).status_code == 403


@pytest.mark.django_db
def test_who_only_looks_on_answers_nothing(one: Handoff, login: Any) -> None:
    deal, own = Deal.objects.get(lead=one.lead_id), Question.objects.filter(field="")[0]
    assert answer(login("marketer"), deal, own, "x").status_code == 403
    assert answer(login("other_rep"), deal, own, "x").status_code == 404
    page = login("marketer").get(reverse("desk:brief", args=[one.lead_id])).content.decode()
    assert "Say first" in page and "Find out" not in page
    assert not Answer.objects.exists()
