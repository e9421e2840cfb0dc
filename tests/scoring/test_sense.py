"""Before a model is activated: what it would do is said with its number, and refused where it cannot be meant."""

from typing import Any

import pytest

from leads.models import Standing
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors.sense import model_warnings
from scoring.services import model_draft, rule_save, score_drain
from scoring.starters import STARTERS
from tests.scoring.world import captured

pytestmark = pytest.mark.django_db
ALL = {"fact": "lead.city", "op": "not_empty", "value": None}


def draft(*found: dict[str, Any], by: Any) -> ScoringModel:
    """A draft with these rules alone."""
    made = model_draft(source=ScoringModel.objects.get(state="active"), by=by)
    made.rules.all().delete()
    for place, one in enumerate(found):
        ScoringRule.objects.create(model=made, name=f"Rule {place}", **one)
    return made


def town(count: int, city: str) -> None:
    for _ in range(count):
        captured(city=city)
    score_drain()


def test_who_would_make_every_lead_an_mql_is_refused_with_the_number(login: Any, people: Any) -> None:
    town(12, "Rome")
    made = draft({"group": "fit", "points": 80, "condition": ALL}, by=people("marketer"))
    client = login("marketer")
    for despite in ("", "1"):
        page = client.post(f"/scoring/models/{made.pk}/activate/", {"despite": despite}, follow=True)
        assert "Every one of the 12 leads" in page.content.decode()
        made.refresh_from_db()
        assert made.state == "draft"


def test_who_would_make_most_leads_mqls_is_asked_once_more(login: Any, people: Any) -> None:
    town(8, "Rome")
    town(4, "")
    made = draft({"group": "fit", "points": 80, "condition": ALL}, by=people("marketer"))
    client = login("marketer")
    answer = client.post(f"/scoring/models/{made.pk}/activate/")
    assert answer.status_code == 409
    assert "8 of 12 leads in marketing (67 %)" in answer.content.decode() and "despite" in answer.content.decode()
    assert client.post(f"/scoring/models/{made.pk}/activate/", {"despite": "1"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "active"


def test_who_would_make_no_lead_an_mql_is_asked_once_more(login: Any, people: Any) -> None:
    town(3, "Rome")
    client = login("marketer")
    weak = draft({"group": "fit", "points": 20, "condition": ALL}, by=people("marketer"))
    answer = client.post(f"/scoring/models/{weak.pk}/activate/")
    assert answer.status_code == 409 and "No lead could ever be an MQL" in answer.content.decode()
    assert "the most it can reach is 20" in answer.content.decode()
    town(11, "Rome")
    Standing.objects.update(score=70)  # as another model may have left them
    other = {"fact": "lead.city", "op": "is", "value": "Bern"}
    elsewhere = draft({"group": "fit", "points": 80, "condition": other}, by=people("marketer"))
    answer = client.post(f"/scoring/models/{elsewhere.pk}/activate/")
    assert answer.status_code == 409
    assert "Of the 14 leads that are over the MQL bar of 60 now, none would be" in answer.content.decode()


def test_what_is_probably_not_meant_is_said(people: Any) -> None:
    deed = {"group": "engagement", "activity_kind": "call", "points": 30}
    asked = {"fact": "custom.shoe", "op": "is", "value": "42"}
    made = draft({**deed, "cap": 10}, deed, {"group": "fit", "points": 5, "condition": asked}, by=people("marketer"))
    said = " ".join(model_warnings(made))
    assert "“Rule 0” and “Rule 1” ask for the same" in said and "There is no custom field 'custom.shoe'" in said
    assert "“Rule 0” is worth +30, but gives at most 10" in said
    assert "Nobody can be graded A: it begins at 40, and fit reaches 5 at most" in said


@pytest.mark.parametrize("key", STARTERS)
def test_a_draft_starts_from_a_starter_and_can_be_activated(login: Any, key: str) -> None:
    client = login("marketer")
    answer = client.post("/scoring/draft/", {"from": key})
    made = ScoringModel.objects.get(state="draft")
    assert answer["Location"] == f"/scoring/models/{made.pk}/" and made.name == STARTERS[key].name
    assert {rule.group for rule in made.rules.all()} == {"fit", "engagement", "negative"}
    for rule in made.rules.all():  # each passes the checks that a rule made by hand passes
        rule_save(model_id=made.pk, rule_id=rule.pk, by=None)
    own = ("'cart_added'", "'checkout_started'")
    assert [one for one in model_warnings(made) if not any(kind in one for kind in own)] == []
    assert client.post(f"/scoring/models/{made.pk}/activate/").status_code == 302
    made.refresh_from_db()
    assert made.state == "active"


def test_the_desk_offers_the_starters_and_says_what_a_grade_means(login: Any) -> None:
    town(2, "Rome")
    page = login("marketer").get("/scoring/").content.decode()
    assert "Local service" in page and "Online shop" in page
    assert "fits very well" in page and "<b>A</b> 40+" in page and "<b>2</b> 20–39" in page
    assert 'aria-label="2 leads have D4"' in page
