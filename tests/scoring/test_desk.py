"""The scoring desk by its addresses."""

import json
from typing import Any

import pytest

from leads.models import Standing
from scoring.models import Rescore, ScoringChange, ScoringModel, ScoringRule
from scoring.selectors import active_model, score_mismatches
from scoring.services import rescore_drain, score_drain
from tests.scoring.world import captured

pytestmark = pytest.mark.django_db
ALLOWED = ["marketer", "manager", "admin"]
REFUSED = ["rep"]


def new_draft(client: Any) -> ScoringModel:
    answer = client.post("/scoring/draft/")
    assert answer.status_code == 302
    return ScoringModel.objects.get(state="draft")


def settings_of(model: ScoringModel, **changed: Any) -> dict[str, Any]:
    data = {"name": model.name, "fit_cap": model.fit_cap, "engagement_cap": model.engagement_cap, "negative_cap": 100}
    for name in ("fit_bounds", "engagement_bounds"):
        data |= {f"{name}_{index}": bound for index, bound in enumerate(getattr(model, name))}
    return data | {"bar_interest": 20, "bar_evaluation": 40} | changed


@pytest.mark.parametrize("role", ALLOWED)
def test_the_desk_says_the_active_rules(login: Any, role: str) -> None:
    page = login(role).get("/scoring/").content.decode()
    assert "Viewed pricing" in page and "employees is between 50 and 1000" in page and "21 d" in page
    assert "an MQL has 60 or more" in page


@pytest.mark.parametrize("role", [*REFUSED, "anonymous"])
def test_others_do_not_get_in_and_change_nothing(login: Any, role: str) -> None:
    client = login(role)
    active = active_model()
    assert active is not None
    rule = active.rules.first()
    assert rule is not None
    expected = (302, 403)
    for path in ("", "progress/", f"models/{active.pk}/", f"models/{active.pk}/preview/", f"rules/{rule.pk}/"):
        assert client.get(f"/scoring/{path}").status_code in expected
    for path in (
        "draft/",
        f"models/{active.pk}/activate/",
        f"models/{active.pk}/discard/",
        f"rules/{rule.pk}/delete/",
    ):
        assert client.post(f"/scoring/{path}").status_code in expected
    assert ScoringModel.objects.count() == 1 and ScoringRule.objects.filter(pk=rule.pk).exists()


def test_reading_and_writing_keep_their_methods(login: Any) -> None:
    client = login("marketer")
    model = active_model()
    assert model is not None
    assert client.post("/scoring/").status_code == 405
    for path in ("draft/", f"models/{model.pk}/activate/", f"models/{model.pk}/discard/"):
        assert client.get(f"/scoring/{path}").status_code == 405


def test_from_draft_to_active_the_whole_way(login: Any) -> None:
    lead = captured(deeds=[("pricing_viewed", 0)], job_title="Director")
    score_drain()
    before = Standing.objects.get(pk=lead.pk).score
    client = login("marketer")
    old = active_model()
    draft = new_draft(client)
    assert draft.rules.count() == old.rules.count()  # type: ignore[union-attr]

    rule = draft.rules.get(name="Viewed pricing")
    form = {
        "name": "Viewed pricing",
        "points": 30,
        "activity_kind": "pricing_viewed",
        "half_life_days": 10,
        "cap": 60,
    }
    assert client.post(f"/scoring/rules/{rule.pk}/", form | {"is_active": "on"}).status_code == 302
    condition = json.dumps({"fact": "lead.country", "op": "is", "value": "France"})
    added = {"name": "From France", "points": 5, "condition": condition, "is_active": "on"}
    assert client.post(f"/scoring/models/{draft.pk}/rules/new/fit/", added).status_code == 302
    gone = draft.rules.get(name="Met a rep")
    assert client.post(f"/scoring/rules/{gone.pk}/delete/").status_code == 302
    assert client.post(f"/scoring/models/{draft.pk}/", settings_of(draft, bar_interest=15)).status_code == 302

    page = client.get(f"/scoring/models/{draft.pk}/preview/").content.decode()
    assert "<b>1</b> would change" in page and lead.name in page and "+18" in page

    assert client.post(f"/scoring/models/{draft.pk}/activate/").status_code == 302
    draft.refresh_from_db()
    assert draft.state == "active" and ScoringModel.objects.get(pk=old.pk).state == "retired"  # type: ignore[union-attr]
    assert "Scoring every lead anew" in client.get("/scoring/progress/").content.decode()
    rescore_drain()
    assert Standing.objects.get(pk=lead.pk).score == before + 18
    assert "hx-trigger" not in client.get("/scoring/progress/").content.decode()
    assert score_mismatches() == []
    told = [change.text for change in ScoringChange.objects.filter(model=draft)]
    assert any("From France" in text for text in told) and any("Removed" in text for text in told)
    assert any("interest" in text.lower() and "15" in text for text in told)
    assert {change.by.email for change in draft.changes.all() if change.by} == {"maya@test.example"}


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "x", "points": 5, "condition": ""}, "condition"),
        ({"name": "x", "points": 500, "condition": '{"did": "call"}'}, "points"),
        ({"name": "x", "points": 5, "condition": '{"fact": "standing.score", "op": ">", "value": 1}'}, "condition"),
        ({"name": "x", "points": 5, "condition": "{nonsense"}, "condition"),
    ],
)
def test_a_wrong_fit_rule_is_refused_at_its_field(login: Any, form: dict[str, Any], field: str) -> None:
    client = login("marketer")
    draft = new_draft(client)
    answer = client.post(f"/scoring/models/{draft.pk}/rules/new/fit/", form | {"is_active": "on"})
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert not draft.rules.filter(name="x").exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"points": -101}, "points"),
        ({"half_life_days": 0}, "half_life_days"),
        ({"half_life_days": 9999}, "half_life_days"),
        ({"activity_kind": "Not a kind"}, "activity_kind"),
        ({"cap": -1}, "cap"),
    ],
)
def test_a_wrong_engagement_rule_is_refused_at_its_field(login: Any, changed: dict[str, Any], field: str) -> None:
    client = login("marketer")
    draft = new_draft(client)
    usual = {"name": "x", "points": 5, "activity_kind": "call", "half_life_days": 30, "cap": 10, "is_active": "on"}
    answer = client.post(f"/scoring/models/{draft.pk}/rules/new/engagement/", usual | changed)
    assert answer.status_code == 422 and field in answer.context["form"].errors


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"fit_bounds_0": 5}, "fit_bounds_0"),
        ({"fit_cap": 5000}, "fit_cap"),
        ({"bar_interest": 50}, "bar_interest"),
        ({"engagement_bounds_2": ""}, "engagement_bounds_2"),
    ],
)
def test_wrong_settings_are_refused_at_their_field(login: Any, changed: dict[str, Any], field: str) -> None:
    client = login("marketer")
    draft = new_draft(client)
    answer = client.post(f"/scoring/models/{draft.pk}/", settings_of(draft, **changed))
    assert answer.status_code == 422 and field in answer.context["form"].errors


def test_only_a_draft_can_be_changed(login: Any) -> None:
    client = login("marketer")
    active = active_model()
    assert active is not None
    rule = active.rules.get(name="Phone known")
    answer = client.post(
        f"/scoring/rules/{rule.pk}/",
        {"name": "Phone known", "points": 9, "condition": json.dumps(rule.condition), "is_active": "on"},
    )
    assert answer.status_code == 409
    assert client.post(f"/scoring/models/{active.pk}/", settings_of(active, name="x")).status_code == 409
    client.post(f"/scoring/rules/{rule.pk}/delete/")
    client.post(f"/scoring/models/{active.pk}/discard/")
    client.post(f"/scoring/models/{active.pk}/activate/")
    rule.refresh_from_db()
    active.refresh_from_db()
    assert rule.points == 5 and active.state == "active" and not Rescore.objects.exists()


def test_a_draft_can_be_thrown_away_and_an_old_version_be_the_source(login: Any) -> None:
    client = login("marketer")
    draft = new_draft(client)
    assert client.post(f"/scoring/models/{draft.pk}/discard/").status_code == 302
    assert ScoringModel.objects.count() == 1
    source = active_model()
    assert source is not None
    client.post("/scoring/draft/", {"from": source.pk})
    assert ScoringModel.objects.filter(state="draft").count() == 1


def test_an_unknown_activity_and_a_flood_are_warned_of(login: Any) -> None:
    captured()
    client = login("marketer")
    draft = new_draft(client)
    rule = {"name": "Trial", "points": 9, "activity_kind": "trial_started", "half_life_days": 30, "cap": 10}
    client.post(f"/scoring/models/{draft.pk}/rules/new/engagement/", rule | {"is_active": "on"})
    everybody = json.dumps({"fact": "lead.email", "op": "not_empty", "value": None})
    form = {"name": "Has e-mail", "points": 90, "condition": everybody, "is_active": "on"}
    client.post(f"/scoring/models/{draft.pk}/rules/new/fit/", form)
    page = client.get(f"/scoring/models/{draft.pk}/preview/").content.decode()
    assert "100 % of the leads" in page
    page = client.get(f"/scoring/models/{draft.pk}/").content.decode()
    assert "trial_started" in page and "Fit alone" in page


def test_the_default_model_warns_of_nothing(login: Any) -> None:
    assert "note warn" not in login("marketer").get("/scoring/").content.decode()


def test_peoples_text_is_escaped(login: Any) -> None:
    client = login("marketer")
    draft = new_draft(client)
    condition = json.dumps({"fact": "lead.city", "op": "is", "value": "<script>alert(1)</script>"})
    form = {"name": "<img src=x>", "points": 5, "condition": condition, "is_active": "on"}
    client.post(f"/scoring/models/{draft.pk}/rules/new/fit/", form)
    page = client.get(f"/scoring/models/{draft.pk}/").content.decode()
    assert "<img src=x>" not in page and "<script>alert(1)" not in page and "&lt;img src=x&gt;" in page


def test_the_explanation_adds_up_and_says_what_would_lift(login: Any) -> None:
    lead = captured(deeds=[("pricing_viewed", 21), ("pricing_viewed", 0), ("webinar_attended", 3)], phone="+49 30 1")
    score_drain()
    page = login("marketer").get(f"/scoring/leads/{lead.pk}/").content.decode()
    row = Standing.objects.get(pk=lead.pk)
    assert f"{row.grade} {row.score}</b> = fit {row.fit} + engagement {row.engagement}" in page
    assert "+18 " in page.replace("</span>", " ") and "2 times" in page and "What would lift it over 60" in page


def test_a_rep_sees_the_explanation_of_own_leads_only(login: Any, people: Any) -> None:
    lead = captured(deeds=[("pricing_viewed", 0)])
    score_drain()
    Standing.objects.filter(pk=lead.pk).update(owner=people("rep"))
    assert login("rep").get(f"/scoring/leads/{lead.pk}/").status_code == 200
    assert login("other_rep").get(f"/scoring/leads/{lead.pk}/").status_code == 404
    assert login("anonymous").get(f"/scoring/leads/{lead.pk}/").status_code == 302


@pytest.mark.parametrize("path", ["", "preview/"])
def test_the_desk_asks_few_questions(login: Any, django_assert_max_num_queries: Any, path: str) -> None:
    for _ in range(5):
        captured(deeds=[("pricing_viewed", 0)])
    score_drain()
    client = login("marketer")
    draft = new_draft(client)
    address = f"/scoring/models/{draft.pk}/preview/" if path else "/scoring/"
    with django_assert_max_num_queries(22):
        assert client.get(address).status_code == 200
