"""The arithmetic: whatever the deeds, their order and their number."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from leads import sense
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
    fade=st.sampled_from([rules.HALVING, rules.EXPIRING]),
    counts=st.sampled_from([rules.EACH, rules.ONCE, rules.DAILY]),
    a_day=st.integers(1, 3),
)
fit_rule = st.builds(Rule, id=st.just(0), group=st.just("fit"), name=st.just("y"), points=st.integers(-100, 100))
negative_rule = st.one_of(fit_rule, engagement_rule).map(
    lambda one: replace(one, group="negative", points=-abs(one.points) or -1)
)
deed = st.tuples(st.sampled_from([*KINDS, "note"]), st.integers(TODAY - 400, TODAY))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    fit = draw(st.lists(fit_rule, max_size=4))
    engagement = draw(st.lists(engagement_rule, max_size=5))
    negative = draw(st.lists(negative_rule, max_size=3))
    numbered = [replace(one, id=index) for index, one in enumerate([*fit, *engagement, *negative])]
    return Card(
        fit=tuple(one for one in numbered if one.group == "fit"),
        engagement=tuple(one for one in numbered if one.group == "engagement"),
        negative=tuple(one for one in numbered if one.group == "negative"),
        negative_cap=draw(st.integers(0, 100)),
        fit_cap=draw(st.integers(0, 100)),
        engagement_cap=draw(st.integers(0, 100)),
    )


def score(card: Card, matching: set[int], deeds: list[tuple[str, int]], today: int = TODAY) -> rules.Score:
    return rules.fold(card, matching, rules.deed_sums(card, deeds, today))


@given(cards(), st.sets(st.integers(0, 11)), st.lists(deed, max_size=30))
def test_score_stays_within_its_caps(card: Card, matching: set[int], deeds: list[tuple[str, int]]) -> None:
    found = score(card, matching, deeds)
    assert 0 <= found.fit <= card.fit_cap
    assert 0 <= found.engagement <= card.engagement_cap
    assert 0 <= found.negative <= card.negative_cap
    assert found.score == max(0, found.fit + found.engagement - found.negative)


@given(cards(), st.sets(st.integers(0, 11)), st.lists(deed, max_size=30), st.randoms())
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
    card = Card(engagement=(Rule(1, "engagement", "x", 1, kind="call", half_life=half_life),))
    gone, coming = TODAY - len(kept), TODAY + 3
    assert rules.deed_sums(card, [("call", gone)], TODAY) == [0]
    assert rules.deed_sums(card, [("call", coming)], TODAY) == [MICRO]


@given(cards(), st.sets(st.integers(0, 11)), st.lists(deed, max_size=40))
def test_the_parts_sum_exactly_to_the_score(card: Card, matching: set[int], deeds: list[tuple[str, int]]) -> None:
    numbered = [(kind, day, index) for index, (kind, day) in enumerate(deeds)]
    parts = explain.explain(card, matching, numbered, TODAY)
    found = score(card, matching, deeds)
    assert sum((part.points for part in parts), Decimal(0)) == found.score
    taken = found.score - found.fit - found.engagement
    for group, value in (("fit", found.fit), ("engagement", found.engagement), ("negative", taken)):
        assert sum((part.points for part in parts if part.group == group), Decimal(0)) == value
    roundings = [part for part in parts if part.rule is None]
    groups = [part.group for part in roundings]
    assert len(groups) == len(set(groups)) and "fit" not in groups
    assert all(abs(part.points) <= Decimal("0.5") for part in roundings)


@given(cards(), st.sets(st.integers(0, 11)), st.lists(deed, max_size=10), st.integers(1, 100))
def test_what_is_said_to_lift_does_lift(
    card: Card, holding: set[int], deeds: list[tuple[str, int]], bar: int
) -> None:
    now = score(card, holding, deeds).score
    for step in explain.lifts(card, holding, deeds, TODAY, bar):
        more = deeds + [(step.rule.kind, TODAY)] * (step.times if step.rule.group == "engagement" else 0)
        matching = holding if step.rule.group == "engagement" else holding ^ {step.rule.id}
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


@given(cards(), st.sets(st.integers(0, 11)), st.lists(deed, max_size=15))
def test_the_history_ends_at_the_score_and_every_day_is_the_fold_of_what_was_then(
    card: Card, matching: set[int], deeds: list[tuple[str, int]]
) -> None:
    past = rules.history(card, matching, rules.tally(deeds, TODAY), TODAY - 30, TODAY)
    assert past[-1] == score(card, matching, deeds)
    for back in (30, 11, 1):
        then = [one for one in deeds if one[1] <= TODAY - back]
        assert past[30 - back] == score(card, matching, then, TODAY - back)


@given(cards(), st.lists(deed, max_size=30))
def test_counting_deeds_by_the_day_first_comes_to_the_same(card: Card, deeds: list[tuple[str, int]]) -> None:
    assert rules.tally_sums(card, rules.tally(deeds, TODAY), TODAY) == rules.deed_sums(card, deeds, TODAY)
    plain = replace(card, engagement=tuple(replace(one, counts=rules.EACH) for one in card.engagement), negative=())
    assert rules.tally_sums(plain, rules.tally(deeds, TODAY), TODAY) == rules.deed_sums(plain, deeds, TODAY)


def days_of(rule: Rule, days: list[int]) -> list[int]:
    """What is left of one deed today, after so many days each."""
    return [score(Card(engagement=(rule,)), set(), [("call", TODAY - day)]).engagement for day in days]


def test_points_that_expire_are_whole_until_then_and_none_after() -> None:
    rule = Rule(1, "engagement", "Called", 20, kind="call", half_life=7, fade=rules.EXPIRING)
    assert days_of(rule, [0, 6, 7, 30]) == [20, 20, 0, 0]
    part = explain.explain(Card(engagement=(rule,)), set(), [("call", TODAY - 2, 1)], TODAY)[0]
    assert (part.half_day, part.gone_day) == (None, TODAY + 5)


@pytest.mark.parametrize(
    ("counts", "a_day", "expected"), [(rules.EACH, 1, 45), (rules.ONCE, 1, 10), (rules.DAILY, 2, 30)]
)
def test_a_rule_counts_each_deed_or_the_newest_or_so_many_a_day(counts: str, a_day: int, expected: int) -> None:
    rule = Rule(1, "engagement", "Called", 10, kind="call", half_life=10, counts=counts, a_day=a_day)
    deeds = [("call", TODAY)] * 3 + [("call", TODAY - 10)] * 3
    card = Card(engagement=(rule,))
    assert score(card, set(), deeds).engagement == expected
    parts = explain.explain(card, set(), [(kind, day, i) for i, (kind, day) in enumerate(deeds)], TODAY)
    withheld = {rules.EACH: 0, rules.ONCE: 5, rules.DAILY: 2}[counts]
    assert [part.capped for part in parts if not part.points] == [counts] * withheld


def test_the_negative_group_takes_within_its_cap_and_leaves_the_grade() -> None:
    card = Card(
        fit=(Rule(1, "fit", "Decision maker", 40),),
        negative=(
            Rule(2, "negative", "Student", -15),
            Rule(3, "negative", "Unsubscribed", -30, kind="unsubscribed", half_life=10),
        ),
        negative_cap=35,
    )
    assert (score(card, {1, 2}, []).score, score(card, {1}, []).score, score(card, {2}, []).score) == (25, 40, 0)
    both = score(card, {1, 2}, [("unsubscribed", TODAY)])
    assert (both.negative, both.score, both.grade) == (35, 5, "A4")
    parts = explain.explain(card, {1, 2}, [("unsubscribed", TODAY - 10, 7)], TODAY)
    assert [(part.group, part.points) for part in parts] == [("fit", 40), ("negative", -15), ("negative", -15)]
    assert {part.capped for part in explain.explain(card, {2}, [], TODAY)} == {"floor"}


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
        {"all": [{"did": "meeting", "times": 3}, {"not": {"did": "meeting", "times": 2}}]},
        {"all": [{"did": "meeting", "within_days": 7}, {"not": {"did": "meeting", "within_days": 30}}]},
        {"all": [{"did": "meeting"}, {"all": [{"did": "call"}, {"not": {"did": "meeting"}}]}]},
        {
            "all": [
                {"fact": "lead.country", "op": "is", "value": "France"},
                {"fact": "lead.country", "op": "starts_with", "value": "sp"},
            ]
        },
        {
            "all": [
                {"fact": "lead.country", "op": "in", "value": ["France", "Spain"]},
                {"fact": "lead.country", "op": "not_in", "value": ["spain", "france"]},
            ]
        },
        {
            "all": [
                {"fact": "lead.consent_email", "op": "is", "value": True},
                {"fact": "lead.consent_email", "op": "is", "value": False},
            ]
        },
        {"fact": "standing.grade", "op": "is", "value": "A1"},
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
    assert sense.contradiction(fine) == ""
    edge = {
        "all": [
            {"fact": "company.employees", "op": ">=", "value": 50},
            {"fact": "company.employees", "op": "<=", "value": 50},
        ]
    }
    assert sense.contradiction(edge) == ""
    for did, never in (
        ({"did": "meeting"}, {"did": "meeting", "times": 2}),  # exactly once
        ({"did": "meeting"}, {"did": "meeting", "within_days": 30}),  # long ago
        ({"did": "meeting", "within_days": 30}, {"did": "meeting", "within_days": 7}),
        ({"did": "meeting"}, {"did": "call"}),
    ):
        assert sense.contradiction({"all": [did, {"not": never}]}) == ""


@pytest.mark.parametrize(
    "condition",
    [
        {"any": [{"did": "meeting"}, {"not": {"did": "meeting"}}]},
        {
            "any": [
                {"fact": "lead.city", "op": "empty", "value": None},
                {"fact": "lead.city", "op": "not_empty", "value": None},
            ]
        },
        {
            "any": [
                {"fact": "lead.city", "op": "is", "value": "Rome"},
                {"fact": "lead.city", "op": "is_not", "value": "Rome"},
            ]
        },
        {
            "any": [
                {"fact": "lead.consent_email", "op": "is", "value": True},
                {"fact": "lead.consent_email", "op": "is", "value": False},
            ]
        },
    ],
)
def test_a_condition_that_always_holds_is_refused_and_its_opposite_too(condition: dict) -> None:
    usual = {"group": "fit", "name": "x", "points": 5, "kind": "", "half_life": 30, "cap": 100}
    for one in (condition, {"not": condition}):
        with pytest.raises(Refused) as refusal:
            checks.rule_check(condition=one, **usual)
        assert refusal.value.field == "condition"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"points": 5}, "points"),
        ({"kind": "call"}, "activity_kind"),
        ({"condition": {}}, "condition"),
        ({"condition": {}, "kind": "call", "counts": "daily", "a_day": 0}, "a_day"),
    ],
)
def test_a_wrong_negative_rule_names_its_field(change: dict, field: str) -> None:
    usual = {"group": "negative", "name": "x", "points": -5, "condition": {"did": "call"}, "kind": ""}
    usual |= {"half_life": 9, "cap": 9}
    checks.rule_check(**usual)
    with pytest.raises(Refused) as refusal:
        checks.rule_check(**{**usual, **change})
    assert refusal.value.field == field
