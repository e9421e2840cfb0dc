"""The funnel's numbers against the definitions, counted the slow way on random histories."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from deals.models import Deal
from funnels.models import Transition
from funnels.selectors import stage_get
from insights.forms import FilterForm
from insights.metrics import funnel
from insights.rules import rates
from insights.selectors import path_now
from insights.services import people_mark, rollup_check, rollup_drain, rollup_rebuild
from leads.models import Lead, Standing
from tests.insights.world import ORDER, SALES, History, at, naive_reached, write
from tests.personas import persona

WIDE = {"period": "custom", "from": "2026-01-01", "to": str(date.today() + timedelta(days=1))}
GAPS = st.integers(0, 400)


@st.composite
def chains(draw, names, most):
    """Any walk over the stages, forward and back: (stage, hours), oldest first."""
    hours, steps = draw(st.integers(0, 2000)), []
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=most)):
        if not steps or steps[-1][0] != name:
            steps.append((name, hours))
        hours += draw(GAPS)
    return steps


@st.composite
def histories(draw):
    lead = draw(st.booleans())
    names = ["awareness", "interest", "evaluation", "handed_off", "disqualified", "onboarded", "churned"]
    steps = draw(chains(names, 6)) if lead else []
    size = draw(st.integers(0, 2)) if lead else 1
    deals = [draw(chains(["qualification", "demo", "proposal", "won", "lost"], 5)) for _ in range(size)]
    accepted = [draw(st.one_of(st.none(), st.integers(0, 3000))) for _ in deals]
    return History(steps, deals, accepted, draw(st.sampled_from(["web", "ads"])), draw(st.integers(1, 2)))


def scope_of(**filters):
    return FilterForm(WIDE | filters).scope(persona("admin"))


def counted(**filters):
    scope = scope_of(**filters)
    return funnel.steps(scope, path_now())


class TestRandomHistories(TestCase):
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(histories(), min_size=1, max_size=7), st.integers(0, 7))
    def test_numbers_are_the_definitions(self, people, half):
        for number, one in enumerate(people[:half]):
            write(one, number)
        rollup_drain()
        for number, one in enumerate(people[half:], start=half):
            write(one, number)
        rollup_drain()
        assert rollup_check(full=True) == []
        self.check(people)
        rollup_rebuild()
        assert rollup_check(full=True) == []
        self.check(people)

    def check(self, people):
        for source in ("", "web"):
            mine = [one for one in people if not source or one.source == source]
            reached = [found for one in mine if (found := naive_reached(one))]
            cohort = counted(source=source)
            activity = counted(source=source, view="activity")
            for rank in range(len(ORDER)):
                there = sum(1 for found in reached if rank in found)
                assert cohort[rank].count == there, (rank, source)
                assert activity[rank].count == there, (rank, source)  # everything lies in the year
                if rank:
                    came_in = sum(1 for found in reached if min(found) == rank)
                    before = sum(1 for found in reached if rank - 1 in found)
                    expected = 100 * (there - came_in) / before if before else None
                    assert cohort[rank].conversion == expected
            self.check_spans(reached, source)

    def check_spans(self, reached, source):
        spans = funnel.spans(scope_of(source=source), path_now())
        for rank in range(len(ORDER) - 1):
            took = sorted(
                int((found[rank + 1] - found[rank]).total_seconds())
                for found in reached
                if rank in found and rank + 1 in found
            )
            if not took:
                assert rank not in spans
                continue
            middle = took[-(-len(took) * 50 // 100) - 1]
            assert spans[rank].n == len(took)
            assert spans[rank].mean == pytest.approx(sum(took) / len(took) / 86400)
            assert spans[rank].median == pytest.approx(rates.bin_seconds(rates.span_bin(middle)) / 86400)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(histories(), min_size=1, max_size=6), st.integers(0, 90), st.integers(0, 90))
    def test_a_period_counts_by_first_arrival(self, people, first, length):
        for number, one in enumerate(people):
            write(one, number)
        rollup_drain()
        start = at(0).date() + timedelta(days=first)
        end = start + timedelta(days=length)
        days = {"period": "custom", "from": start.isoformat(), "to": end.isoformat()}
        reached = [found for one in people if (found := naive_reached(one))]
        for rank in range(len(ORDER)):
            cohort = [one for one in reached if start <= min(one.values()).date() <= end and rank in one]
            passed = [one for one in reached if rank in one and start <= one[rank].date() <= end]
            assert counted(**days)[rank].count == len(cohort)
            assert counted(**days, view="activity")[rank].count == len(passed)
            # filters that the day sums do not have are counted from the people themselves
            assert counted(**days, campaign="none")[rank].count == 0
            for view, people_there in (("cohort", cohort), ("activity", passed)):
                scope = scope_of(**days, view=view)
                assert funnel.people_at(scope, path_now(), rank).count() == len(people_there)


@pytest.mark.django_db
def test_a_reentry_never_counts_twice():
    back = [("awareness", 0), ("interest", 10), ("evaluation", 20), ("interest", 30), ("evaluation", 40)]
    write(History(back), 1)
    rollup_drain()
    assert [one.count for one in counted()][:4] == [1, 1, 1, 0]
    assert [one.count for one in counted(view="activity")][:4] == [1, 1, 1, 0]


@pytest.mark.django_db
def test_open_stalled_recycled_and_lost_are_told_apart():
    now = scope_of().now
    hours = int((now - at(0)).total_seconds() // 3600)
    write(History([("awareness", hours - 24)]), 1)
    write(History([("awareness", 0)]), 2)
    write(History([("awareness", 0), ("disqualified", 5)]), 3)
    steps = [("awareness", 0), ("interest", 1), ("handed_off", 2), ("interest", 3)]
    write(History(steps, [[("qualification", 2), ("lost", 3)]], [None], cycle=2), 4)
    rollup_drain()
    first, *_, seam = counted()[: ORDER.index("handed_off") + 1]
    assert (first.open, first.stalled, first.lost, first.recycled) == (1, 1, 1, 0)
    assert (seam.count, seam.recycled, seam.dropped) == (1, 1, 1)


@pytest.mark.django_db
def test_a_move_that_was_taken_back_does_not_count():
    person = write(History([("awareness", 0)], [[("qualification", 1), ("demo", 2)]], [1]), 1)
    deal = Deal.objects.get(lead=person)
    for seq, (name, cause) in enumerate([("won", "won"), ("demo", "reopened")], start=3):
        stage = stage_get("sales", name)
        Transition.objects.create(
            kind=Transition.Kind.DEAL, traveller_id=deal.pk, seq=seq, to_stage=stage, at=at(seq), cause=cause
        )
    rollup_drain()
    numbers = counted()
    assert numbers[ORDER.index("demo")].count == 1
    assert numbers[ORDER.index("won")].count == 0


@pytest.mark.django_db
def test_a_row_that_commits_late_is_counted():
    """Its id is lower than one that was counted already."""
    person = write(History([("awareness", 0)]), 1)
    other = write(History([("awareness", 0)]), 2)
    rollup_drain()
    top = Transition.objects.order_by("-id").first().pk

    def move(pk, lead):
        stage = stage_get("marketing", "interest")
        Transition.objects.create(
            id=pk, kind=Transition.Kind.LEAD, traveller_id=lead, seq=2, to_stage=stage, at=at(50), cause="test"
        )

    move(top + 9, person)
    rollup_drain()
    assert counted()[1].count == 1
    move(top + 4, other)
    rollup_drain()
    assert counted()[1].count == 2
    assert rollup_check(full=True) == []


@pytest.mark.django_db
def test_an_acceptance_an_owner_and_an_erasure_are_noticed():
    steps = [("awareness", 0), ("handed_off", 1)]
    person = write(History(steps, [[("qualification", 1)]], [None]), 1)
    gone = write(History([("awareness", 0)]), 2)
    rollup_drain()
    assert counted()[SALES].count == 0
    Deal.objects.filter(lead=person).update(accepted_at=at(2))
    people_mark([{"lead_id": person}])
    rollup_drain()
    assert counted()[SALES].count == 1

    from insights.models import RollupState

    rep = persona("rep")
    Standing.objects.filter(pk=person).update(owner=rep)
    Lead.objects.filter(pk=gone).delete()
    RollupState.objects.update(reconciled_at=None)
    rollup_drain()
    assert counted(owner=str(rep.pk))[0].count == 1
    assert counted()[0].count == 1


@pytest.mark.django_db
def test_a_torn_rollup_is_found():
    from insights.models import DayCount, Journey

    write(History([("awareness", 0), ("interest", 5)]), 1)
    rollup_drain()
    assert rollup_check() == []
    DayCount.objects.filter(rank=1).update(n=7)
    assert rollup_check() != []
    rollup_rebuild()
    assert rollup_check() == []
    Journey.objects.update(furthest=0)
    assert rollup_check() != []


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=60), st.sampled_from([50, 90]))
def test_percentile_of_bins_is_the_bin_of_the_percentile(values, percent):
    bins = Counter(map(rates.span_bin, values))
    exact = sorted(values)[max(1, -(-len(values) * percent // 100)) - 1]
    assert rates.bins_percentile(bins, percent) == rates.bin_seconds(rates.span_bin(exact))


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**8))
def test_a_bin_holds_its_own_middle(seconds):
    assert rates.span_bin(int(rates.bin_seconds(rates.span_bin(seconds)))) == rates.span_bin(seconds)
