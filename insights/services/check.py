"""Doctor's question: do the rollups equal recomputation?"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Count

from insights.models import DayCount, DaySpan, Journey, Reached, RollupState
from insights.rules.path import Path, day_number, fold
from insights.rules.rates import span_bin
from insights.selectors import dossiers, path_now
from insights.services.drain import rollup_drain
from insights.services.write import people_stored, person_facts
from leads.models import Standing

SAMPLE = 5000


def rollup_check(*, full: bool = False) -> list[str]:
    """What is wrong with the rollups, a line each; empty when they equal recomputation.

    Catches up first (a rollup that is merely behind is not broken). The sums are always compared with their rows;
    the rows with the ledger for the newest and the oldest people, or for everybody when ``full``.
    """
    rollup_drain(seconds=60)
    state = RollupState.objects.filter(pk=1).first()
    if state is None or state.rebuilding:
        return [] if state is None else ["The rollup is being rebuilt; ask again when it is done."]
    path = path_now()
    wrong = [line for people in _people(full) for line in _people_wrong(people, path)]
    return [*wrong[:20], *_counts_wrong(), *_spans_wrong()]


def _people(full: bool) -> Iterator[list[int]]:
    if not full:
        newest = list(Standing.objects.order_by("-pk").values_list("pk", flat=True)[:SAMPLE])
        oldest = list(Standing.objects.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
        alone = Journey.objects.filter(person__lt=0).order_by("person").values_list("person", flat=True)[:SAMPLE]
        yield list({*newest, *oldest, *alone})
        return
    last = 0
    while leads := list(Standing.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:SAMPLE]):
        last = leads[-1]
        yield leads
    yield list(Journey.objects.filter(person__lt=0).values_list("person", flat=True))


def _people_wrong(people: Collection[int], path: Path) -> list[str]:
    kept = people_stored(people)
    should = {
        person: person_facts(person, dossier, folded)
        for person, dossier in dossiers(people, path).items()
        if (folded := fold(dossier.track, path)) is not None
    }
    return [
        f"Rollup of person {person} differs from the ledger."
        for person in people
        if kept.get(person) != should.get(person)
    ]


def _counts_wrong() -> list[str]:
    """Every sum by day, against the rows it sums."""
    should: Counter[tuple[Any, ...]] = Counter()
    keys = ("day", "furthest", "door", "source", "owner", "fate", "due")
    for *key, n in Journey.objects.values_list(*keys).annotate(n=Count("pk")).order_by():
        should[DayCount.Axis.COHORT, *key] += n
    facts = {person: rest for person, *rest in Journey.objects.values_list("person", "door", "source", "owner")}
    for person, rank, at in Reached.objects.values_list("person", "rank", "at").iterator():
        door, source, owner = facts.get(person, (0, "?", 0))
        should[DayCount.Axis.ACTIVITY, day_number(at), rank, door, source, owner, 0, 0] += 1
    names = ("axis", "day", "rank", "door", "source", "owner", "fate", "due", "n")
    kept = Counter({tuple(key): n for *key, n in DayCount.objects.values_list(*names)})
    return [f"Rollup day count {key} is {kept[key]}, not {should[key]}." for key in _differ(kept, should)]


def _spans_wrong() -> list[str]:
    should: Counter[tuple[Any, ...]] = Counter()
    rows = Reached.objects.filter(seconds__isnull=False).values_list("rank", "at", "seconds")
    for rank, at, seconds in rows.iterator():
        should[day_number(at), rank - 1, span_bin(seconds or 0)] += 1
    kept = Counter({tuple(key): n for *key, n in DaySpan.objects.values_list("day", "rank", "bin", "n")})
    return [f"Rollup day span {key} is {kept[key]}, not {should[key]}." for key in _differ(kept, should)]


def _differ(kept: Counter[tuple[Any, ...]], should: Counter[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(key for key in {*kept, *should} if kept[key] != should[key])[:10]
