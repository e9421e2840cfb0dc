"""The pure choice: fair by weight at any moment, no flood for who comes back."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.rules import Candidate, Pool, choose


def serve(pool: list[Candidate], pointers: dict[int, int], cursor: int, times: int) -> tuple[Counter[int], int]:
    counts: Counter[int] = Counter()
    for _ in range(times):
        choice = choose(pool, pointers=pointers, cursor=cursor)
        assert choice.rep is not None
        counts[choice.rep] += 1
        pointers[choice.rep], cursor = choice.pointer, choice.cursor
    return counts, cursor


def free(rep: int, weight: int = 1) -> Candidate:
    return Candidate(id=rep, weight=weight, capacity_open=10**6, capacity_day=10**6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=9), st.integers(1, 300))
def test_equals_differ_by_at_most_one_at_any_moment(weights: list[int], times: int) -> None:
    pool = [free(index, weight) for index, weight in enumerate(weights)]
    counts, _ = serve(pool, {}, 0, times)
    for weight in set(weights):
        served = [counts[one.id] for one in pool if one.weight == weight]
        assert max(served) - min(served) <= 1
    share = times / sum(weights)
    assert all(abs(counts[one.id] - share * one.weight) < len(pool) + 1 for one in pool)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 6), st.integers(0, 200), st.integers(1, 60))
def test_who_joins_late_gets_no_more_than_the_others(others: int, before: int, after: int) -> None:
    pool, pointers = [free(index) for index in range(others)], {}
    _, cursor = serve(pool, pointers, 0, before)
    counts, _ = serve([*pool, free(99)], pointers, cursor, after)
    assert counts[99] - min(counts[one.id] for one in pool) <= 2


def test_the_owner_first_even_when_the_turn_is_another_and_it_counts_for_them() -> None:
    pool = [free(1), free(2)]
    choice = choose(pool, pointers={}, preferred=[(pool[1], "company_owner")])
    assert (choice.rep, choice.how) == (2, "company_owner")
    nxt = choose(pool, pointers={2: choice.pointer}, cursor=choice.cursor)
    assert nxt.rep == 1


def test_the_reasons_of_who_is_skipped() -> None:
    pool = [
        Candidate(1, weight=0),
        Candidate(2, away=True),
        Candidate(3, open=12, capacity_open=12),
        Candidate(4, today=5, capacity_day=5),
        Candidate(5, working=False),
        Candidate(6),
        Candidate(7),
    ]
    choice = choose(pool, pointers={6: 5}, excluded={7})
    assert choice.rep == 6
    assert dict(choice.skipped) == {
        1: "no_share",
        2: "away",
        3: "full:12 of 12",
        4: "full_today:5 of 5",
        5: "off_hours",
        7: "had_it",
    }


def plainly(pool: list[Candidate], pointers: dict[int, int], cursor: int, excluded: set[int], hold: bool) -> Any:
    """The rule as it is told, without a heap: rep, how, who was skipped, whose turns are shown."""
    reasons = {one.id: "had_it" if one.id in excluded else one.unable() for one in pool}
    able = [one for one in pool if not reasons[one.id]]
    ready = [one for one in able if one.working] or ([] if hold else able)
    skipped = {rep: reason for rep, reason in reasons.items() if reason}
    skipped |= {one.id: "off_hours" for one in able if one not in ready}
    turns = [(max(pointers.get(one.id, 0), cursor), one.id) for one in ready]
    how = "round_robin" if any(one.working for one in able) else "off_hours"
    return min(turns)[1] if turns else None, how, skipped, [(rep, turn) for turn, rep in turns[:12]]


REPS = st.builds(
    Candidate,
    id=st.just(0),
    weight=st.integers(0, 3),
    capacity_open=st.integers(0, 6),
    capacity_day=st.integers(0, 6),
    away=st.booleans(),
    working=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(REPS, min_size=1, max_size=16),
    st.lists(st.tuples(st.integers(0, 20), st.sets(st.integers(0, 15), max_size=3)), max_size=60),
    st.booleans(),
)
def test_a_pool_gone_through_in_a_batch_chooses_as_if_each_lead_came_alone(
    pool: list[Candidate], leads: list[tuple[int, set[int]]], hold: bool
) -> None:
    """``leads``: the owner of each (mostly nobody of the pool), and who had it before (mostly looked at: nobody)."""
    for number, one in enumerate(pool):
        one.id = number
    seen, pointers, cursor = Pool(pool, pointers={}, hold_off_hours=hold), dict[int, int](), 0
    for number, (owner, had) in enumerate(leads):
        had = had if number % 4 == 0 else set()
        wanted = [(pool[owner], "lead_owner")] if owner < len(pool) else []
        choice = seen.choose(preferred=wanted, excluded=had)
        rep, how, skipped, shown = plainly(pool, pointers, cursor, had, hold)
        if wanted and owner not in had and not pool[owner].unable():
            assert (choice.rep, choice.how) == (owner, "lead_owner")
        else:
            assert (choice.rep, dict(choice.skipped), choice.pointers) == (rep, skipped, shown)
            assert len(choice.skipped) == len(skipped) and choice.how == (how if rep is not None else "")
        if choice.rep is None:
            continue
        cursor = choice.cursor
        pointers[choice.rep] = choice.pointer
        seen.serve(choice)
        pool[choice.rep].open += 1
        pool[choice.rep].today += 1
        if pool[choice.rep].unable():
            seen.look()
