"""Learning on the desk: asked for in the browser, done by a worker, read as points, suggestions taken."""

import random
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.models import Leased
from handoff.models import Handoff
from leads.models import Activity, Lead
from scoring.learn.tune import Known, suggest
from scoring.models import ScoringModel, Study
from scoring.services.studies import study_drain
from tests.scoring.test_learn_saved import people_with_outcomes
from tests.scoring.test_met import fact, model_of
from tests.scoring.world import many

pytestmark = pytest.mark.django_db
THEN = timezone.now() - timedelta(days=30)


def verdicts(count: int = 400) -> ScoringModel:
    """Leads that sales accepted or rejected: the French are wanted, those who saw the pricing more so, and nobody
    cares for the city."""
    model = model_of(
        {"condition": fact("country", "France"), "name": "French", "points": 5},
        {"condition": fact("city", "Lyon"), "name": "Lyon", "points": 30},
        {"group": "engagement", "activity_kind": "pricing_viewed", "name": "Pricing", "points": 15},
        {"condition": fact("country", "Atlantis"), "name": "Nobody", "points": 9},
    )
    dice = random.Random(5)
    leads = list(Lead.objects.filter(pk__in=many(count)))
    deeds, handoffs = [], []
    for lead in leads:
        french, lyon, priced = (dice.random() < 0.5 for _ in range(3))
        lead.country, lead.city = "France" if french else "Spain", "Lyon" if lyon else "Nice"
        wanted = dice.random() < 0.15 + 0.45 * french + 0.25 * priced
        if priced:
            at = THEN - timedelta(hours=2)
            deeds.append(Activity(lead=lead, kind="pricing_viewed", at=at, recorded_at=at))
        # what sales found out afterwards tells all, and must not be used
        at = THEN + timedelta(days=2)
        if wanted:
            deeds.append(Activity(lead=lead, kind="webinar_attended", at=at, recorded_at=at))
        state = Handoff.State.ACCEPTED if wanted else Handoff.State.REJECTED
        handoffs.append(Handoff(lead=lead, cycle=1, why="bar", score=60, state=state, opened_at=THEN))
    Lead.objects.bulk_update(leads, ["country", "city"])
    Lead.objects.update(updated_at=THEN - timedelta(days=1))
    Activity.objects.bulk_create(deeds)
    Handoff.objects.bulk_create(handoffs)
    return model


def asked(client: Any, **fields: Any) -> Study:
    answer = client.post("/scoring/learn/", {"days": "0", "name": "Learned"} | fields)
    assert answer.status_code == 302, answer.content.decode()
    study = Study.objects.get(kind=Study.Kind.LEARN, state=Leased.State.PENDING)
    assert answer.url == f"/scoring/learn/{study.pk}/"
    return study


def test_from_verdicts_to_a_draft_and_the_suggestions_into_another(login: Any) -> None:
    model = verdicts()
    client = login("marketer")
    study = asked(client, outcome="accepted", exclude=["did:page_viewed"])
    page = client.get(f"/scoring/learn/{study.pk}/").content.decode()
    assert "Waiting for a worker" in page and f"/scoring/learn/{study.pk}/state/" in page
    study_drain()
    study.refresh_from_db()
    assert study.state == Leased.State.DONE, study.last_error
    draft = study.draft
    assert draft is not None and draft.state == "draft" and draft.rules.exists()
    page = client.get(f"/scoring/models/{draft.pk}/").content.decode()
    assert "What it was learned from" in page and "verdicts of sales" in page
    # what came after the handoff is no input
    assert "Attended a webinar" not in study.result["inputs"] and "Viewed pricing" in study.result["inputs"]
    assert 0.6 < study.result["measured"]["auc"][0] < 0.85 and len(study.result["measured"]["tenths"]) == 10

    page = client.get(f"/scoring/learn/{study.pk}/").content.decode()
    assert "Does a chance mean what it says?" in page and "<svg" in page and "Open the draft" in page
    said = {model.rules.get(pk=one["rule"]).name: one for one in study.result["suggestions"]}
    assert said["French"]["verdict"] == "change" and said["French"]["points"] > 10
    assert said["Lyon"]["verdict"] in ("change", "drop") and abs(said["Lyon"]["points"]) < 10
    assert said["Nobody"]["verdict"] == "few"

    french = model.rules.get(name="French")
    answer = client.post(f"/scoring/learn/{study.pk}/apply/", {"rule": french.pk})
    study.refresh_from_db()
    tuned = study.tuned
    assert tuned is not None and answer.url == f"/scoring/models/{tuned.pk}/" and tuned.pk != draft.pk
    changed = tuned.rules.get(name="French")
    assert changed.points == said["French"]["points"] and changed.evidence["n"] == said["French"]["n"]
    assert tuned.rules.get(name="Lyon").points == 30
    client.post(f"/scoring/learn/{study.pk}/apply/")
    assert ScoringModel.objects.filter(state="draft").count() == 2  # the same draft again
    lyon = tuned.rules.get(name="Lyon")
    assert lyon.points == said["Lyon"]["points"] or not lyon.is_active
    french.refresh_from_db()
    assert french.points == 5  # the active model is as it was


def test_a_field_of_leads_may_be_the_outcome(login: Any) -> None:
    people_with_outcomes(400)
    client = login("marketer")
    page = client.get("/scoring/learn/").content.decode()
    assert "Leads&#x27; own field “Bought” says yes or no" in page
    study = asked(client, outcome="custom.bought", exclude=["custom.plan"])
    study_drain()
    study.refresh_from_db()
    assert study.state == Leased.State.DONE, study.last_error
    assert study.result["left_out"]["Plan"] == "excluded by name" and study.draft is not None
    assert "leads by their field Bought" in study.draft.learned["source"]


def test_too_few_outcomes_say_what_to_do(login: Any) -> None:
    client = login("marketer")
    study = asked(client, outcome="won")
    study_drain()
    page = client.get(f"/scoring/learn/{study.pk}/").content.decode()
    assert "Too few closed outcomes" in page and "learn from sales&#x27; verdicts" in page
    assert client.get(f"/scoring/learn/{study.pk}/state/", headers={"HX-Request": "true"}).headers["HX-Refresh"]
    assert not ScoringModel.objects.filter(state="draft").exists()


def test_without_the_library_it_says_how_to_install_it(login: Any, monkeypatch: Any) -> None:
    client = login("marketer")
    study = asked(client, outcome="won")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    study_drain()
    assert "pip install" in client.get(f"/scoring/learn/{study.pk}/").content.decode()


def test_one_at_a_time_and_only_for_marketers(login: Any) -> None:
    client = login("marketer")
    study = asked(client, outcome="won")
    answer = client.post("/scoring/learn/", {"outcome": "won", "days": "0", "name": "Again"})
    assert answer.status_code == 422 and "under way already" in answer.content.decode()
    assert client.post("/scoring/learn/", {"outcome": "custom.nope", "name": "x"}).status_code == 422
    for role in ("rep", "manager"):
        assert login(role).get(f"/scoring/learn/{study.pk}/").status_code == 403
    assert login("admin").get("/scoring/learn/").status_code == 200


def test_suggestions_go_nowhere_when_another_model_is_active(login: Any, people: Any) -> None:
    model = model_of({"condition": fact("country", "France")})
    said = {"rule": model.rules.get().pk, "now": 10, "points": 3, "n": 90, "won": 9, "verdict": "change"}
    said |= {"low": 1, "high": 5, "weight": 0.1, "rate": 0.1}
    result = {"suggestions": [said], "active": 0}
    study = Study.objects.create(kind=Study.Kind.LEARN, state=Leased.State.DONE, by=people("marketer"), result=result)
    answer = login("marketer").post(f"/scoring/learn/{study.pk}/apply/", follow=False)
    assert answer.url == f"/scoring/learn/{study.pk}/" and not ScoringModel.objects.filter(state="draft").exists()


def test_points_within_the_interval_are_kept_and_the_sum_stays() -> None:
    dice = random.Random(3)
    a, b, wins = [], [], []
    for _ in range(2000):
        one, two = dice.random() < 0.5, dice.random() < 0.5
        a.append(float(one))
        b.append(float(two))
        wins.append(dice.random() < 1 / (1 + 2.718 ** -(-1 + 1.0 * one + 0.5 * two)))
    kept = suggest([Known(1, 20, a), Known(2, 10, b)], wins)
    assert [one.verdict for one in kept] == ["keep", "keep"]
    told = suggest([Known(1, 5, a), Known(2, 25, b), Known(3, 7, [0.0] * 2000)], wins)
    assert [one.verdict for one in told] == ["change", "change", "few"]
    assert abs(told[0].points + told[1].points - 30) <= 1 and told[0].points > told[1].points
