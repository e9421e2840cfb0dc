"""Marked leads get their score: whoever drains, however often, whatever goes wrong."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funnels.models import Transition
from funnels.selectors import stage_get
from handoff.models import Handoff
from leads.models import Activity, Standing
from leads.services import activity_record, leads_mark, stage_move
from scoring.models import ScoreFailure, ScoringModel, ScoringRule
from scoring.selectors import basis_of, score_explain, score_mismatches, scores_compute
from scoring.services import score_drain
from tests.scoring.world import ago, captured, many

pytestmark = pytest.mark.django_db


def standing(lead: Any) -> Standing:
    return Standing.objects.select_related("stage").get(pk=lead.pk)


def test_a_captured_lead_is_scored_and_its_mark_is_gone() -> None:
    lead = captured(job_title="Head of IT", employees=200, deeds=[("pricing_viewed", 0), ("webinar_attended", 45)])
    assert score_drain() == 1
    row = standing(lead)
    assert (row.fit, row.engagement, row.score) == (40, 20, 60)  # 20 + 15 + 5; 12 + 15 / 2, rounded half up
    assert row.grade == "A2" and row.reason == "Viewed pricing, Decision maker"
    assert row.score_due_at is None and row.scored_at is not None
    assert score_drain() == 0 and score_mismatches() == []


def test_a_score_moves_the_stage_forward_and_never_back() -> None:
    lead = captured(deeds=[("webinar_attended", 0), ("form_submitted", 0)])  # 15 + 12, and 5 of fit
    score_drain()
    assert standing(lead).stage.key == "interest"
    ScoringRule.objects.filter(model__state="active", group="engagement").update(points=1)
    leads_mark([lead.pk])
    score_drain()
    row = standing(lead)
    assert row.score < 20 and row.stage.key == "interest"
    moves = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=lead.pk).order_by("seq")
    assert [move.cause for move in moves] == ["captured", "scored"]


def test_where_a_person_has_put_a_lead_it_stays_until_it_passes_a_further_bar(people: Any) -> None:
    lead = captured(deeds=[("webinar_attended", 0), ("form_submitted", 0)])  # 32: over the bar of Interest
    score_drain()
    ids = [lead.pk]
    for to in ("awareness", "interest", "awareness"):  # back, an undo, and back again
        stage_move(lead_ids=ids, to=stage_get("marketing", to), by=people("marketer"), cause="undone")
        score_drain()
        assert standing(lead).stage.key == to
    activity_record(lead=lead, kind="page_viewed")  # a little warmer, but past no new bar
    score_drain()
    assert standing(lead).score > 32 and standing(lead).stage.key == "awareness"
    activity_record(lead=lead, kind="pricing_viewed")
    score_drain()
    assert standing(lead).score >= 40 and standing(lead).stage.key == "evaluation"


def test_the_bar_is_judged_in_the_same_transaction() -> None:
    lead = captured(deeds=[("demo_requested", 0)])
    score_drain()
    assert Handoff.objects.filter(lead=lead).count() == 1
    assert standing(lead).stage.key == "handed_off"
    leads_mark([lead.pk])
    score_drain()
    assert Handoff.objects.filter(lead=lead).count() == 1


@pytest.mark.parametrize("bot", [Activity.Bot.SUSPECT, Activity.Bot.BOT])
def test_bots_give_nothing(bot: int) -> None:
    lead = captured()
    activity_record(lead=lead, kind="pricing_viewed", bot=bot)
    score_drain()
    assert standing(lead).engagement == 0
    activity_record(lead=lead, kind="pricing_viewed")
    score_drain()
    assert standing(lead).engagement == 12


def test_a_late_arrival_counts_with_its_own_age_and_a_repeat_not_at_all() -> None:
    lead = captured()
    score_drain()
    for _ in range(3):
        activity_record(lead=lead, kind="webinar_attended", at=ago(45), key="w1")
        score_drain()
    assert standing(lead).engagement == 8  # 7.5, rounded half up
    assert score_mismatches() == []


def test_a_wrong_score_is_found() -> None:
    lead = captured(deeds=[("pricing_viewed", 0)])
    score_drain()
    Standing.objects.filter(pk=lead.pk).update(engagement=13, score=18)
    assert [miss.lead_id for miss in score_mismatches()] == [lead.pk]


def test_a_lead_that_nobody_would_score_is_found() -> None:
    lead = captured()
    Standing.objects.filter(pk=lead.pk).update(score_due_at=None)
    assert [miss.lead_id for miss in score_mismatches()] == [lead.pk]


def test_the_number_of_queries_does_not_grow() -> None:
    counts = []
    for size in (2, 40):
        many(size, deeds_each=3)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert score_drain() == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30, counts


def test_a_mark_for_later_waits() -> None:
    lead = captured()
    Standing.objects.filter(pk=lead.pk).update(score_due_at=timezone.now() + timedelta(minutes=1))
    assert score_drain() == 0


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["page_viewed", "pricing_viewed", "demo_requested", "unsubscribed", "note"]),
            st.floats(0, 120),
            st.sampled_from([0, 0, 0, 1, 2]),
            st.integers(0, 5),
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_a_score_is_the_fold_of_its_deeds_whatever_the_order(deeds: list, drains: list[int]) -> None:
    """Two leads get the same deeds, in opposite orders, with repeats and drains between: one score."""
    one, other = captured(), captured()
    for lead, order in ((one, deeds), (other, deeds[::-1])):
        for index, (kind, days, bot, repeat) in enumerate(order):
            key = f"{lead.pk}:{kind}:{days:.6f}:{bot}:{repeat}"
            activity_record(lead=lead, kind=kind, at=ago(int(days)), key=key, bot=bot)
            activity_record(lead=lead, kind=kind, at=ago(int(days)), key=key, bot=bot)
            if index in drains:
                score_drain()
    score_drain()
    first, second = standing(one), standing(other)
    assert (first.fit, first.engagement, first.grade) == (second.fit, second.engagement, second.grade)
    basis = basis_of()
    assert basis is not None
    fresh = scores_compute(basis, [one.pk], timezone.now())[one.pk]
    assert (fresh.fit, fresh.engagement) == (first.fit, first.engagement)
    told = score_explain(one)
    assert told is not None and sum(line.points for line in told.lines) == first.score


@pytest.mark.django_db(transaction=True)
def test_one_poisoned_lead_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lead whose scoring fails is found by halving, put off and noted; the others are scored."""
    ids = many(9, deeds_each=1)
    bad = ids[4]
    from scoring.services import drain

    real = drain.scores_compute

    def breaks(basis: Any, lead_ids: Any, now: Any) -> Any:
        if bad in lead_ids:
            raise ValueError("cannot be scored")
        return real(basis, lead_ids, now)

    monkeypatch.setattr(drain, "scores_compute", breaks)
    assert score_drain() == 8
    row = Standing.objects.get(pk=bad)
    assert row.scored_at is None and row.score_due_at is not None and row.score_due_at > timezone.now()
    assert ScoreFailure.objects.get(lead=bad).attempts == 1
    assert Standing.objects.filter(pk__in=ids, score_due_at=None).count() == 8
    monkeypatch.setattr(drain, "scores_compute", real)
    Standing.objects.filter(pk=bad).update(score_due_at=timezone.now())
    assert score_drain() == 1 and not ScoreFailure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_racing_drains_and_markers_leave_every_score_right() -> None:
    """Three drains at once while deeds keep coming in: one transition each, no mark lost, each score its fold."""
    ids = many(60, deeds_each=2, kind="webinar_attended")
    stop, errors = threading.Event(), []

    def drains() -> None:
        try:
            while not stop.is_set():
                score_drain(limit=17, seconds=1)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def deeds() -> None:
        from leads.models import Lead

        try:
            for lead in Lead.objects.filter(pk__in=ids[:25]):
                activity_record(lead=lead, kind="form_submitted", key=f"race{lead.pk}")
        except Exception as error:
            errors.append(error)
        finally:
            stop.set()
            connection.close()

    workers = [threading.Thread(target=drains) for _ in range(3)] + [threading.Thread(target=deeds)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    score_drain()
    assert not Standing.objects.filter(score_due_at__isnull=False).exists()
    assert score_mismatches() == []
    seqs = Transition.objects.filter(traveller_id__in=ids).values_list("traveller_id", "seq")
    assert len(seqs) == len(set(seqs))
    for row in Standing.objects.filter(pk__in=ids):
        assert Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=row.pk).count() == row.seq


def test_without_an_active_model_the_marks_stay() -> None:
    lead = captured()
    ScoringModel.objects.filter(state="active").update(state="retired")
    assert score_drain(seconds=1) == 0
    assert standing(lead).score_due_at is not None
