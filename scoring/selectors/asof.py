"""Which rules held for a lead at a moment of its past, as far as it can be known.

Deeds have their time, and when they were written down: only those known by then count. Facts are kept without their
history, so they are as they are now; a lead that was changed since its moment is marked ``edited``.
"""

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from core.clock import db_now
from leads.models import Activity, Lead
from scoring import rules
from scoring.selectors.compute import Basis, fit_cases, utc_day

BATCH = 1000
BY_TIME = ("lead.age_days", "standing.idle_days")  # facts that are an age: taken at the moment
Deed = tuple[datetime, datetime, str, int]  # done at, written at, kind, how much of a bot


@dataclass(frozen=True)
class Moment:
    """When it is asked about a lead. ``key``: whoever asks by it."""

    key: int
    lead_id: int
    at: datetime


@dataclass
class Then:
    """What held at a moment: rules about facts, and what each rule about deeds gave, in millionths within its cap."""

    matching: set[int] = field(default_factory=set)
    given: dict[int, int] = field(default_factory=dict)
    edited: bool = False


def as_of(basis: Basis, moments: Iterable[Moment]) -> Iterator[tuple[Moment, Then]]:
    """What held at each moment, for leads that there still are. Two queries a thousand moments."""
    leaves = _leaves(basis.conditions.values())
    rest = iter(moments)
    while part := list(islice(rest, BATCH)):
        yield from _part(basis, leaves, part)


def _part(basis: Basis, leaves: dict[str, dict[str, Any]], part: Sequence[Moment]) -> Iterator[tuple[Moment, Then]]:
    ids = sorted({one.lead_id for one in part})
    now_holds, known = _facts_now(leaves, ids)
    deeds = _deeds(basis, leaves, ids, max(one.at for one in part))
    for one in part:
        if one.lead_id not in known:
            continue
        created, changed = known[one.lead_id]
        past = _until(deeds.get(one.lead_id, []), one.at)
        asked = _Asked(one.at, created, past, now_holds[one.lead_id])
        then = Then(edited=changed > one.at)
        then.matching = {rule_id for rule_id, node in basis.conditions.items() if asked.holds(node)}
        then.given = _given(basis.card, past, one.at)
        yield one, then


def _given(card: rules.Card, past: Sequence[Deed], at: datetime) -> dict[int, int]:
    counted = [(kind, utc_day(done)) for done, _, kind, bot in past if bot == Activity.Bot.HUMAN]
    sums = rules.deed_sums(card, counted, utc_day(at))
    return {rule.id: rules.hold(rule, micro) for rule, micro in zip(card.on_deeds, sums, strict=True) if micro}


def _leaves(conditions: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Every fact or deed that the conditions ask for, once."""
    found: dict[str, dict[str, Any]] = {}

    def walk(node: dict[str, Any]) -> None:
        for part in [*node.get("all", ()), *node.get("any", ()), *([node["not"]] if node.get("not") else ())]:
            walk(part)
        if "did" in node or "fact" in node:
            found[_key(node)] = node

    for condition in conditions:
        walk(condition)
    return found


def _key(node: Mapping[str, Any]) -> str:
    return json.dumps(node, sort_keys=True)


def _facts_now(
    leaves: Mapping[str, dict[str, Any]], ids: Sequence[int]
) -> tuple[dict[int, set[str]], dict[int, tuple[datetime, datetime]]]:
    """Lead -> facts that hold now; and lead -> when it was made and last changed."""
    asked = [(key, node) for key, node in leaves.items() if "fact" in node and node["fact"] not in BY_TIME]
    cases = fit_cases({index: node for index, (_, node) in enumerate(asked)}, db_now())
    rows = Lead.objects.filter(pk__in=ids).annotate(**cases)
    held: dict[int, set[str]] = {}
    known = {}
    for pk, created, changed, *said in rows.values_list("pk", "created_at", "updated_at", *cases):
        held[pk] = {key for (key, _), yes in zip(asked, said, strict=True) if yes}
        known[pk] = (created, changed)
    return held, known


def _deeds(
    basis: Basis, leaves: Mapping[str, dict[str, Any]], ids: Sequence[int], until: datetime
) -> dict[int, list[Deed]]:
    """What each lead did up to a time, oldest first: kinds that are asked for; all where a rule asks for idleness."""
    rows = Activity.objects.filter(lead__in=ids, at__lte=until)
    if not any(node.get("fact") == "standing.idle_days" for node in leaves.values()):
        rows = rows.filter(kind__in={*basis.card.kinds, *(node["did"] for node in leaves.values() if "did" in node)})
    found: defaultdict[int, list[Deed]] = defaultdict(list)
    asked: Any = rows.order_by().values_list("lead_id", "at", "recorded_at", "kind", "bot")
    for lead_id, at, written, kind, bot in asked.iterator(5000):
        found[lead_id].append((at, written, kind, bot))
    for deeds in found.values():
        deeds.sort(key=lambda one: one[0])
    return found


def _until(deeds: Sequence[Deed], at: datetime) -> list[Deed]:
    """What was done, and written down, by then."""
    end = bisect_right(deeds, at, key=lambda one: one[0])
    return [one for one in deeds[:end] if one[1] <= at]


@dataclass
class _Asked:
    """Answers a condition for one lead at one moment."""

    at: datetime
    created: datetime
    past: Sequence[Deed]
    facts: set[str]

    def holds(self, node: dict[str, Any]) -> bool:
        if "all" in node:
            return all(self.holds(part) for part in node["all"])
        if "any" in node:
            return any(self.holds(part) for part in node["any"])
        if "not" in node:
            return bool(node["not"]) and not self.holds(node["not"])
        if "did" in node:
            return self._did(node)
        if node["fact"] in BY_TIME:
            return self._age(node)
        return _key(node) in self.facts

    def _did(self, node: dict[str, Any]) -> bool:
        since = self.at - timedelta(days=node["within_days"]) if node.get("within_days") else None
        times = Counter(
            kind for done, _, kind, bot in self.past if bot != Activity.Bot.BOT and (since is None or done >= since)
        )
        return times[node["did"]] >= node.get("times", 1)

    def _age(self, node: dict[str, Any]) -> bool:
        begun = self.created if node["fact"] == "lead.age_days" else (self.past[-1][0] if self.past else None)
        if begun is None:
            return False
        days = (self.at - begun) / timedelta(days=1)
        return bool(days >= node["value"] if node["op"] == ">=" else days <= node["value"])
