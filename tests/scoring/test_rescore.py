"""A pass over everybody: the same scores as one by one, in chunks that any worker may take."""

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from funnels.models import Transition
from funnels.selectors import stage_get
from handoff.models import Handoff
from leads.models import Activity, Company, Lead, Standing
from leads.services import stage_move
from scoring.models import Rescore, RescoreChunk, ScoringModel, ScoringRule
from scoring.selectors import active_model, basis_of, score_mismatches, scores_compute
from scoring.services import model_activate, model_draft, rescore_drain, rescore_start, score_drain
from scoring.services import rescore as rescore_service
from tests.scoring.world import ago, captured, many

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescore_service, "CHUNK", {"postgresql": 7, "sqlite": 7})


def crowd() -> list[int]:
    """Leads of every sort: titles, companies, deeds of all kinds and ages, bots, a rule twice, an age asked for."""
    ids = many(40)
    model = active_model()
    assert model is not None
    ScoringRule.objects.create(
        model=model, group="engagement", name="Pricing again", points=7, half_life_days=3, cap=11
    )
    ScoringRule.objects.filter(name="Pricing again").update(activity_kind="pricing_viewed")
    for condition in (
        {"did": "pricing_viewed", "times": 2, "within_days": 30},
        {"not": {"fact": "company.industry", "op": "is", "value": "software"}},
        {"fact": "lead.age_days", "op": "<=", "value": 10},
        {"fact": "lead.tag", "op": "is", "value": "vip"},
        {"fact": "lead.city", "op": "contains", "value": "100%"},
    ):
        ScoringRule.objects.create(
            model=model, group="fit", name=f"Test {condition}"[:60], points=3, condition=condition
        )
    company = Company.objects.create(name="Soft", domain="soft.example", industry="Software", employees=400)
    titles = ["Head of IT", "Student", "", "Marketing manager"]
    kinds = ["pricing_viewed", "page_viewed", "unsubscribed", "webinar_attended", "demo_requested", "note"]
    rows = []
    for index, pk in enumerate(ids):
        Lead.objects.filter(pk=pk).update(
            job_title=titles[index % 4],
            company=company if index % 3 else None,
            created_at=ago(index),
            city="100% Town",
        )
        rows += [
            Activity(
                lead_id=pk,
                kind=kinds[(index + n) % 6],
                at=ago((index * 7 + n * 13) % 120),
                bot=[0, 0, 0, 1, 2][n % 5],
            )
            for n in range(index % 9)
        ]
    Activity.objects.bulk_create(rows)
    return ids


def stored(ids: list[int]) -> dict[int, tuple[Any, ...]]:
    rows = Standing.objects.filter(pk__in=ids).values_list("pk", "fit", "engagement", "score", "grade", "reason")
    return {row[0]: row[1:] for row in rows}


def test_the_pass_gives_what_the_fold_gives(small_chunks: None) -> None:
    ids = crowd()
    model = active_model()
    assert model is not None
    made = rescore_start(model=model, cause="asked")
    assert made.chunks.count() == 6
    now = timezone.now()
    assert rescore_drain() == 40
    basis = basis_of()
    assert basis is not None
    folded = scores_compute(basis, ids, now)
    expected = {pk: (one.fit, one.engagement, one.score, one.grade, one.reason) for pk, one in folded.items()}
    assert stored(ids) == expected
    assert len({row[2] for row in expected.values()}) > 5  # they do differ
    made.refresh_from_db()
    assert made.finished_at is not None
    # the marks are still there, and the drain agrees with the pass
    before = stored(ids)
    assert score_drain() == 40
    assert stored(ids) == before and score_mismatches() == []


def test_a_second_pass_writes_nothing(small_chunks: None) -> None:
    ids = crowd()
    for _ in range(2):
        made = rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
        rescore_drain()
    assert sum(made.chunks.values_list("changed", flat=True)) == 0
    assert Rescore.objects.filter(finished_at=None).count() == 0
    Standing.objects.filter(pk__in=ids).update(score_due_at=None)
    assert score_mismatches() == []


def test_stages_and_handoffs_follow_a_pass_once() -> None:
    warm = captured(deeds=[("webinar_attended", 0), ("form_submitted", 0)])
    hot = captured(job_title="Director", employees=100, deeds=[("pricing_viewed", 0), ("webinar_attended", 0)])
    for _ in range(2):
        rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
        rescore_drain()
    assert Standing.objects.get(pk=warm.pk).stage.key == "interest"
    chain = Transition.objects.filter(kind=1, traveller_id=warm.pk).order_by("seq")
    assert [(move.seq, move.cause, move.to_stage.key) for move in chain] == [
        (1, "captured", "awareness"),
        (2, "scored", "interest"),
    ]
    assert chain[1].score == Standing.objects.get(pk=warm.pk).score and chain[1].seconds is not None
    assert Handoff.objects.filter(lead=hot).count() == 1
    score_drain()
    assert Handoff.objects.filter(lead=hot).count() == 1


def test_a_pass_over_all_leaves_a_lead_where_a_person_has_put_it(people: Any) -> None:
    lead = captured(deeds=[("webinar_attended", 0), ("form_submitted", 0)])
    score_drain()
    stage_move(lead_ids=[lead.pk], to=stage_get("marketing", "awareness"), by=people("marketer"))
    ScoringRule.objects.filter(model__state="active", activity_kind="webinar_attended").update(points=17)
    rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
    rescore_drain()
    row = Standing.objects.select_related("stage").get(pk=lead.pk)
    assert (row.score, row.stage.key) == (34, "awareness")


def test_points_fade_when_a_day_goes_by() -> None:
    lead = captured(deeds=[("webinar_attended", 0)])
    score_drain()
    rescore_drain()
    first = Standing.objects.get(pk=lead.pk).engagement
    # 45 days later by all clocks: the deed, its score and the last pass lie 45 days back
    Activity.objects.filter(lead=lead).update(at=ago(45))
    Standing.objects.filter(pk=lead.pk).update(scored_at=ago(45))
    Rescore.objects.update(created_at=ago(45), key="day:before")
    RescoreChunk.objects.update(done_at=ago(45))
    rescore_drain()
    assert (first, Standing.objects.get(pk=lead.pk).engagement) == (15, 8)
    assert Rescore.objects.filter(cause="day").count() == 2
    rescore_drain()
    assert Rescore.objects.filter(cause="day").count() == 2 and score_mismatches() == []


def test_an_activation_overtakes_a_pass_under_way(small_chunks: None, people: Any) -> None:
    crowd()
    old = ScoringModel.objects.get(state="active")
    first = rescore_start(model=old, cause="asked")
    assert rescore_service.chunk_next() == 7
    draft = model_draft(source=old, by=people("marketer"))
    ScoringRule.objects.filter(model=draft, name="Viewed pricing").update(points=50)
    model_activate(model_id=draft.pk, by=people("marketer"))
    rescore_drain()
    first.refresh_from_db()
    assert first.finished_at is not None and first.chunks.count() == 1
    score_drain()
    assert score_mismatches() == [] and Rescore.objects.filter(finished_at=None).count() == 0


def test_a_chunk_that_fails_is_put_off_and_the_others_go_on(
    small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd()
    made = rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
    bad = made.chunks.order_by("pk")[2]
    real = rescore_service._chunk

    def breaks(basis: Any, first_id: int, last_id: int, now: Any) -> int:
        if first_id == bad.first_id:
            raise ValueError("broken")
        return real(basis, first_id, last_id, now)

    monkeypatch.setattr(rescore_service, "_chunk", breaks)
    assert rescore_drain() == 33
    bad.refresh_from_db()
    assert bad.done_at is None and "broken" in bad.error and bad.not_before > timezone.now()
    monkeypatch.setattr(rescore_service, "_chunk", real)
    RescoreChunk.objects.filter(pk=bad.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    assert rescore_drain() == 7
    made.refresh_from_db()
    assert made.finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_workers_share_a_pass_and_none_does_a_chunk_twice(small_chunks: None) -> None:
    ids = crowd()
    rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
    counts: list[int] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            counts.append(rescore_drain(seconds=20))
            score_drain(limit=9)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == [] and sum(counts) == 40
    score_drain()
    assert score_mismatches() == []
    seqs = list(Transition.objects.filter(traveller_id__in=ids).values_list("traveller_id", "seq"))
    assert len(seqs) == len(set(seqs))


def test_a_slow_worker_takes_less_at_a_time_and_leaves_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = crowd()
    monkeypatch.setattr(rescore_service, "LEAST", 3)
    monkeypatch.setattr(rescore_service, "_pace", {"seconds_a_lead": 0.05})  # ten leads in the time there is
    made = rescore_start(model=ScoringModel.objects.get(state="active"), cause="asked")
    assert made.chunks.count() == 1
    assert rescore_service.chunk_next() == 10
    assert list(made.chunks.order_by("first_id").values_list("first_id", "last_id", "leads")) == [
        (ids[0], ids[9], 10),
        (ids[10], ids[39], 30),
    ]
    assert rescore_drain() == 30
    made.refresh_from_db()
    assert made.finished_at is not None and made.total == 40
    assert sum(made.chunks.values_list("leads", flat=True)) == 40
    Standing.objects.filter(pk__in=ids).update(score_due_at=None)
    assert score_mismatches() == []


def test_a_pass_asks_what_its_model_asks_now(people: Any) -> None:
    lead = captured(city="Berlin", country="Peru")
    fits = []
    for condition in ({"city": "berlin"}, {"city": "rome"}, {"country": "peru"}):
        draft = model_draft(source=ScoringModel.objects.get(state="active"), by=people("marketer"))
        ScoringRule.objects.filter(model=draft, group="fit").delete()
        parts = [{"fact": f"lead.{name}", "op": "is", "value": value} for name, value in condition.items()]
        ScoringRule.objects.create(model=draft, group="fit", name="Place", points=9, condition={"all": parts})
        model_activate(model_id=draft.pk, by=people("marketer"), despite=True)
        rescore_drain()
        fits.append(Standing.objects.get(pk=lead.pk).fit)
    assert fits == [9, 0, 9]


def test_the_command_says_what_it_did() -> None:
    captured(deeds=[("pricing_viewed", 0)])
    out = StringIO()
    call_command("rescore", quiet=True, stdout=out)
    assert out.getvalue().startswith("1 leads scored, 1 changed")
