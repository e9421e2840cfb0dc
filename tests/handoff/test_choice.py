"""The pure choice: fair by weight at any moment, no flood for who comes back, each strategy by its numbers."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.rules import UNIT, Candidate, Need, Pool, Record, shares, wilson_lower


class Kept:
    """What the database keeps of a pool between batches."""

    def __init__(self) -> None:
        self.pointers: dict[int, int] = {}
        self.weights: dict[int, int] = {}
        self.away: set[int] = set()
        self.cursors: dict[str, int] = {}

    def pool(self, reps: list[Candidate], **rest: Any) -> Pool:
        kept: Any = {"pointers": self.pointers, "counted": self.weights, "away": self.away, "cursors": self.cursors}
        return Pool(reps, **kept, **rest)

    def put(self, pool: Pool) -> None:
        self.pointers |= {rep: pool.pointers[rep] for rep in pool.moved}
        self.weights |= {rep: pool.weights.get(rep, 0) for rep in pool.moved}
        self.away = set(pool.away)
        self.cursors = dict(pool.cursors_now())


def serve(kept: Kept, reps: list[Candidate], times: int, batch: int = 7, **rest: Any) -> list[int]:
    """Who gets the next so many leads, given out in batches as workers do."""
    out = []
    while len(out) < times:
        pool = kept.pool(reps, **rest)
        for _ in range(min(batch, times - len(out))):
            choice = pool.choose()
            assert choice.rep is not None
            pool.serve(choice)
            pool.by_id[choice.rep].open += 1
            out.append(choice.rep)
        kept.put(pool)
    return out


def free(rep: int, weight: int = 1, **rest: Any) -> Candidate:
    return Candidate(id=rep, weight=weight, capacity_open=10**6, capacity_day=10**6, **rest)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=9), st.integers(1, 400), st.integers(1, 30))
def test_everybody_is_within_one_of_their_share_at_any_moment_and_equals_of_each_other(
    weights: list[int], times: int, batch: int
) -> None:
    pool = [free(index, weight) for index, weight in enumerate(weights)]
    counts = Counter({one.id: 0 for one in pool})
    for number, rep in enumerate(serve(Kept(), pool, times, batch), start=1):
        counts[rep] += 1
        for one in pool:
            # a weight that does not divide the unit is a billionth off
            assert abs(counts[one.id] - number * one.weight / sum(weights)) < 1 + 1e-6
        for weight in set(weights):
            served = [counts[one.id] for one in pool if one.weight == weight]
            assert max(served) - min(served) <= 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["", "de", "fr"]), min_size=1, max_size=200),
    st.lists(st.sampled_from([(), ("de",), ("fr",), ("de", "fr")]), min_size=2, max_size=8),
    st.integers(1, 20),
)
def test_equals_stay_within_one_also_when_only_some_can_have_some_leads(
    leads: list[str], speak: list[tuple[str, ...]], batch: int
) -> None:
    reps = [free(index, languages=languages) for index, languages in enumerate(speak)]
    kept, counts = Kept(), Counter({one.id: 0 for one in reps})
    for start in range(0, len(leads), batch):
        pool = kept.pool(reps)
        for language in leads[start : start + batch]:
            choice = pool.choose(need=Need((language,)) if language else Need())
            if choice.rep is None:
                assert not any(language in one.languages for one in reps)
                continue
            assert not language or language in pool.by_id[choice.rep].languages
            pool.serve(choice)
            counts[choice.rep] += 1
            for same in set(speak):
                served = [counts[one.id] for one in reps if one.languages == same]
                assert max(served) - min(served) <= 1
        kept.put(pool)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 6), st.integers(0, 200), st.integers(1, 60))
def test_who_joins_late_gets_no_more_than_the_others(others: int, before: int, after: int) -> None:
    pool, kept = [free(index) for index in range(others)], Kept()
    serve(kept, pool, before)
    counts = Counter(serve(kept, [*pool, free(99)], after))
    assert counts[99] - min(counts[one.id] for one in pool) <= 2


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 6), st.integers(1, 60), st.integers(1, 90), st.integers(1, 60))
def test_who_comes_back_catches_nothing_up(others: int, together: int, away: int, after: int) -> None:
    everybody, kept = [free(index) for index in range(others + 1)], Kept()
    serve(kept, everybody, together)
    serve(kept, everybody[:-1], away)
    counts = Counter(serve(kept, everybody, after))
    assert counts[others] <= -(-after // (others + 1)) + 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=2, max_size=7),
    st.integers(0, 150),
    st.integers(1, 200),
    st.sampled_from([1, 2000]),
)
def test_who_gets_another_weight_has_the_new_share_from_then_on(
    weights: list[tuple[int, int]], before: int, after: int, scale: int
) -> None:
    kept, counts = Kept(), Counter[int]()
    serve(kept, [free(pk, first) for pk, (first, _) in enumerate(weights)], before)
    then = [second * scale for _, second in weights]  # shares by win rate are thousands
    for number, rep in enumerate(serve(kept, [free(pk, one) for pk, one in enumerate(then)], after), start=1):
        counts[rep] += 1
        for pk, weight in enumerate(then):  # one from before, one from now on
            assert abs(counts[pk] - number * weight / sum(then)) < 2 + 1e-5


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=7),
    st.lists(
        st.tuples(st.sampled_from(["come", "leave", "weigh", "new"]), st.integers(0, 9), st.integers(1, 20)),
        max_size=12,
    ),
    st.lists(st.integers(0, 40), min_size=12, max_size=12),
)
def test_whoever_comes_goes_or_is_weighed_anew_nobody_is_two_leads_off(
    weights: list[int], changes: list[tuple[str, int, int]], times: list[int]
) -> None:
    """After each change the counting begins anew: one lead may be from before, one from now on."""
    reps, kept = [free(pk, weight) for pk, weight in enumerate(weights)], Kept()
    for (what, which, weight), many in zip(changes, times, strict=False):
        one = reps[which % len(reps)]
        if what == "new":
            reps.append(free(len(reps), weight))
        elif what == "weigh":
            one.weight = weight
        elif what == "come" or sum(not other.away for other in reps) > 1:
            one.away = what == "leave"
        there, counts = [other for other in reps if not other.away], Counter[int]()
        total = sum(other.weight for other in there)
        for number, rep in enumerate(serve(kept, reps, many, which + 1), start=1):
            counts[rep] += 1
            for other in there:
                assert abs(counts[other.id] - number * other.weight / total) < 2 + 1e-5


@pytest.mark.parametrize(("early", "together"), [(1, 1), (2, 1), (1, 2), (3, 3)])
def test_who_begins_work_later_than_the_others_has_a_share_of_what_comes_then(early: int, together: int) -> None:
    first, second = [free(pk) for pk in range(8)], [free(pk) for pk in range(8, 16)]
    kept, counts = Kept(), Counter[int]()
    for _ in range(60):
        counts.update(serve(kept, first, early, 1))
        counts.update(serve(kept, first + second, together, 1))
    always, later = [counts[one.id] for one in first], [counts[one.id] for one in second]
    assert max(later) - min(later) <= 1 and max(always) - min(always) <= 1
    assert 60 * together / 2 - 8 <= sum(later) <= sum(always) + 8


def owned(kept: Kept, reps: list[Candidate], owner: Candidate, times: int) -> None:
    """The owner of a company gets its leads, whoever's turn it is."""
    pool = kept.pool(reps)
    for _ in range(times):
        pool.serve(pool.choose(preferred=[(owner, "company_owner")]))
    kept.put(pool)


def test_nobody_new_waits_because_an_owner_is_far_ahead() -> None:
    reps, kept = [free(1), free(2), free(3)], Kept()
    serve(kept, reps, 3)
    owned(kept, reps, reps[0], 60)
    counts = Counter(serve(kept, [*reps, free(9)], 30))
    assert set(counts) == {2, 3, 9} and max(counts.values()) - min(counts.values()) <= 2


def test_an_owner_who_joins_the_pool_starts_like_anybody_new() -> None:
    reps, owner, kept = [free(1), free(2)], free(9), Kept()
    serve(kept, reps, 4)
    owned(kept, reps, owner, 60)
    assert Counter(serve(kept, [*reps, owner], 30)) == {1: 10, 2: 10, 9: 10}


def test_the_owner_first_even_when_the_turn_is_another_and_it_counts_for_them() -> None:
    pool = Pool([free(1), free(2)], pointers={})
    choice = pool.choose(preferred=[(pool.by_id[2], "company_owner")])
    assert (choice.rep, choice.how) == (2, "company_owner")
    pool.serve(choice)
    assert pool.choose().rep == 1


def test_the_reasons_of_who_is_skipped() -> None:
    pool = [
        Candidate(1, weight=0),
        Candidate(2, away=True),
        Candidate(3, open=12, capacity_open=12),
        Candidate(4, today=5, capacity_day=5),
        Candidate(5, working=False),
        Candidate(6, languages=["de"], countries=["AT"], skills=["saas"]),
        Candidate(7),
        Candidate(8, languages=["fr"]),
        Candidate(9, languages=["de"], countries=["FR"]),
        Candidate(10, languages=["de"], countries=["AT"]),
    ]
    for one in pool[:7]:
        one.languages, one.countries, one.skills = ["de"], ["AT"], ["saas"]
    need = Need(("de",), "AT", ("saas",))
    choice = Pool(pool, pointers={}, gone=[11]).choose(excluded={7}, need=need)
    assert choice.rep == 6
    assert dict(choice.skipped) == {
        1: "no_share",
        2: "away",
        3: "full:12 of 12",
        4: "full_today:5 of 5",
        5: "off_hours",
        7: "had_it",
        8: "language:de",
        9: "country:AT",
        10: "skill:saas",
        11: "gone",
    }


def test_in_a_large_pool_the_many_who_are_skipped_are_counted_not_named() -> None:
    choice = Pool([Candidate(rep, away=True) for rep in range(900)] + [free(1000)], pointers={}).choose()
    assert len(choice.skipped) == 24 and choice.more == {"away": 876}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 20)), min_size=1, max_size=8),
    st.integers(1, 80),
    st.integers(1, 9),
)
def test_least_loaded_takes_the_emptiest_desk_every_time(
    desks: list[tuple[int, int]], times: int, batch: int
) -> None:
    reps = [
        Candidate(pk, open=min(has, most), capacity_open=most, capacity_day=10**6)
        for pk, (has, most) in enumerate(desks)
    ]
    times = min(times, sum(one.capacity_open - one.open for one in reps))
    kept, done = Kept(), 0
    while done < times:
        pool = kept.pool(reps, strategy="least_loaded")
        for _ in range(min(batch, times - done)):
            free_ones = [one for one in reps if one.open < one.capacity_open]
            choice = pool.choose()
            least = min(one.open / one.capacity_open for one in free_ones)
            chosen = pool.by_id[choice.rep or 0]
            assert chosen in free_ones and chosen.open / chosen.capacity_open == least
            pool.serve(choice)
            chosen.open += 1
            done += 1
            if chosen.unable():
                pool.look()
        kept.put(pool)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 9), st.integers(1, 200))
def test_least_loaded_equals_differ_by_at_most_one(equals: int, times: int) -> None:
    reps = [Candidate(pk, capacity_open=1000, capacity_day=1000) for pk in range(equals)]
    counts = Counter({one.id: 0 for one in reps})
    for rep in serve(Kept(), reps, times, strategy="least_loaded"):
        counts[rep] += 1
        assert max(counts.values()) - min(counts.values()) <= 1


def test_wilson_lower_is_what_tables_say_and_few_deals_prove_little() -> None:
    assert wilson_lower(0, 0) == wilson_lower(0, 10) == 0
    assert wilson_lower(8, 10) == pytest.approx(0.490, abs=0.001)
    assert wilson_lower(80, 100) == pytest.approx(0.711, abs=0.001)
    assert wilson_lower(1, 1) < wilson_lower(30, 60)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8),
    st.integers(0, 100),
)
def test_shares_by_win_rate_leave_everybody_the_floor(reps: list[tuple[int, int, int]], floor: int) -> None:
    own = {pk: weight for pk, (weight, _, _) in enumerate(reps)}
    records = {pk: Record(won, lost) for pk, (_, won, lost) in enumerate(reps)}
    found = shares(own, records, floor)
    total, weights = sum(found.values()), sum(own.values())
    assert all((found[pk] == 0) == (weight == 0) for pk, weight in own.items())
    for pk, weight in own.items():
        if weight:
            assert found[pk] / total >= floor / 100 * weight / weights - 0.001
    sure = {pk: weight * wilson_lower(*_won_of(records[pk])) for pk, weight in own.items()}
    best = max(sure, key=lambda pk: sure[pk])
    assert all(found[best] >= found[pk] - 1 for pk in own if own[pk] == own[best])


def _won_of(record: Record) -> tuple[int, int]:
    return record.won, record.won + record.lost


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=6), st.integers(1, 300))
def test_the_best_performer_gets_the_share_that_is_shown(found: list[tuple[int, int]], times: int) -> None:
    reps = [free(pk) for pk in range(len(found))]
    records = {pk: Record(*one) for pk, one in enumerate(found)}
    weights = shares(dict.fromkeys(records, 1), records, 20)
    counts = Counter(serve(Kept(), reps, times, strategy="best_performer", records=records))
    for pk, weight in weights.items():
        assert abs(counts[pk] - times * weight / sum(weights.values())) < 1.001


def plainly(pool: Pool, excluded: set[int]) -> Any:
    """The rule as it is told, without a heap: rep, how, who was skipped."""
    reasons = {}
    for one in pool.reps:
        reasons[one.id] = "had_it" if one.id in excluded else "no_share" if one.weight <= 0 else one.unable()
    able = [one for one in pool.reps if not reasons[one.id]]
    ready = [one for one in able if one.working] or ([] if pool.hold_off_hours else able)
    skipped = {rep: reason for rep, reason in reasons.items() if reason}
    skipped |= {one.id: "off_hours" for one in able if one not in ready}
    how = "round_robin" if any(one.working for one in able) else "off_hours"
    if not ready:
        return None, "", skipped
    at = pool.pointers
    mean = sum(at[one.id] * one.weight for one in ready) / sum(one.weight for one in ready)
    claim = [one for one in ready if at[one.id] <= mean + 1e-6] or ready
    return min((at[one.id] + UNIT // one.weight, one.id) for one in claim)[1], how, skipped


REPS = st.builds(
    Candidate,
    id=st.just(0),
    weight=st.integers(0, 3),
    capacity_open=st.integers(0, 6),
    capacity_day=st.integers(0, 6),
    away=st.booleans(),
    working=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(REPS, min_size=1, max_size=16),
    st.lists(st.tuples(st.integers(0, 20), st.sets(st.integers(0, 15), max_size=3)), max_size=60),
    st.booleans(),
)
def test_a_pool_gone_through_in_a_batch_chooses_as_the_rule_is_told(
    reps: list[Candidate], leads: list[tuple[int, set[int]]], hold: bool
) -> None:
    """``leads``: the owner of each (mostly nobody of the pool), and who had it before (mostly looked at: nobody)."""
    for number, one in enumerate(reps):
        one.id = number
    seen = Pool(reps, pointers={}, hold_off_hours=hold)
    for number, (owner, had) in enumerate(leads):
        had = had if number % 4 == 0 else set()
        wanted = [(reps[owner], "lead_owner")] if owner < len(reps) else []
        choice = seen.choose(preferred=wanted, excluded=had)
        if wanted and owner not in had and reps[owner].weight and not reps[owner].unable():
            assert (choice.rep, choice.how) == (owner, "lead_owner")
        else:
            rep, how, skipped = plainly(seen, had)
            assert (choice.rep, dict(choice.skipped), choice.how) == (rep, skipped, how)
            assert len(choice.skipped) == len(skipped)
        if choice.rep is None:
            continue
        seen.serve(choice)
        reps[choice.rep].open += 1
        reps[choice.rep].today += 1
        if reps[choice.rep].unable():
            seen.look()
