"""Eight workers at once, by every strategy: none is given twice, and shares hold after every lead."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from deals.models import Deal
from handoff.models import Assignment, Handoff, RoutingRule, RulePerson
from handoff.services.assign import assign_batch
from tests.handoff.world import mqls, reps
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def eight_at_once(ids: list[int], size: int = 5) -> None:
    def worker(mine: list[int]) -> Callable[[], int]:
        return lambda: sum(assign_batch(mine[start : start + size]) for start in range(0, len(mine), size))

    done = at_once(*(worker(ids[start::8]) for start in range(8)))
    assert sum(done) == len(ids), done
    assert Assignment.objects.count() == Deal.objects.count() == len(ids)


def prefix_ok(weights: dict[int, int]) -> None:
    """Within one of the weighted share after every lead, in the order in which they were given out."""
    counts, total = Counter[int](), sum(weights.values())
    for number, rep in enumerate(Assignment.objects.order_by("pk").values_list("rep", flat=True), start=1):
        counts[rep] += 1
        for one, weight in weights.items():
            assert abs(counts[one] - number * weight / total) < 1 + 1e-6, (number, counts)


def test_least_loaded_equals_differ_by_at_most_one() -> None:
    reps(7)
    RoutingRule.objects.update(strategy="least_loaded")
    eight_at_once([one.pk for one in mqls(200)])
    counts = Counter(Handoff.objects.values_list("rep", flat=True))
    assert len(counts) == 7 and max(counts.values()) - min(counts.values()) <= 1, counts


def test_people_with_shares_are_within_one_of_them_at_any_moment() -> None:
    rule = RoutingRule.objects.get()
    weights = {rep.pk: weight for rep, weight in zip(reps(5), (5, 3, 2, 1, 1), strict=True)}
    for rep, weight in weights.items():
        RulePerson.objects.create(rule=rule, rep_id=rep, weight=weight)
    eight_at_once([one.pk for one in mqls(200)])
    prefix_ok(weights)


def test_leads_in_two_languages_at_once_keep_equals_within_one() -> None:
    german, english = reps(3, languages=["de", "en"]), reps(3, languages=["en"])
    RoutingRule.objects.update(needs_language=True)
    rows: list[Any] = [*mqls(40, language="de"), *mqls(80, language="en")]
    rows.sort(key=lambda one: one.pk % 7)
    eight_at_once([one.pk for one in rows], size=3)
    counts = Counter(Handoff.objects.values_list("rep", flat=True))
    for group in (german, english):
        served = [counts[one.pk] for one in group]
        assert max(served) - min(served) <= 1, counts
    spoken = set(Handoff.objects.filter(lead__language="de").values_list("rep", flat=True))
    assert spoken == {one.pk for one in german}
