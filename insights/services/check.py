"""Doctor's question: do the rollups equal recomputation?"""

import json
from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection

from insights.models import DaySpan, Journey, OpenFact, RollupState
from insights.rules.path import Path
from insights.selectors import deals_unclosed, path_now
from insights.services.drain import rollup_drain
from insights.services.facts import OPEN, facts_now, facts_stored, open_facts
from insights.services.recount import counts_wrong, spans_sql
from insights.services.sums import KEYS
from leads.models import Standing

SAMPLE = 5000


def rollup_check(*, full: bool = False) -> list[str]:
    """What is wrong with the rollups, a line each; empty when they equal recomputation.

    Catches up first (a rollup that is merely behind is not broken). The sums are always compared with their facts;
    the facts with the ledger for the newest and the oldest people and whose open deals differ, or for everybody when
    ``full``.
    """
    rollup_drain(seconds=60)
    state = RollupState.objects.filter(pk=1).first()
    if state is None or state.rebuilding:
        return [] if state is None else ["The rollup is being rebuilt; ask again when it is done."]
    path = path_now()
    wrong = [line for people in _people(full, path) for line in _people_wrong(people, path)]
    return [*wrong[:20], *counts_wrong(), *_spans_wrong()]


def _people(full: bool, path: Path) -> Iterator[list[int]]:
    yield _opened_otherwise(path)
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


def _opened_otherwise(path: Path) -> list[int]:
    """People whose deals are open otherwise than the facts say."""
    kept = set(OpenFact.objects.values_list(*OPEN))
    found = {row for one in deals_unclosed() for row in open_facts(one["lead_id"] or -one["pk"], one, path)}
    return sorted({row[0] for row in kept ^ found})[:SAMPLE]


def _people_wrong(people: Collection[int], path: Path) -> list[str]:
    kept, should = facts_stored(people), facts_now(people, path)
    return [
        f"Rollup of person {person} differs from the ledger."
        for person in people
        if kept.get(person) != should.get(person)
    ]


def _spans_wrong() -> list[str]:
    """Every histogram against the facts it sums."""
    names = (*KEYS[DaySpan], "n", "seconds", "bins")
    kept: dict[Any, Any] = {row[:6]: row[6:] for row in DaySpan.objects.values_list(*names).iterator()}
    wrong = []
    with connection.cursor() as cursor:
        cursor.execute(spans_sql())
        while rows := cursor.fetchmany(5000):
            for *key, n, seconds, bins in rows:
                held = json.loads(bins) if isinstance(bins, str) else bins
                if kept.pop(tuple(key), None) != (n, seconds, held):
                    wrong.append(tuple(key))
    wrong += list(kept)
    return [f"Rollup span {key} differs from its facts." for key in sorted(wrong)[:10]]
