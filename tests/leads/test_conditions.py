"""The compiled query means what a person reading the condition would decide, lead by lead."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.errors import Refused
from funnels.selectors import stage_get
from leads.compiler import condition_q, leads_matching
from leads.conditions import condition_check, condition_sentence
from leads.models import Activity, Company, LastActive, Lead, Standing, Tag

NOW = timezone.now()
TEXTS = ["", "Berlin", "berlin", "Ber", "50", "a_b", "100%", "Rome"]
CUSTOM = [None, "", "Berlin", "berlin", 50, 7.5, True, False, "50", ["x"], {"y": 1}, -3]
KINDS = ["pricing_viewed", "call", "demo_requested"]
STAGES = ["awareness", "interest", "evaluation"]

lead_facts = st.fixed_dictionaries(
    {
        "city": st.sampled_from(TEXTS),
        "source": st.sampled_from(TEXTS),
        "consent": st.booleans(),
        "age": st.integers(0, 60),
        "company": st.none()
        | st.fixed_dictionaries(
            {
                "industry": st.sampled_from(TEXTS),
                "employees": st.none() | st.integers(0, 100),
            }
        ),
        "custom": st.dictionaries(
            st.sampled_from(["size", "2024", "a__gte", "a-b"]), st.sampled_from(CUSTOM), max_size=3
        ),
        "tags": st.sets(st.sampled_from(["vip", "event"]), max_size=2),
        "score": st.integers(0, 100),
        "stage": st.sampled_from(STAGES),
        "idle": st.none() | st.integers(0, 60),
        "deeds": st.lists(
            st.tuples(st.sampled_from(KINDS), st.integers(0, 40), st.sampled_from([0, 0, 1, 2])), max_size=5
        ),
    }
)

text_part = st.one_of(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(["lead.city", "lead.source", "company.industry", "lead.tag", "standing.stage"])
        | st.sampled_from(["custom.size", "custom.2024", "custom.a__gte", "custom.a-b"]),
        st.sampled_from(["is", "is_not", "contains", "starts_with"]),
        st.sampled_from([*TEXTS[1:], "vip", "interest", "true"]),
    ),
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(["lead.city", "company.industry", "lead.tag", "custom.size"]),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from([*TEXTS[1:], "vip"]), min_size=1, max_size=3),
    ),
    st.builds(
        lambda fact, op: {"fact": fact, "op": op},
        st.sampled_from(
            ["lead.city", "company.industry", "company.employees", "lead.tag", "custom.size", "custom.2024"]
        ),
        st.sampled_from(["empty", "not_empty"]),
    ),
)
# asked of the database as one
words_part = st.builds(
    lambda fact, words: {"any": [{"fact": fact, "op": "contains", "value": word} for word in words]},
    st.sampled_from(["lead.city", "company.industry", "standing.stage"]),
    st.lists(st.sampled_from([*TEXTS[1:], "_", "%", "est"]), min_size=2, max_size=3),
)
number_fact = st.sampled_from(["company.employees", "standing.score", "custom.size", "custom.a__gte"])
number_part = st.one_of(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        number_fact,
        st.sampled_from([">=", "<=", ">", "<", "=", "!="]),
        st.sampled_from([0, 7.5, 50, -3, 99]),
    ),
    st.builds(lambda fact: {"fact": fact, "op": "between", "value": [5, 50]}, number_fact),
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(["lead.age_days", "standing.idle_days"]),
        st.sampled_from([">=", "<="]),
        st.sampled_from([0.5, 10.5, 40.5]),
    ),
    st.builds(lambda value: {"fact": "lead.consent_email", "op": "is", "value": value}, st.booleans()),
)
deed_part = st.builds(
    lambda kind, times, days: (
        {"did": kind} | ({"times": times} if times else {}) | ({"within_days": days} if days else {})
    ),
    st.sampled_from(KINDS),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, 1, 10, 30]),
)
conditions = st.recursive(
    text_part | words_part | number_part | deed_part,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def _values(facts: dict[str, Any], name: str) -> list[Any]:
    room, _, key = name.partition(".")
    if room == "custom":
        return [facts["custom"].get(key)]
    if name == "lead.tag":
        return list(facts["tags"])
    if room == "company":
        return [(facts["company"] or {}).get(key)]
    known = {"consent_email": "consent", "age_days": "age", "idle_days": "idle"}
    return [facts[known.get(key, key)]]


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value.lower() if isinstance(value, str) else None


def _one(value: Any, op: str, asked: Any, days: bool) -> bool:
    if op in ("is", "in", "contains", "starts_with") and not isinstance(asked, bool):
        text, wanted = _text(value), [one.lower() for one in (asked if isinstance(asked, list) else [asked])]
        if text is None:
            return False
        return {
            "contains": wanted[0] in text,
            "starts_with": text.startswith(wanted[0]),
        }.get(op, text in wanted)
    if op == "is":
        return value is asked
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if op == "between":
        return bool(asked[0] <= value <= asked[1])
    return bool(
        {">=": value >= asked, "<=": value <= asked, ">": value > asked, "<": value < asked, "=": value == asked}[op]
    )


def holds(node: dict[str, Any], facts: dict[str, Any]) -> bool:
    """What the condition says of one lead, decided naively."""
    if "all" in node:
        return all(holds(part, facts) for part in node["all"])
    if "any" in node:
        return any(holds(part, facts) for part in node["any"])
    if "not" in node:
        return not holds(node["not"], facts)
    if "did" in node:
        within = node.get("within_days", 10_000)
        count = sum(kind == node["did"] and bot != 2 and age <= within for kind, age, bot in facts["deeds"])
        return count >= node.get("times", 1)
    values, op = _values(facts, node["fact"]), node["op"]
    if op in ("empty", "not_empty"):
        known = any(value not in (None, "") for value in values)
        return known is (op == "not_empty")
    positive = {"is_not": "is", "not_in": "in", "!=": "="}.get(op, op)
    found = any(_one(value, positive, node["value"], node["fact"].endswith("_days")) for value in values)
    return found is (positive == op)


def _make(number: int, facts: dict[str, Any]) -> Lead:
    company = None
    if facts["company"]:
        company = Company.objects.create(name=f"C{number}", **facts["company"])
    at = NOW - timedelta(days=facts["age"])
    lead = Lead.objects.create(
        email_key=f"p{number}@x.example",
        city=facts["city"],
        source=facts["source"],
        consent_email=facts["consent"],
        custom=facts["custom"],
        company=company,
        created_at=at,
    )
    idle = facts["idle"]
    stage = stage_get("marketing", facts["stage"])
    standing = Standing.objects.create(lead=lead, stage=stage, score=facts["score"], seq=1)
    if idle is not None:
        LastActive.objects.create(standing=standing, at=NOW - timedelta(days=idle))
    lead.tags.set([Tag.objects.get_or_create(name=name)[0] for name in facts["tags"]])
    Activity.objects.bulk_create(
        [Activity(lead=lead, kind=kind, at=NOW - timedelta(days=age), bot=bot) for kind, age, bot in facts["deeds"]]
    )
    return lead


@pytest.mark.django_db(transaction=False)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(lead_facts, min_size=1, max_size=6), st.lists(conditions, min_size=1, max_size=12))
def test_the_query_means_what_the_sentence_says(
    db: Any, people_facts: list[Any], asked: list[dict[str, Any]]
) -> None:
    from django.db import transaction

    with transaction.atomic():
        made = {_make(index, facts).pk: facts for index, facts in enumerate(people_facts)}
        for condition in asked:
            assert condition_check(condition) == condition
            assert condition_sentence(condition)
            expected = {pk for pk, facts in made.items() if holds(condition, facts)}
            mine = Lead.objects.filter(pk__in=made)
            found = [row.pk for row in leads_matching(condition, now=NOW, within=mine)]
            assert sorted(found) == sorted(expected), condition
            standings = Standing.objects.filter(condition_q(condition, now=NOW, root="standing"), pk__in=made)
            assert sorted(standings.values_list("pk", flat=True)) == sorted(expected), condition
            for pk in made:  # one lead, by the same compiler
                one = leads_matching(condition, now=NOW, within=Lead.objects.filter(pk=pk)).exists()
                assert one is (pk in expected)
        transaction.set_rollback(True)


@settings(max_examples=300, deadline=None)
@example({"fact": "lead.city", "op": ["is"], "value": "x"})
@example({"fact": "\ud800", "\ud800": 1})
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["all", "any", "not", "fact", "op", "value", "did", "times"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_anything_is_checked_or_refused_but_never_breaks(anything: Any) -> None:
    try:
        checked = condition_check(anything)
    except Refused as refusal:
        assert refusal.message.encode()
    else:
        assert isinstance(checked, dict)
        condition_sentence(checked)


@pytest.mark.parametrize("part", [{"op": "is", "value": ""}, {"op": "is"}, {"op": "in", "value": []}])
def test_a_part_without_a_value_is_told_in_words(part: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        condition_check({"all": [{"fact": "lead.email", **part}]})
    assert (refusal.value.message, refusal.value.field) == (
        "Say what e-mail is to be compared with.",
        "condition.all[0].value",
    )


NOT_RETAIL = {"fact": "company.industry", "op": "is_not", "value": "Retail"}


@pytest.mark.parametrize(
    ("op", "value", "meant"),
    [
        (">=", -3, {"40 people"}),
        (">", -3, {"40 people"}),
        ("<", 10**12, {"40 people"}),
        ("<=", 10**12, {"40 people"}),
        ("between", [-3, 10**12], {"40 people"}),
        ("<", -3, set()),
        ("=", 10**12, set()),
        ("=", 40, {"40 people"}),
        ("=", 40.5, set()),
        ("!=", 40.5, {"40 people", "number unknown", "no company"}),
        (">=", 10**12, set()),
        ("!=", -3, {"40 people", "number unknown", "no company"}),
    ],
)
def test_a_number_that_the_column_cannot_hold_says_nothing_of_the_unknown(
    db: Any, op: str, value: Any, meant: set[str]
) -> None:
    names = {}
    for name, employees in (("40 people", 40), ("number unknown", None), ("no company", None)):
        company = None if name == "no company" else Company.objects.create(name=name, employees=employees)
        names[Lead.objects.create(email_key=f"{len(names)}@x.example", company=company).pk] = name
    condition = {"fact": "company.employees", "op": op, "value": value}
    everybody = set(names.values())
    for asked, expected in (
        (condition, meant),
        ({"not": condition}, everybody - meant),
        ({"any": [condition, {"fact": "lead.city", "op": "is", "value": "Rome"}]}, meant),
        ({"any": [{"all": [condition, condition]}, NOT_RETAIL]}, everybody),
    ):
        found = leads_matching(condition_check(asked), now=NOW)
        assert {names[lead.pk] for lead in found} == expected, asked
