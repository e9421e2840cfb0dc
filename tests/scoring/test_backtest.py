"""A model tried on the past of the database: what the pages say, as it would be counted by hand."""

import os
import signal
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from core.clock import db_now
from core.errors import Conflict, Refused
from deals.models import Deal, LostReason
from funnels.models import Stage, Transition
from funnels.selectors import stage_get, stage_of_kind
from funnels.services import journey_chain
from handoff.models import Handoff, MqlPolicy
from leads.models import Activity, Lead, Standing
from scoring.backtest import figures
from scoring.backtest.walk import Life, score_at
from scoring.invariants import invariants
from scoring.models import BacktestRun, ScoringModel, ScoringRule
from scoring.selectors import active_model, basis_of, scores_compute
from scoring.selectors.backtest import POLICY, deeds_read, facts_read, first_day_of, plan_make
from scoring.services import backtest, backtest_cancel, backtest_drain, backtest_execute, backtest_start, model_draft
from tests.scoring.test_rescore import crowd

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
_count = iter(range(1, 1_000_000))


def before(days: float) -> datetime:
    return NOON - timedelta(days=days)


def lived(
    *, came: float, deeds: Sequence[tuple[str, float]] = (), handed: float | None = None, end: str = "accepted"
) -> Lead:
    """A lead that came so many days ago and did ``deeds`` [(kind, days ago)]; sales got it ``handed`` days ago and it
    ended as won, lost, rejected, accepted or waiting."""
    number = next(_count)
    lead = Lead.objects.create(
        email=f"b{number}@x.example", email_key=f"b{number}@x.example", created_at=before(came)
    )
    Lead.objects.filter(pk=lead.pk).update(updated_at=before(came))
    steps: list[tuple[Stage, datetime]] = [(stage_get("marketing", "awareness"), before(came))]
    if handed is not None:
        steps.append((stage_of_kind("marketing", Stage.Kind.HANDED_OFF), before(handed)))
    Transition.objects.bulk_create(journey_chain(Transition.Kind.LEAD, lead.pk, steps, cause="past"))
    Standing.objects.create(lead=lead, stage=steps[-1][0], stage_since=steps[-1][1], seq=len(steps))
    Activity.objects.bulk_create(
        [Activity(lead=lead, kind=kind, at=before(days), recorded_at=before(days)) for kind, days in deeds]
    )
    if handed is not None:
        _handed(lead, before(handed), end)
    return lead


def _handed(lead: Lead, at: datetime, end: str) -> None:
    state = {"rejected": "rejected", "waiting": "waiting"}.get(end, "accepted")
    Handoff.objects.create(lead=lead, cycle=1, why="bar", score=60, state=state, opened_at=at)
    if end in ("won", "lost", "accepted"):
        stage = stage_get("sales", "demo") if end == "accepted" else stage_of_kind("sales", end)
        closed = None if end == "accepted" else timezone.now()
        reason = LostReason.objects.filter(counts=True).first() if end == "lost" else None
        Deal.objects.create(
            name="d", lead=lead, lead_cycle=1, stage=stage, seq=1, created_at=at, closed_at=closed, lost_reason=reason
        )


@pytest.fixture
def draft() -> ScoringModel:
    """A draft in which pricing counts 30 and nothing else does, beside the active one, in which it counts 12."""
    MqlPolicy.objects.update_or_create(is_default=True, defaults={"score": 60, "instant_kinds": ["demo_requested"]})
    made = model_draft(source=active_model(), by=None)  # type: ignore[arg-type]
    made.rules.exclude(activity_kind="pricing_viewed").delete()
    made.rules.update(points=30, cap=100, half_life_days=30)
    return made


def tried(draft: ScoringModel, bar: int = 50, days: int = 60) -> BacktestRun:
    run = backtest_start(model=draft, bar=bar, days=days)
    backtest_drain()
    run.refresh_from_db()
    assert run.state == "done", run.error
    return run


def side(run: BacktestRun, trial: int = 0, bar: int | None = None) -> figures.Side:
    return figures.side(run.counts["trials"][trial], run.bar if bar is None else bar, run.days)


def world() -> dict[str, Lead]:
    pricing = [("pricing_viewed", 20.0), ("pricing_viewed", 20.0)]
    return {
        "won": lived(came=30, deeds=pricing, handed=10, end="won"),
        "lost": lived(came=30, deeds=pricing, handed=10, end="lost"),
        "rejected": lived(came=30, deeds=pricing[:1], handed=10, end="rejected"),
        "missed": lived(came=30, deeds=[("webinar_attended", 15)], handed=10, end="won"),
        "asked": lived(came=30, deeds=[("demo_requested", 10.1)], handed=10, end="accepted"),
        "after": lived(came=30, deeds=[("pricing_viewed", 5), ("pricing_viewed", 5)], handed=10, end="won"),
        "open": lived(came=30, deeds=pricing),
        "long ago": lived(came=200, deeds=[("pricing_viewed", 100), ("pricing_viewed", 100), ("pricing_viewed", 3)]),
        "cold": lived(came=30, deeds=[("page_viewed", 3)]),
        "old outcome": lived(came=300, deeds=pricing, handed=250, end="won"),
    }


def test_at_today_it_is_the_score(draft: ScoringModel) -> None:
    """The walk's score at this moment is the one that scoring writes, lead by lead, whatever the rules."""
    ids = crowd()
    model = active_model()
    assert model is not None
    for values in (
        {"name": "Free mail", "points": -9, "condition": {"fact": "lead.phone", "op": "empty"}},
        {"name": "Left", "points": -20, "activity_kind": "unsubscribed", "fade": "expiring", "half_life_days": 40},
        {"name": "Again", "points": -7, "activity_kind": "page_viewed", "counts": "daily"},
    ):
        ScoringRule.objects.create(model=model, group="negative", **values)
    now = db_now()
    plan = plan_make([model, draft], [60, 50], policy=POLICY, first=first_day_of(now, 30), until=now)
    assert not plan.split.left_out
    deeds, _ = deeds_read(plan, ids[0], ids[-1])
    rows = facts_read(plan, {"pk__in": ids})
    lives = {pk: Life(since, held, deeds.get(pk, [])) for pk, since, _, held in rows}
    for trial, one in zip(plan.trials, (model, draft), strict=True):
        basis = basis_of(one)
        assert basis is not None
        real = scores_compute(basis, ids, now)
        assert {pk: score_at(trial, lives[pk], now.timestamp()) for pk in ids} == real
        assert len({score.score for score in real.values()}) > 3


def test_it_counts_what_was_known_then(draft: ScoringModel) -> None:
    leads = world()
    run = tried(draft)
    ours, theirs = side(run), side(run, 1)
    # over the bar in the period: won, lost, open by the score, asked at once; not who did it with sales, or long ago
    assert ours.mqls == 4
    assert ours.outcomes == {"won": 1, "lost": 1, "rejected": 0, "accepted": 1, "waiting": 0}
    assert (ours.precision.k, ours.precision.n) == (1, 2)
    assert (ours.recall.k, ours.recall.n, ours.missed) == (1, 3, 2)
    assert (ours.accepted.k, ours.accepted.n) == (3, 3)
    assert ours.precision.small and 0 < ours.precision.low < 0.5 < ours.precision.high < 1
    # the active model calls only who asked
    assert (theirs.mqls, theirs.called) == (1, 1)
    assert figures.handed(run.counts["trials"][0]) == {
        "won": 3,
        "lost": 1,
        "rejected": 1,
        "accepted": 1,
        "waiting": 0,
    }
    assert sum(run.counts["real"]) == 6 and run.counts["leads"] == len(leads)
    assert {one[-1] for one in figures.missed(run.counts, 50)} == {leads["missed"].pk, leads["after"].pk}
    agreed = figures.agreement(run.counts)
    # the stay of long ago reaches into the period and was called before it
    assert (agreed.both, agreed.first, agreed.second, agreed.neither) == (1, 4, 0, 4)
    lower = side(run, bar=30)
    assert (lower.mqls, lower.outcomes["rejected"]) == (5, 1)


def test_what_comes_after_the_handoff_changes_nothing(draft: ScoringModel) -> None:
    leads = world()
    first = tried(draft)
    for name in ("missed", "rejected"):
        Activity.objects.create(lead=leads[name], kind="pricing_viewed", at=before(9), recorded_at=before(9))
        # and who says afterwards that it was before
        rows = [Activity(lead=leads[name], kind="pricing_viewed", at=before(12), recorded_at=before(2))] * 1
        Activity.objects.bulk_create(rows)
    second = tried(draft)
    assert second.counts["late"] == 2
    assert {**second.counts, "late": 0} == {**first.counts, "late": 0}


def test_the_policy_counts_too(draft: ScoringModel) -> None:
    world()
    MqlPolicy.objects.update(grades=["A"], instant_kinds=[])
    run = tried(draft)
    assert side(run).mqls == 0 and side(run).recall.k == 0
    draft.fit_bounds = [0, 0, 0]
    draft.save()
    assert side(tried(draft)).mqls == 3


def test_who_came_back_waits_and_is_looked_at_again(draft: ScoringModel) -> None:
    lead = lived(came=50, deeds=[("pricing_viewed", 30), ("pricing_viewed", 30)], handed=25, end="rejected")
    back = journey_chain(
        Transition.Kind.LEAD, lead.pk, [(stage_get("marketing", "interest"), before(20))], cause="recycled"
    )[0]
    back.seq, back.cycle = 3, 2
    back.save()
    assert side(tried(draft)).mqls == 1  # the first time; after the wait it has faded
    Activity.objects.create(lead=lead, kind="pricing_viewed", at=before(19), recorded_at=before(19))
    assert side(tried(draft, bar=30)).mqls == 2
    MqlPolicy.objects.update(recycle_wait_days=60)
    assert side(tried(draft, bar=30)).mqls == 1


def test_a_rule_that_would_tell_the_outcome_is_left_out_and_named(draft: ScoringModel) -> None:
    world()
    plain = tried(draft)
    ScoringRule.objects.create(
        model=draft,
        group="fit",
        name="Silent",
        points=50,
        condition={"fact": "standing.idle_days", "op": ">=", "value": 1},
    )
    run = tried(draft)
    assert run.left_out == [f"Silent (version {draft.version})"]
    assert run.counts == plain.counts


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "CHUNK", 3)


def test_in_parts_it_is_the_same(draft: ScoringModel, monkeypatch: pytest.MonkeyPatch) -> None:
    world()
    whole = tried(draft).counts
    monkeypatch.setattr(backtest, "CHUNK", 1)
    assert tried(draft).counts == whole


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_and_doubles_nothing(draft: ScoringModel, small: None) -> None:
    world()
    whole = tried(draft).counts
    run = backtest_start(model=draft, bar=50, days=60, hold=True)
    connections.close_all()
    child = os.fork()
    if not child:  # the worker: dies in the middle of its third part, when that is counted but not written
        steps = iter(range(9))

        def merged(*args: Any) -> Any:
            if next(steps) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return merge(*args)

        merge = backtest.merge
        backtest.merge = merged  # type: ignore[assignment]
        backtest_execute(run)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    run.refresh_from_db()
    assert run.state == "running" and run.done == 6
    assert backtest_drain() == 0, "its lease still holds"
    BacktestRun.objects.update(lease_until=db_now() - timedelta(seconds=1))
    assert backtest_drain() == run.total - 6
    run.refresh_from_db()
    assert run.state == "done" and run.counts == whole and run.done == run.total


def test_a_late_worker_writes_nothing(draft: ScoringModel, small: None) -> None:
    world()
    run = backtest_start(model=draft, bar=50, days=60, hold=True)
    late = BacktestRun.objects.get(pk=run.pk)
    BacktestRun.objects.update(lease_until=None)
    backtest_drain()
    done = BacktestRun.objects.get(pk=run.pk)
    assert done.state == "done"
    assert backtest_execute(late) == 0
    assert BacktestRun.objects.get(pk=run.pk).counts == done.counts


def test_it_stops_when_asked_and_when_the_draft_is_changed(draft: ScoringModel, small: None) -> None:
    world()
    run = backtest_start(model=draft, bar=50, days=60)
    with pytest.raises(Conflict, match="running"):
        backtest_start(model=draft, bar=50, days=60)
    backtest_cancel(run_id=run.pk)
    backtest_drain()
    run.refresh_from_db()
    assert run.state == "cancelled" and run.finished_at
    with pytest.raises(Conflict, match="not running"):
        backtest_cancel(run_id=run.pk)
    run = backtest_start(model=draft, bar=50, days=60)
    draft.rules.update(points=31)
    backtest_drain()
    run.refresh_from_db()
    assert run.state == "failed" and "changed" in run.error


def test_what_breaks_is_tried_again_and_given_up_in_the_end(
    draft: ScoringModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backtest_start(model=draft, bar=50, days=60)
    lived(came=3)
    monkeypatch.setattr(BacktestRun, "days", 60)

    def broken(*args: Any) -> None:
        raise ValueError("no such thing")

    BacktestRun.objects.update(last_id=10**9)
    monkeypatch.setattr(backtest, "counts_of", broken)
    for _ in range(backtest.MAX_ATTEMPTS + 1):
        backtest_drain()
        BacktestRun.objects.update(lease_until=None)
    run.refresh_from_db()
    assert run.state == "failed" and "no such thing" in run.error


@pytest.mark.parametrize(
    ("bar", "days", "field"), [(201, 60, "bar"), (-1, 60, "bar"), (50, 6, "days"), (50, 731, "days")]
)
def test_nonsense_is_refused(draft: ScoringModel, bar: int, days: int, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        backtest_start(model=draft, bar=bar, days=days)
    assert refusal.value.field == field


def test_the_queries_do_not_grow(draft: ScoringModel, django_assert_num_queries: Any) -> None:
    world()
    run = backtest_start(model=draft, bar=50, days=60, hold=True)
    plan = backtest.plan_of(run)
    with django_assert_num_queries(5):
        backtest.counts_of(plan, 0, 10**9)


def test_the_command(draft: ScoringModel) -> None:
    world()
    out = StringIO()
    call_command("score_backtest", "--model", draft.version, "--bar", 50, "--days", 60, "--quiet", stdout=out)
    said = out.getvalue()
    assert "4 MQLs" in said and "50.0% (" in said and "1 of 2, few" in said and "2 missed" in said
    with pytest.raises(CommandError, match="No version 99"):
        call_command("score_backtest", "--model", 99)


def test_the_doctor_finds_one_that_nobody_goes_on_with(draft: ScoringModel) -> None:
    run = backtest_start(model=draft, bar=50, days=60, hold=True)
    assert not [one for one in invariants(db_now(), timedelta(minutes=2)) if "back-test" in one.check]
    BacktestRun.objects.update(lease_until=db_now() - timedelta(minutes=5))
    broken = [one for one in invariants(db_now(), timedelta(minutes=2)) if "back-test" in one.check]
    assert len(broken) == 1 and f"back-test {run.pk} waits" in broken[0].message
