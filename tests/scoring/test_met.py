"""What each rule meets: leads now, and how those fared whom sales got while it held."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.models import Leased
from deals.models import Deal, LostReason
from funnels.selectors import stage_of_kind
from handoff.models import Handoff, RejectReason
from leads.models import Activity, LastActive, Lead
from scoring import lift
from scoring.learn.measure import wilson
from scoring.models import Handed, ScoringModel, ScoringRule, Study
from scoring.selectors import active_model, basis_of, scores_compute
from scoring.selectors.asof import Moment, as_of
from scoring.selectors.met import rules_met
from scoring.services import model_draft
from scoring.services.studies import study_drain, study_start
from tests.personas import persona
from tests.scoring.world import ago, captured

pytestmark = pytest.mark.django_db
THEN = timezone.now() - timedelta(days=40)


def model_of(*found: dict[str, Any]) -> ScoringModel:
    """The active model, with these rules instead of its own."""
    model = active_model()
    assert model is not None
    model.rules.all().delete()
    for index, fields in enumerate(found):
        given = {"group": "fit", "points": 10, "position": index, "name": f"Rule {index}"} | fields
        ScoringRule.objects.create(model=model, **given)
    return model


def fact(name: str, value: Any, op: str = "is") -> dict[str, Any]:
    return {"fact": f"lead.{name}", "op": op, "value": value}


def handed(lead: Lead, *, verdict: str = "accepted", outcome: str = "", at: Any = THEN, why: str = "") -> Handoff:
    """A handoff of THEN with what became of it; the lead was last changed before."""
    Lead.objects.filter(pk=lead.pk).update(updated_at=at - timedelta(days=1))
    reason = RejectReason.objects.filter(label=why).first() if why else None
    if why and reason is None:
        reason = RejectReason.objects.create(code=f"r{RejectReason.objects.count()}", label=why)
    one = Handoff.objects.create(
        *(), lead=lead, cycle=1, why="bar", score=60, state=verdict, opened_at=at, reject_reason=reason
    )
    if outcome:
        lost = LostReason.objects.filter(counts=True).first() if outcome == "lost" else None
        stage = stage_of_kind("sales", outcome)
        Deal.objects.create(
            *(), name="deal", lead=lead, lead_cycle=1, stage=stage, seq=1, closed_at=timezone.now(), lost_reason=lost
        )
    return one


def counted(model: ScoringModel | None = None) -> Study:
    study_start(kind=Study.Kind.COUNT, model=model or active_model(), by=None)
    study_drain()
    study = Study.objects.filter(kind=Study.Kind.COUNT).first()
    assert study is not None and study.state == Leased.State.DONE, study and study.last_error
    return study


def test_a_rule_is_judged_by_what_became_of_its_leads_beside_the_others(people: Any) -> None:
    model = model_of({"condition": fact("country", "France"), "name": "French"})
    for number in range(10):
        lead = captured(country="France" if number < 4 else "Spain")
        handed(
            lead,
            verdict="rejected" if number in (3, 9) else "accepted",
            outcome={0: "won", 1: "won", 2: "lost", 4: "won", 5: "lost", 6: "lost"}.get(number, ""),
        )
    captured(country="France")  # never handed over
    counted()
    rule = model.rules.get()
    met = rules_met(model, people("marketer"))[rule.pk]
    assert met.now == 5
    mine, others = met.lift.with_it, met.lift.without
    assert (mine.n, mine.accepted, mine.rejected, mine.won, mine.lost) == (4, 3, 1, 2, 1)
    assert (others.n, others.accepted, others.rejected, others.won, others.lost) == (6, 5, 1, 1, 2)
    assert mine.win == wilson(2, 4) and met.lift.win is not None
    assert met.lift.win.value == pytest.approx((2 / 4) / (1 / 4))
    assert met.lift.few and met.lift.said == ""  # too few to say anything


def test_deeds_count_as_they_were_known_when_sales_got_the_lead(people: Any) -> None:
    model = model_of({"group": "engagement", "activity_kind": "pricing_viewed", "half_life_days": 10})
    before, after, late = captured(), captured(), captured()
    for lead, days, written in ((before, 1, 1), (after, -2, -2), (late, 1, -3)):
        Activity.objects.create(
            lead=lead,
            kind="pricing_viewed",
            at=THEN - timedelta(days=days),
            recorded_at=THEN - timedelta(days=written),
        )
        handed(lead, outcome="won")
    old = captured()
    Activity.objects.create(
        lead=old, kind="pricing_viewed", at=THEN - timedelta(days=200), recorded_at=THEN - timedelta(200)
    )
    handed(old, outcome="lost")
    counted()
    met = rules_met(model, people("marketer"))[model.rules.get().pk]
    assert (met.tally.n, met.tally.won) == (1, 1)
    assert met.now == 3  # of 10 points, halving every 10 days, less than half a point is left after 44


def test_a_learned_condition_about_deeds_is_asked_at_the_moment() -> None:
    did = {"all": [{"did": "pricing_viewed", "times": 2, "within_days": 30}, {"not": fact("country", "Spain")}]}
    model = model_of({"condition": did}, {"condition": fact("age_days", 3, "<=")})
    lead = captured(country="France")
    Lead.objects.filter(pk=lead.pk).update(created_at=THEN - timedelta(days=2))
    for days in (1, 5, 45):
        at = THEN - timedelta(days=days)
        Activity.objects.create(lead=lead, kind="pricing_viewed", at=at, recorded_at=at)
    basis = basis_of(model)
    assert basis is not None
    asked = [
        Moment(1, lead.pk, THEN),
        Moment(2, lead.pk, THEN - timedelta(days=2)),
        Moment(3, lead.pk, timezone.now()),
    ]
    twice, young = (rule.pk for rule in model.rules.order_by("position"))
    assert [then.matching for _, then in as_of(basis, asked)] == [{twice, young}, {young}, set()]


def test_at_this_moment_the_past_is_what_the_engine_says() -> None:
    """The rules as of now are those that give the lead its points now."""
    model = active_model()
    assert model is not None
    leads = [
        captured(deeds=[("pricing_viewed", 3), ("page_viewed", 1)], job_title="Director", employees=100),
        captured(deeds=[("demo_requested", 0)], country="France"),
        captured(),
    ]
    basis, now = basis_of(model), timezone.now()
    assert basis is not None
    for moment, then in as_of(basis, [Moment(one.pk, one.pk, now) for one in leads]):
        score = scores_compute(basis, [moment.lead_id], now)[moment.lead_id]
        points = sum(rule.points for rule in basis.card.fit if rule.id in then.matching)
        assert score.fit == points
        assert score.engagement == round(sum(then.given.values()) / 1_000_000)


def test_dead_rules_are_named(people: Any) -> None:
    model = model_of(
        {"condition": fact("country", "Atlantis"), "name": "Nobody"},
        {"condition": fact("country", "France"), "name": "French"},
        {"condition": {"all": [fact("country", "FRANCE")]}, "name": "French again"},
        {"condition": fact("city", "Paris"), "name": "Parisian"},
        {"condition": fact("country", "Spain"), "name": "Long gone"},
        {"group": "engagement", "activity_kind": "webinar_attended", "name": "Webinar"},
        {"group": "negative", "points": -5, "condition": fact("country", "Italy"), "name": "Takes from nothing"},
    )
    for _ in range(12):
        captured(country="France", city="Paris")
    old, italian = captured(country="Spain"), captured(country="Italy")
    Lead.objects.filter(pk=old.pk).update(created_at=ago(200))
    LastActive.objects.update_or_create(pk=old.pk, defaults={"at": ago(120)})
    assert italian.pk
    counted()
    found = rules_met(model, people("marketer"))
    said = {model.rules.get(pk=pk).name: met.dead for pk, met in found.items()}
    assert said["Nobody"].startswith("Holds for nobody now") and said["Webinar"].startswith("Holds for nobody now")
    assert said["French"] == "" and "“French”" in said["French again"] and "“French”" in said["Parisian"]
    assert "last 90 days" in said["Long gone"]
    assert said["Takes from nothing"].startswith("Changes nobody's score")


def test_a_count_is_the_same_when_repeated_and_forgets_who_was_erased(people: Any) -> None:
    model = model_of({"condition": fact("country", "France")})
    leads = [captured(country="France") for _ in range(3)]
    for lead in leads:
        handed(lead, outcome="won")
    counted()
    counted()
    assert Handed.objects.count() == 3
    leads[0].delete()
    counted()
    met = rules_met(model, people("marketer"))[model.rules.get().pk]
    assert (met.tally.n, met.now) == (2, 2)


def test_a_changed_rule_is_said_to_be_uncounted(people: Any) -> None:
    model = model_of({"condition": fact("country", "France")})
    counted()
    model.rules.update(points=20)
    assert rules_met(model, people("marketer"))[model.rules.get().pk].stale


def test_the_day_counts_by_itself_once() -> None:
    captured(country="France")
    assert study_drain() == 1 and study_drain() == 0
    study = Study.objects.get()
    assert study.state == Leased.State.DONE and study.by is None and study.result["leads"] == 1


def test_a_draft_that_was_counted_today_does_not_stand_for_the_active_model(people: Any) -> None:
    draft = model_draft(source=active_model(), by=people("marketer"))
    study_start(kind=Study.Kind.COUNT, model=draft, by=people("marketer"))
    assert study_drain() + study_drain() == 2
    assert set(Study.objects.values_list("model", flat=True)) == {draft.pk, active_model().pk}  # type: ignore[union-attr]


def test_a_study_that_was_left_is_taken_up_again() -> None:
    model = model_of({"condition": fact("country", "France")})
    study = study_start(kind=Study.Kind.COUNT, model=model, by=persona("marketer"))
    Study.objects.update(lease_until=timezone.now() - timedelta(seconds=1), attempts=1, lease_token=None)
    assert study_drain() == 1
    study.refresh_from_db()
    assert study.state == Leased.State.DONE and study.attempts == 2


def test_condition_keys_and_days() -> None:
    a, b = fact("country", "France"), fact("city", "Paris")
    assert lift.condition_key({"all": [a, b]}) == lift.condition_key({"all": [b, {"any": [a]}]})
    assert lift.condition_key({"any": [a, b]}) != lift.condition_key({"all": [a, b]})
    from scoring.rules import Rule

    assert lift.days_counting(Rule(1, "engagement", "x", 8, kind="k", half_life=10)) == 41
    assert lift.days_counting(Rule(1, "engagement", "x", 8, kind="k", half_life=10, fade="expiring")) == 10


def test_the_same_bits_are_twins_only_where_they_are_many() -> None:
    assert lift.twins({0b011: 12, 0b100: 20}, [7, 8, 9]) == {8: 7}
    assert lift.twins({0b011: 3, 0b100: 20}, [7, 8, 9]) == {}
    assert lift.twins({0b011: 12, 0b010: 1}, [7, 8, 9]) == {}
