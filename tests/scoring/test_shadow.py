"""A model in shadow: scored with the active one, in the same batches, and nothing acts on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import Conflict, Refused
from core.models import OutboxMessage
from core.outbox import drain
from handoff.models import Handoff
from leads.models import Activity, Lead, Standing
from scoring.models import Rescore, ScoringModel, ShadowScore
from scoring.selectors import active_model, basis_of, scores_compute
from scoring.selectors.doctor import shadow_mismatches
from scoring.selectors.shadow import difference
from scoring.services import (
    model_activate,
    model_draft,
    rescore_drain,
    rule_save,
    score_drain,
    shadow_begin,
    shadow_end,
    shadow_forget,
)
from tests.personas import persona
from tests.scoring.test_rescore import crowd
from tests.scoring.world import captured

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> ScoringModel:
    """A draft in which every deed counts twice."""
    made = model_draft(source=active_model(), by=None)  # type: ignore[arg-type]
    for rule in made.rules.exclude(activity_kind=""):
        rule.points, rule.cap = max(-100, min(100, 2 * rule.points)), 200
        rule.save()
    return made


def shadow_of(leads: list[int]) -> dict[int, tuple[int, int, int]]:
    rows = ShadowScore.objects.filter(pk__in=leads)
    return {row.pk: (row.fit, row.engagement, row.score) for row in rows}


def folded(model: ScoringModel, leads: list[int]) -> dict[int, tuple[int, int, int]]:
    basis = basis_of(model)
    assert basis is not None
    scores = scores_compute(basis, leads, timezone.now())
    return {pk: (one.fit, one.engagement, one.score) for pk, one in scores.items()}


def test_a_pass_and_a_batch_give_the_fold_of_both(draft: ScoringModel) -> None:
    ids = crowd()
    score_drain()
    model = shadow_begin(model_id=draft.pk, by=None)
    assert model.state == "shadow" and Rescore.objects.get(finished_at=None).cause == "shadow"
    rescore_drain()
    assert shadow_of(ids) == folded(model, ids)
    real = {row.pk: (row.fit, row.engagement, row.score) for row in Standing.objects.filter(pk__in=ids)}
    active = active_model()
    assert active is not None
    assert real == folded(active, ids) != shadow_of(ids)
    # a deed, by the batch; and somebody new
    lead = captured(deeds=[("webinar_attended", 1)])
    Activity.objects.create(lead_id=ids[0], kind="webinar_attended", at=timezone.now())
    Standing.objects.filter(pk=ids[0]).update(score_due_at=timezone.now())
    score_drain()
    both = [ids[0], lead.pk]
    assert shadow_of(both) == folded(model, both)
    assert shadow_mismatches() == []


def test_nothing_acts_on_it(draft: ScoringModel) -> None:
    lead = captured(deeds=[("webinar_attended", 0), ("email_clicked", 0), ("asset_downloaded", 0)])
    score_drain()
    shadow_begin(model_id=draft.pk, by=None)
    rescore_drain()
    row, standing = ShadowScore.objects.get(pk=lead.pk), Standing.objects.select_related("stage").get(pk=lead.pk)
    assert row.score >= 60 > standing.score
    assert not Handoff.objects.exists()
    assert standing.stage.key == "interest"  # 35 points earn that, the shadow's 65 the next


def test_without_a_shadow_scoring_asks_nothing_more(draft: ScoringModel) -> None:
    captured(deeds=[("webinar_attended", 1)])
    with CaptureQueriesContext(connection) as found:
        score_drain()
    asked = [one["sql"] for one in found if "scoring_" in one["sql"]]
    assert not any("shadowscore" in sql for sql in asked)
    # the model, its rules; and failures that are over
    assert len(asked) == 3, asked


def test_only_a_draft_and_only_one_at_a_time(draft: ScoringModel) -> None:
    active = active_model()
    assert active is not None
    with pytest.raises(Conflict, match="only a draft"):
        shadow_begin(model_id=active.pk, by=None)
    other = model_draft(source=draft, by=None)
    empty = model_draft(source=draft, by=None)
    empty.rules.all().delete()
    with pytest.raises(Refused, match="no rules"):
        shadow_begin(model_id=empty.pk, by=None)
    shadow_begin(model_id=draft.pk, by=None)
    with pytest.raises(Conflict, match="in shadow already"):
        shadow_begin(model_id=other.pk, by=None)
    with pytest.raises(Conflict, match="make a new draft"):
        rule_save(model_id=draft.pk, by=None, group="fit", name="x", points=1, condition={})


def test_it_ends_as_a_draft_and_its_rows_go(draft: ScoringModel) -> None:
    ids = crowd()
    shadow_begin(model_id=draft.pk, by=None)
    rescore_drain()
    assert ShadowScore.objects.count() == len(ids)
    shadow_end(model_id=draft.pk, by=None)
    assert OutboxMessage.objects.filter(topic="scoring.shadow_left").count() == 1
    drain()
    assert ShadowScore.objects.count() == 0
    draft.refresh_from_db()
    assert draft.state == "draft"
    with pytest.raises(Conflict):
        shadow_end(model_id=draft.pk, by=None)


def test_what_is_left_over_of_an_earlier_shadow_says_nothing(draft: ScoringModel, people: Any) -> None:
    """Ended, changed and in shadow again before a worker came: the late clean-up takes nothing away, and the pass
    brings everybody up to date."""
    ids = crowd()
    shadow_begin(model_id=draft.pk, by=None)
    rescore_drain()
    shadow_end(model_id=draft.pk, by=None)
    rule = draft.rules.filter(activity_kind="pricing_viewed").first()
    assert rule is not None
    rule_save(model_id=draft.pk, rule_id=rule.pk, by=None, points=3)
    model = shadow_begin(model_id=draft.pk, by=None)
    assert difference(model, people("admin")).leads == 0
    assert shadow_mismatches() == []
    shadow_forget("again", model_id=draft.pk)
    assert ShadowScore.objects.count() == len(ids)
    rescore_drain()
    assert shadow_of(ids) == folded(model, ids)
    assert difference(model, people("admin")).leads == Standing.objects.filter(stage__kind="open").count() > 30
    assert shadow_mismatches() == []


def test_the_shadow_becomes_the_active_one(draft: ScoringModel) -> None:
    ids = crowd()
    shadow_begin(model_id=draft.pk, by=None)
    rescore_drain()
    was = shadow_of(ids)
    made = model_activate(model_id=draft.pk, by=None, despite=True)
    assert made.state == "active"
    rescore_drain()
    drain()
    assert ShadowScore.objects.count() == 0
    rows = Standing.objects.filter(pk__in=ids)
    assert {row.pk: (row.fit, row.engagement, row.score) for row in rows} == was


def test_the_doctor_finds_a_wrong_and_a_missing_one(draft: ScoringModel) -> None:
    ids = crowd()
    score_drain()
    shadow_begin(model_id=draft.pk, by=None)
    rescore_drain()
    ScoringModel.objects.filter(pk=draft.pk).update(shadow_since=timezone.now() - timedelta(hours=1))
    ShadowScore.objects.filter(pk=ids[3]).update(score=99)
    ShadowScore.objects.filter(pk=ids[4]).delete()
    assert [miss.lead_id for miss in shadow_mismatches()] == sorted([ids[3], ids[4]], key=lambda pk: pk == ids[3])


def test_a_shadow_that_breaks_holds_up_nobody(draft: ScoringModel) -> None:
    lead = captured(deeds=[("webinar_attended", 1)])
    shadow_begin(model_id=draft.pk, by=None)
    ScoringModel.objects.filter(pk=draft.pk).update(fit_bounds=[])
    draft.rules.filter(group="fit").update(condition={"fact": "no.such", "op": "is", "value": "x"})
    score_drain()
    rescore_drain()
    assert Standing.objects.get(pk=lead.pk).score > 0
    draft.refresh_from_db()
    assert draft.shadow_error


def test_an_erased_lead_leaves_none(draft: ScoringModel) -> None:
    lead = captured(deeds=[("webinar_attended", 1)])
    shadow_begin(model_id=draft.pk, by=None)
    score_drain()
    assert ShadowScore.objects.filter(pk=lead.pk).exists()
    Lead.objects.get(pk=lead.pk).delete()
    assert not ShadowScore.objects.exists()


def test_the_difference_is_counted_as_people_may_see_it(draft: ScoringModel, login: Any, people: Any) -> None:
    warm = captured("warm@x.example", deeds=[("webinar_attended", 0), ("pricing_viewed", 0), ("asset_downloaded", 0)])
    captured("cold@x.example")
    score_drain()
    client = login("marketer")
    assert "Nothing in shadow" in client.get("/scoring/shadow/").content.decode()
    assert client.post(f"/scoring/models/{draft.pk}/shadow/").url == "/scoring/shadow/"
    assert "No scores yet" in client.get("/scoring/shadow/differences/").content.decode()
    rescore_drain()
    found = difference(ScoringModel.objects.get(pk=draft.pk), people("marketer"))
    assert (found.leads, found.same, found.shadow_only, found.active_only, found.neither) == (2, 1, 1, 0, 1)
    assert [row.pk for row in found.most] == [warm.pk] and found.most[0].by == 37
    page = client.get("/scoring/shadow/differences/").content.decode()
    assert "warm@x.example" in page and "cold@x.example" not in page and "+37" in page and "+36–40" in page
    assert f"v{draft.version} in shadow" in client.get("/scoring/shadow/").content.decode()
    assert "Where it differs" in client.get(f"/scoring/models/{draft.pk}/").content.decode()
    # a manager of another team sees neither name nor number
    Standing.objects.filter(pk=warm.pk).update(owner=persona("other_rep"))
    seen = login("manager").get("/scoring/shadow/differences/").content.decode()
    assert "warm@x.example" not in seen and "1 of 1" in seen
    assert client.post(f"/scoring/models/{draft.pk}/shadow/end/").status_code == 302
    assert "in shadow any more" in client.get("/scoring/shadow/differences/").content.decode()


@pytest.mark.parametrize("role", ["rep", "anonymous"])
def test_others_do_not_get_in(draft: ScoringModel, login: Any, role: str) -> None:
    client = login(role)
    assert client.get("/scoring/shadow/").status_code in (302, 403)
    assert client.get("/scoring/shadow/differences/").status_code in (302, 403)
    for path in ("shadow/", "shadow/end/"):
        assert client.post(f"/scoring/models/{draft.pk}/{path}").status_code in (302, 403)
    draft.refresh_from_db()
    assert draft.state == "draft"
