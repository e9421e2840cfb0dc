"""The walk over the past: what comes later changes nothing of what was before, and nothing is missed on the way."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring import rules
from scoring.backtest import counts as tally
from scoring.backtest import figures
from scoring.backtest.conditions import DAY, Deed, Split
from scoring.backtest.walk import Life, Span, Trial, at_once, rises, score_at, spans
from tests.scoring.test_rules import KINDS, cards

FIRST = 20_000  # days since 1970
LAST = FIRST + 60
CONDITIONS = [
    {"fact": "lead.phone", "op": "not_empty", "value": None},
    {"did": "pricing_viewed"},
    {"not": {"did": "page_viewed", "within_days": 5}},
    {
        "all": [
            {"did": "pricing_viewed", "times": 2, "within_days": 9},
            {"fact": "lead.city", "op": "is", "value": "X"},
        ]
    },
    {"fact": "lead.age_days", "op": ">=", "value": 12},
    {"not": {"fact": "lead.age_days", "op": "<=", "value": 20}},
]
# on a busy machine making the examples is slow now and then, which says nothing of the code
crowded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
moments = st.integers(0, 60 * 24 * 4).map(lambda quarter: FIRST * DAY + quarter * 900.0)


@st.composite
def deeds(draw: st.DrawFn) -> Deed:
    known = draw(moments)
    before = draw(st.sampled_from([0, 0, 60, 3 * DAY, 40 * DAY, -DAY]))
    return Deed(draw(st.sampled_from(KINDS)), known - before, known, draw(st.booleans()) or draw(st.booleans()))


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """A model with rules of every sort; those about facts ask one of the conditions."""
    card = draw(cards())
    numbered = {rule.id: replace(rule, id=rule.id + 1) for rule in (*card.fit, *card.engagement, *card.negative)}
    fit, engagement, negative = (
        tuple(numbered[rule.id] for rule in group) for group in (card.fit, card.engagement, card.negative)
    )
    card = replace(card, fit=fit, engagement=engagement, negative=negative)
    split = Split()
    facts = [rule.id for rule in (*card.fit, *card.negative) if not rule.kind]
    for rule_id in facts:
        split.add(rule_id, draw(st.sampled_from(CONDITIONS)))
    letters = draw(st.sampled_from(["", "", "ABC"]))
    return Trial(card, split, tuple(facts), frozenset(letters))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    found = sorted(draw(st.lists(deeds(), max_size=14)), key=lambda one: one.known)
    held = frozenset(draw(st.sets(st.integers(0, 4))))
    return Life(FIRST * DAY, held, found)


def span(start: float = FIRST * DAY, end: float = (LAST + 1) * DAY - 1) -> Span:
    return Span(1, start, end, start)


@given(trials(), lives(), moments)
@crowded
def test_what_comes_later_changes_nothing(trial: Trial, life: Life, cut: float) -> None:
    day = int(cut // DAY)
    before = [one for one in rises(trial, life, span()) if one[0] < day]
    known = replace(life, deeds=[one for one in life.deeds if one.known < day * DAY])
    assert [one for one in rises(trial, known, span()) if one[0] < day] == before
    assert [one for one in rises(trial, life, span(end=cut)) if one[0] < day] == before


@given(trials(), lives())
@crowded
def test_no_day_is_missed(trial: Trial, life: Life) -> None:
    """Looking only where the score may rise finds what looking at every day finds."""
    top, found = -1, []
    for day in range(FIRST, LAST + 1):
        score = score_at(trial, life, min((day + 1) * DAY - 1e-6, span().end))
        if score.score > top and (not trial.letters or score.grade[0] in trial.letters):
            top = score.score
            found.append((day, top))
    assert rises(trial, life, span()) == found


def card_of(**points: int) -> rules.Card:
    return rules.Card(
        engagement=tuple(
            rules.Rule(id=index, group="engagement", name=kind, points=given, kind=kind)
            for index, (kind, given) in enumerate(points.items(), 1)
        )
    )


def test_a_deed_counts_from_when_it_was_written_down() -> None:
    trial = Trial(card_of(demo_requested=40), Split(), ())
    late = Deed("demo_requested", FIRST * DAY + 60, (FIRST + 30) * DAY + 60)
    assert rises(trial, Life(FIRST * DAY, frozenset(), [late]), span()) == [(FIRST, 0), (FIRST + 30, 20)]


def test_a_deed_after_the_handoff_counts_for_nothing() -> None:
    trial = Trial(card_of(meeting=40), Split(), ())
    noon = (FIRST + 3) * DAY + 43_200
    life = Life(FIRST * DAY, frozenset(), [Deed("meeting", noon + 60, noon + 60)])
    assert rises(trial, life, span(end=noon)) == [(FIRST, 0)]


def test_a_minus_that_ends_lets_the_score_rise() -> None:
    card = rules.Card(
        engagement=(
            rules.Rule(id=1, group="engagement", name="p", points=50, kind="p", fade="expiring", half_life=90),
        ),
        negative=(rules.Rule(id=2, group="negative", name="n", points=-30, kind="n", fade="expiring", half_life=10),),
    )
    at = FIRST * DAY + 60
    life = Life(FIRST * DAY, frozenset(), [Deed("n", at, at), Deed("p", at, at)])
    assert rises(Trial(card, Split(), ()), life, span()) == [(FIRST, 20), (FIRST + 10, 50)]


def test_stays_follow_the_ledger_and_end_where_sales_gets_the_lead() -> None:
    open_stages, until = {1, 2}, 1000.0
    moves = [(1, 10.0, 1), (1, 20.0, 2), (1, 30.0, 9), (2, 40.0, 2), (2, 60.0, 8), (2, 70.0, 1)]
    found = spans(moves, open_stages, [(1, 30.0)], until, 0)
    assert [(one.cycle, one.start, one.end, ended) for one, ended in found] == [
        (1, 10.0, 30.0, 0),
        (2, 40.0, 60.0, None),
        (2, 70.0, 1000.0, None),
    ]
    # a deal that somebody opened by hand takes it away, whatever its stage; a bit later than the ledger is the same
    assert [(one.end, ended) for one, ended in spans(moves[:1], open_stages, [(0, 50.0)], until, 0)] == [(50.0, 0)]
    assert [(one.end, ended) for one, ended in spans(moves[:3], open_stages, [(1, 31.0)], until, 0)] == [(30.0, 0)]
    # who came back waits, and does not pass twice in one cycle
    assert spans(moves, open_stages, [(2, 60.0)], until, 14)[1][0].ready == 40.0 + 14 * DAY
    assert len(spans(moves, open_stages, [(2, 60.0)], until, 14)) == 2


def test_a_high_intent_deed_passes_at_once_while_it_is_fresh() -> None:
    at = (FIRST + 3) * DAY + 60
    asked = Deed("demo_requested", at, at)
    life = Life(0, frozenset(), [asked])
    assert at_once(life, span(), ["demo_requested"], 7) == FIRST + 3
    assert at_once(life, span(end=at - 1), ["demo_requested"], 7) is None
    assert at_once(replace(life, deeds=[replace(asked, human=False)]), span(), ["demo_requested"], 7) is None
    assert at_once(replace(life, deeds=[replace(asked, at=at - 8 * DAY)]), span(), ["demo_requested"], 7) is None
    again = Span(2, at + 1, at + DAY, at + 1)
    assert at_once(life, again, ["demo_requested"], 7) is None


stays = st.tuples(
    st.lists(st.tuples(st.integers(FIRST - 5, LAST), st.integers(0, 230)), max_size=5),
    st.one_of(st.none(), st.integers(FIRST - 5, LAST)),
    st.sampled_from(["", *tally.KINDS]),
)


@crowded
@given(st.lists(stays, max_size=12), st.integers(0, 200))
def test_the_counts_add_up(found: list[tuple[list[tuple[int, int]], int | None, str]], bar: int) -> None:
    """Each number at each bar is what counting by hand gives, in whatever parts."""
    period = tally.Period(FIRST, LAST)
    half = len(found) // 2
    parts = [tally.blank(period.weeks, 1), tally.blank(period.weeks, 1)]
    passed, called, won = 0, dict.fromkeys(tally.KINDS, 0), 0
    for index, (steps, once, outcome) in enumerate(found):
        top, rising = -1, []
        for day, height in sorted(steps):
            if height > top:
                rising.append((day, height))
                top = height
        tally.add(parts[index >= half], tally.Seen(index, [rising], once, outcome), period, [bar])
        days = [day for day, height in rising if height >= bar] + ([once] if once is not None else [])
        passed += bool(days) and period.first <= min(days) <= period.last
        won += outcome == "won"
        if outcome:
            called[outcome] += bool(days)
    counts = tally.merge(*parts)
    side = figures.side(counts["trials"][0], bar, 61)
    assert (side.mqls, side.outcomes, side.recall.n) == (passed, called, won)
    assert side == figures.curve(counts["trials"][0], 61)[bar]
    assert counts["spans"] == len(found)
    assert sum(one.won.n for one in figures.tenths(counts["trials"][0])) in (
        0,
        sum(outcome in figures.DECIDED for *_, outcome in found),
    )
