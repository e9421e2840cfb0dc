"""Every way a rule may count and fade: drains after each event, in any order, and a pass over all give one score."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.models import Activity, Lead, Standing
from leads.services import activity_record, leads_mark
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors import basis_of, score_explain, score_mismatches, scores_compute
from scoring.services import model_activate, rescore_drain, rescore_start, score_drain
from tests.scoring.world import captured

pytestmark = pytest.mark.django_db
KINDS = ["page_viewed", "pricing_viewed", "unsubscribed", "note"]


@st.composite
def deed_rules(draw: st.DrawFn, group: str) -> dict[str, Any]:
    points = draw(st.integers(1, 60)) * (-1 if group == "negative" or draw(st.integers(0, 4)) == 0 else 1)
    return {
        "group": group,
        "points": points,
        "activity_kind": draw(st.sampled_from(KINDS)),
        "fade": draw(st.sampled_from(["halving", "expiring"])),
        "half_life_days": draw(st.integers(1, 40)),
        "counts": draw(st.sampled_from(["each", "once", "daily"])),
        "a_day": draw(st.integers(1, 3)),
        "cap": draw(st.integers(1, 100)),
    }


def fact_rules(group: str) -> st.SearchStrategy[dict[str, Any]]:
    conditions = st.sampled_from(
        [
            {"fact": "lead.city", "op": "is", "value": "Rome"},
            {"not": {"fact": "lead.city", "op": "is", "value": "Rome"}},
            {"did": "pricing_viewed", "times": 2},
        ]
    )
    points = st.integers(1, 40).map(lambda some: -some if group == "negative" else some)
    return st.fixed_dictionaries({"group": st.just(group), "points": points, "condition": conditions})


models = st.tuples(
    st.lists(fact_rules("fit"), max_size=2),
    st.lists(deed_rules("engagement"), max_size=4),
    st.lists(st.one_of(deed_rules("negative"), fact_rules("negative")), max_size=3),
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100)),
).filter(lambda some: any(some[:3]))
event = st.tuples(
    st.sampled_from(KINDS),
    st.integers(0, 50),  # days ago
    st.integers(0, 2),  # which of that day
    st.sampled_from([0, 0, 0, 0, 1, 2]),  # bots
)


def activated(found: Any) -> ScoringModel:
    """These rules as the active model."""
    ScoringModel.objects.filter(state="active").update(state="retired")
    *groups, caps = found
    version = ScoringModel.objects.order_by("-version")[0].version + 1
    made = ScoringModel.objects.create(
        name="Any",
        version=version,
        fit_bounds=[40, 25, 10],
        engagement_bounds=[40, 20, 8],
        **dict(zip(("fit_cap", "engagement_cap", "negative_cap"), caps, strict=True)),
    )
    for place, one in enumerate(one for group in groups for one in group):
        ScoringRule.objects.create(model=made, name=f"Rule {place}", position=place, **one)
    return model_activate(model_id=made.pk, by=None, despite=True)


def scores(ids: list[int]) -> list[tuple[Any, ...]]:
    rows = Standing.objects.filter(pk__in=ids).order_by("pk")
    return list(rows.values_list("fit", "engagement", "score", "grade", "reason"))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(models, st.lists(event, max_size=14), st.randoms(use_true_random=False), st.lists(st.integers(0, 14)))
def test_a_score_is_its_fold_in_every_mode_however_it_came_about(
    model: Any, events: list, random: Any, drains: list[int]
) -> None:
    Lead.objects.all().delete()
    activated(model)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    people = [captured(city=city) for city in ("Rome", "Rome", "Bern", "Bern")]
    ids = [one.pk for one in people]
    mixed = list(events)
    random.shuffle(mixed)
    for lead, order in zip(people, (events, mixed, events, mixed), strict=True):
        for index, (kind, days, nth, bot) in enumerate(order):
            for _ in range(1 + (index in drains)):  # some come twice
                at = noon - timedelta(days=days, minutes=nth)
                activity_record(lead=lead, kind=kind, at=at, key=f"{lead.pk}:{kind}:{days}:{nth}:{bot}", bot=bot)
            if index in drains:
                score_drain()
    score_drain()
    drained = scores(ids)
    assert drained[0] == drained[1] and drained[2] == drained[3]  # whatever the order
    basis = basis_of()
    assert basis is not None
    for (pk, found), row in zip(scores_compute(basis, ids, datetime.now(UTC)).items(), drained, strict=True):
        assert (found.fit, found.engagement, found.score, found.grade, found.reason) == row, pk
    for lead, row in zip(people, drained, strict=True):
        told = score_explain(lead)
        assert told is not None and (told.score, sum(line.points for line in told.lines)) == (row[2], row[2])
    # a pass finds nothing to change; and from nothing it comes to the same
    for wrong in (False, True):
        if wrong:
            Standing.objects.filter(pk__in=ids).update(fit=1, engagement=1, score=2, grade="", reason="?")
        made = rescore_start(model=basis.model, cause="asked")
        rescore_drain()
        assert wrong or sum(made.chunks.values_list("changed", flat=True)) == 0
        assert scores(ids) == drained
    leads_mark(ids)
    score_drain()
    assert scores(ids) == drained and score_mismatches() == []


def test_a_score_that_rises_because_a_minus_expired_is_told_about(people: Any) -> None:
    """Nothing is gained, only a loss ends: the stage and the bar are judged all the same."""
    facts = {"group": "fit", "points": 50, "condition": {"fact": "lead.city", "op": "is", "value": "Rome"}}
    minus = {"group": "negative", "points": -40, "activity_kind": "unsubscribed", "fade": "expiring"}
    made = activated(([facts], [], [{**minus, "half_life_days": 5}], (100, 100, 100)))
    ScoringModel.objects.filter(pk=made.pk).update(stage_bars={"interest": 20, "evaluation": 45})
    lead = captured(city="Rome", deeds=[("unsubscribed", 0)])
    score_drain()
    row = Standing.objects.select_related("stage").get(pk=lead.pk)
    assert (row.fit, row.score, row.stage.key) == (50, 10, "awareness")
    Activity.objects.filter(lead=lead).update(at=datetime.now(UTC) - timedelta(days=6))
    Standing.objects.update(scored_at=datetime.now(UTC) - timedelta(days=6))
    rescore_start(model=made, cause="asked")
    rescore_drain()
    row.refresh_from_db()
    assert (row.fit, row.score, row.stage.key) == (50, 50, "evaluation")
