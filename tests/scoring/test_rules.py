"""The arithmetic: whatever the deeds, their order and their number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from scoring import checks, explain, rules
from scoring.rules import MICRO, Card, Rule

KINDS = ["page_viewed", "pricing_viewed", "demo_requested", "unsubscribed"]
TODAY = 740_000
engagement_rule = st.builds(
    Rule,
    id=st.just(0),
    group=st.just("engagement"),
    name=st.just("x"),
    points=st.integers(-100, 100),
    cap=st.integers(1, 200),
    kind=st.sampled_from(KINDS),
    half_life=st.integers(1, 90),
)
fit_rule = st.builds(Rule, id=st.just(0), group=st.just("fit"), name=st.just("y"), points=st.integers(-100, 100))
deed = st.tuples(st.sampled_from([*KINDS, "note"]), st.integers(TODAY - 400, TODAY))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    fit = draw(st.lists(fit_rule, max_size=4))
    engagement = draw(st.lists(engagement_rule, max_size=5))
    numbered = [Rule(**{**vars(one), "id": index}) for index, one in enumerate([*fit, *engagement])]
    return Card(
        fit=tuple(numbered[: len(fit)]),
        engagement=tuple(numbered[len(fit) :]),
        fit_cap=draw(st.integers(0, 100)),
        engagement_cap=draw(st.integers(0, 100)),
    )


def score(card: Card, matching: set[int], deeds: list[tuple[str, int]], today: int = TODAY) -> rules.Score:
    return rules.fold(card, matching, rules.deed_sums(card, deeds, today))


@given(cards(), st.sets(st.integers(0, 4)), st.lists(deed, max_size=30))
def test_score_stays_within_its_caps(card: Card, matching: set[int], deeds: list[tuple[str, int]]) -> None:
    found = score(card, matching, deeds)
    assert 0 <= found.fit <= card.fit_cap
    assert 0 <= found.engagement <= card.engagement_cap
    assert found.score == found.fit + found.engagement


@given(cards(), st.sets(st.integers(0, 4)), st.lists(deed, max_size=30), st.randoms())
def test_order_does_not_matter(card: Card, matching: set[int], deeds: list[tuple[str, int]], random: object) -> None:
    mixed = list(deeds)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert score(card, matching, mixed) == score(card, matching, deeds)


@given(st.lists(deed, min_size=1, max_size=20), st.integers(1, 90), st.lists(st.integers(0, 200), min_size=2))
def test_a_plus_only_fades(deeds: list[tuple[str, int]], half_life: int, days: list[int]) -> None:
    every = tuple(Rule(i, "engagement", "x", 9, kind=kind, half_life=half_life) for i, kind in enumerate(KINDS))
    card = Card(engagement=every)
    seen = [score(card, set(), deeds, TODAY + day).engagement for day in sorted(days)]
    assert seen == sorted(seen, reverse=True)


@given(st.integers(1, 365))
def test_half_after_the_half_life_and_falling_to_nothing(half_life: int) -> None:
    kept = rules.weights(half_life)
    assert kept[0] == MICRO and kept[half_life] == MICRO // 2
    assert list(kept) == sorted(kept, reverse=True)
    assert rules.weight(len(kept), half_life) == 0 and rules.weight(-3, half_life) == MICRO


@given(cards(), st.sets(st.integers(0, 4)), st.lists(deed, max_size=40))
def test_the_parts_sum_exactly_to_the_score(card: Card, matching: set[int], deeds: list[tuple[str, int]]) -> None:
    numbered = [(kind, day, index) for index, (kind, day) in enumerate(deeds)]
    parts = explain.explain(card, matching, numbered, TODAY)
    found = score(card, matching, deeds)
    assert sum((part.points for part in parts), Decimal(0)) == found.score
    for group, value in (("fit", found.fit), ("engagement", found.engagement)):
        assert sum((part.points for part in parts if part.group == group), Decimal(0)) == value
    roundings = [part for part in parts if part.rule is None]
    assert len(roundings) <= 1 and all(abs(part.points) <= Decimal("0.5") for part in roundings)


@given(cards(), st.lists(deed, max_size=10), st.integers(1, 100))
def test_what_is_said_to_lift_does_lift(card: Card, deeds: list[tuple[str, int]], bar: int) -> None:
    now = score(card, set(), deeds).score
    for step in explain.lifts(card, set(), deeds, TODAY, bar):
        more = deeds + [(step.rule.kind, TODAY)] * (step.times if step.rule.group == "engagement" else 0)
        matching = {step.rule.id} if step.rule.group == "fit" else set()
        if step.rule.group == "engagement" and [r.kind for r in card.engagement].count(step.rule.kind) > 1:
            continue  # another rule counts the same deed
        then = score(card, matching, more).score
        assert then - now == step.gain and step.enough == (then >= bar)


def test_a_rule_and_the_group_are_capped_apart() -> None:
    card = Card(
        engagement=(
            Rule(1, "engagement", "Pricing", 12, cap=30, kind="pricing_viewed"),
            Rule(2, "engagement", "Demo", 40, cap=100, kind="demo_requested"),
        ),
        engagement_cap=60,
    )
    deeds = [("pricing_viewed", TODAY)] * 5
    assert score(card, set(), deeds).engagement == 30
    assert score(card, set(), [*deeds, ("demo_requested", TODAY)]).engagement == 60
    parts = explain.explain(card, set(), [(kind, day, i) for i, (kind, day) in enumerate(deeds)], TODAY)
    assert sorted(part.capped for part in parts) == ["", "", "rule", "rule", "rule"]


def test_a_minus_never_goes_below_zero_and_says_so() -> None:
    card = Card(engagement=(Rule(1, "engagement", "Left", -25, kind="unsubscribed"),))
    parts = explain.explain(card, set(), [("unsubscribed", TODAY, 7)], TODAY)
    assert [(part.points, part.capped) for part in parts] == [(Decimal(0), "floor")]


def test_grade_and_reason() -> None:
    card = Card(
        fit=(Rule(1, "fit", "Decision maker", 40),),
        engagement=(Rule(2, "engagement", "Requested a demo", 40, kind="demo_requested"),),
    )
    found = score(card, {1}, [("demo_requested", TODAY)])
    assert (found.grade, found.reason) == ("A1", "Requested a demo, Decision maker")
    assert len(found.reason.split()) <= 5
    assert score(card, set(), []).grade == "D4"


def test_stages_only_go_forward() -> None:
    card = Card(stage_bars={"interest": 20, "evaluation": 40})
    ladder = ["awareness", "interest", "evaluation"]
    assert rules.stage_for(card, 45, ladder, "awareness") == "evaluation"
    assert rules.stage_for(card, 25, ladder, "evaluation") is None
    assert rules.stage_for(card, 5, ladder, "awareness") is None
    assert rules.stage_for(card, 90, ladder, "handed_off") is None


@pytest.mark.parametrize(
    "condition",
    [
        {
            "all": [
                {"fact": "company.employees", "op": ">", "value": 50},
                {"fact": "company.employees", "op": "<", "value": 20},
            ]
        },
        {
            "all": [
                {"fact": "lead.country", "op": "is", "value": "France"},
                {"fact": "lead.country", "op": "is", "value": "Spain"},
            ]
        },
        {
            "all": [
                {"fact": "lead.phone", "op": "empty", "value": None},
                {"fact": "lead.phone", "op": "contains", "value": "1"},
            ]
        },
        {"all": [{"did": "meeting"}, {"not": {"did": "meeting"}}]},
        {"fact": "standing.score", "op": ">=", "value": 5},
        {},
    ],
)
def test_conditions_that_cannot_be_are_refused(condition: dict) -> None:
    with pytest.raises(Refused) as refusal:
        checks.rule_check(group="fit", name="x", points=5, condition=condition, kind="", half_life=30, cap=100)
    assert refusal.value.field == "condition"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"points": 101}, "points"),
        ({"points": 0}, "points"),
        ({"half_life": 0}, "half_life_days"),
        ({"kind": "Not A Slug"}, "activity_kind"),
        ({"cap": 0}, "cap"),
        ({"name": " "}, "name"),
    ],
)
def test_rules_that_cannot_be_name_their_field(change: dict, field: str) -> None:
    usual = {
        "group": "engagement",
        "name": "x",
        "points": 5,
        "condition": {},
        "kind": "call",
        "half_life": 9,
        "cap": 9,
    }
    with pytest.raises(Refused) as refusal:
        checks.rule_check(**{**usual, **change})
    assert refusal.value.field == field


def test_contradictions_inside_a_branch_of_any_are_no_contradiction() -> None:
    fine = {"any": [{"fact": "lead.country", "op": "is", "value": "France"}, {"did": "meeting"}]}
    assert checks.contradiction(fine) == ""
    edge = {
        "all": [
            {"fact": "company.employees", "op": ">=", "value": 50},
            {"fact": "company.employees", "op": "<=", "value": 50},
        ]
    }
    assert checks.contradiction(edge) == ""
