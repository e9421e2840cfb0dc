"""What each rule of a model meets: the leads that it holds for now, and how those fared whom sales got while it held.

Reads in chunks, writes ``Handed`` in batches: nothing is held for long, at a million leads as at ten.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Case, IntegerField, Max, Q, Value, When
from django.db.models.fields import BigIntegerField

from core.ask import ask
from core.clock import db_now
from core.jobs import Tell
from leads.compiler import condition_q
from leads.handed import HandedOver
from leads.models import Activity, Lead, Standing
from scoring import rules
from scoring.lift import QUIET_DAYS, condition_key, days_counting, holds_by, rule_print, twins
from scoring.models import Handed, ScoringModel, ScoringRule, Study
from scoring.selectors.asof import Moment, Then, as_of
from scoring.selectors.cards import model_rules
from scoring.selectors.compute import Basis, basis_of, deeds_of, fit_matching, utc_day

CHUNK = 10_000
MOST_HANDED = 50_000
SAMPLE = 100  # leads of each rule that are scored without it
GROUPS = (rules.FIT, rules.ENGAGEMENT, rules.NEGATIVE)


@dataclass
class _Met:
    """Bits of rules -> how many leads; those of the last 90 days apart; and some leads of each rule."""

    rule_ids: list[int]
    leads: Counter[int] = field(default_factory=Counter)
    recent: Counter[int] = field(default_factory=Counter)
    some: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    wanting: int = 0

    def __post_init__(self) -> None:
        self.wanting = (1 << len(self.rule_ids)) - 1

    def add(self, lead_id: int, bits: int, recent: bool) -> None:
        self.leads[bits] += 1
        if recent:
            self.recent[bits] += 1
        wanted = bits & self.wanting
        while wanted:
            bit = wanted & -wanted
            wanted ^= bit
            kept = self.some[self.rule_ids[bit.bit_length() - 1]]
            kept.append(lead_id)
            if len(kept) >= SAMPLE:
                self.wanting &= ~bit

    def count(self, place: int, *, recent: bool = False) -> int:
        return sum(n for bits, n in (self.recent if recent else self.leads).items() if bits >> place & 1)


def count_run(study: Study, tell: Tell) -> dict[str, Any]:
    """The counts of the study's model, by rule; ``Handed`` is brought up to date on the way."""
    model = study.model
    basis = basis_of(model) if model else None
    if model is None or basis is None:
        return {}
    now = db_now()
    found = model_rules(model)
    places = _places(found)
    by_facts = [one.pk for one in found if one.pk in basis.conditions]
    by_deeds = [rule.id for rule in basis.card.on_deeds]
    facts, deeds, last = _met(basis, by_facts, by_deeds, now, tell)
    handed = _handed(model, basis, places, tell, now)
    tell(0, 0, "Trying each rule's leads without it")
    moved = _moved(basis, facts.some | deeds.some, now)
    same = twins(facts.leads, facts.rule_ids) | twins(deeds.leads, deeds.rule_ids)
    same |= _worded_alike(found)
    said: dict[str, dict[str, Any]] = {}
    for rule in found:
        met = facts if rule.pk in basis.conditions else deeds
        place = met.rule_ids.index(rule.pk)
        said[str(rule.pk)] = {
            "place": places[rule.pk],
            "print": rule_print(rule),
            "now": met.count(place),
            "recent": met.count(place, recent=True) if met is facts else None,
            "last": last[rule.activity_kind].isoformat() if rule.activity_kind in last else None,
            "tried": len(met.some[rule.pk]),
            "moved": moved.get(rule.pk, 0),
            "twin": same.get(rule.pk),
        }
    return {"at": now.isoformat(), "leads": sum(facts.leads.values()), "handed": handed, "rules": said}


def _places(found: Sequence[ScoringRule]) -> dict[int, int]:
    """The bit of each rule in its group's column of ``Handed``."""
    of: Counter[str] = Counter()
    out = {}
    for rule in found:
        out[rule.pk] = of[rule.group]
        of[rule.group] += 1
    return out


def _met(
    basis: Basis, by_facts: list[int], by_deeds: list[int], now: datetime, tell: Tell
) -> tuple[_Met, _Met, dict[str, datetime]]:
    """Who meets which rule now, over all leads in chunks; and when each activity was last done."""
    facts, deeds, last = _Met(by_facts), _Met(by_deeds), dict[str, datetime]()
    cutoffs = {rule.id: (rule.kind, now - timedelta(days=days_counting(rule))) for rule in basis.card.on_deeds}
    total, seen = Standing.objects.count(), 0
    for first, final in _ranges():
        for pk, bits, recent in _fact_bits(basis, by_facts, first, final, now):
            facts.add(pk, bits, bool(recent))
            seen += 1
        rows = Activity.objects.filter(lead__gte=first, lead__lte=final, bot=Activity.Bot.HUMAN).order_by()
        rows = rows.filter(kind__in=basis.card.kinds)
        if by_deeds:
            for pk, bits in (
                rows.values("lead").annotate(bits=_deed_bits(cutoffs, by_deeds)).values_list("lead", "bits")
            ):
                deeds.add(pk, bits, False)
            for kind, at in rows.values("kind").annotate(last=Max("at")).values_list("kind", "last"):
                last[kind] = max(at, last.get(kind, at))
        tell(seen, total, "Looking at all leads")
    return facts, deeds, last


def _ranges() -> Iterator[tuple[int, int]]:
    """(first, last) lead of each chunk."""
    at = 0
    while ids := list(Lead.objects.filter(pk__gt=at).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        yield ids[0], ids[-1]
        at = ids[-1]


def _fact_bits(basis: Basis, rule_ids: list[int], first: int, final: int, now: datetime) -> Any:
    """(lead, bits, whether it came or did anything lately) of a range."""
    total: Any = Value(0, output_field=BigIntegerField())
    for place, rule_id in enumerate(rule_ids):
        total = total + _bit(condition_q(basis.conditions[rule_id], now=now), place)
    lately = now - timedelta(days=QUIET_DAYS)
    new = Q(created_at__gte=lately) | Q(standing__last_active__at__gte=lately)
    rows = Lead.objects.filter(pk__gte=first, pk__lte=final).order_by()
    fresh = Case(When(new, then=Value(1)), default=Value(0), output_field=IntegerField())
    return rows.annotate(bits=total, lately=fresh).values_list("pk", "bits", "lately").iterator(5000)


def _deed_bits(cutoffs: dict[int, tuple[str, datetime]], rule_ids: list[int]) -> Any:
    total: Any = Value(0, output_field=BigIntegerField())
    for place, rule_id in enumerate(rule_ids):
        kind, since = cutoffs[rule_id]
        total = total + Max(_bit(Q(kind=kind, at__gte=since), place))
    return total


def _bit(holds: Q, place: int) -> Case:
    big = BigIntegerField()
    return Case(When(holds, then=Value(1 << place, output_field=big)), default=Value(0, output_field=big))


def _handed(model: ScoringModel, basis: Basis, places: dict[int, int], tell: Tell, now: datetime) -> int:
    """Every lead that sales got, with the rules that held for it then, as rows. Returns how many."""
    Handed.objects.filter(model__state=ScoringModel.State.RETIRED).delete()
    found: dict[int, HandedOver] = {one.handoff_id: one for one in ask("leads.handed", most=MOST_HANDED) or ()}
    groups = {rule.id: rule.group for rule in (*basis.card.fit, *basis.card.engagement, *basis.card.negative)}
    seen = 0
    asked = as_of(basis, (Moment(one.handoff_id, one.lead_id, one.at) for one in found.values()))
    while part := list(islice(asked, 1000)):
        rows = [_row(model, found[moment.key], then, groups, places, now) for moment, then in part]
        Handed.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["model", "handoff_id"],
            update_fields=[
                one.name for one in Handed._meta.concrete_fields if one.name not in ("id", "model", "handoff_id")
            ],
        )
        seen += len(part)
        tell(seen, len(found), "Looking at the leads that sales got")
    Handed.objects.filter(model=model, counted_at__lt=now).delete()
    return seen


def _row(
    model: ScoringModel,
    one: HandedOver,
    then: Then,
    groups: dict[int, str],
    place: dict[int, int],
    now: datetime,
) -> Handed:
    bits = dict.fromkeys(GROUPS, 0)
    for rule_id in {*then.matching, *(rule_id for rule_id, micro in then.given.items() if holds_by(micro))}:
        bits[groups[rule_id]] |= 1 << place[rule_id]
    return Handed(
        model=model,
        handoff_id=one.handoff_id,
        lead_id=one.lead_id,
        at=one.at,
        verdict=one.verdict,
        reason=one.reason,
        outcome=one.outcome,
        lost_reason=one.lost_reason,
        edited=then.edited,
        counted_at=now,
        **bits,
    )


def _moved(basis: Basis, some: dict[int, list[int]], now: datetime) -> dict[int, int]:
    """Of the leads tried for each rule: how many would have another score without it."""
    ids = sorted({pk for found in some.values() for pk in found})
    matching: dict[int, set[int]] = {}
    deeds: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for start in range(0, len(ids), 1000):
        matching |= fit_matching(basis, ids[start : start + 1000], now)
        for lead_id, kind, at, _ in deeds_of(basis.card, ids[start : start + 1000], now).iterator(5000):
            deeds[lead_id].append((kind, at.toordinal()))
    today = utc_day(now)
    sums = {pk: rules.deed_sums(basis.card, deeds[pk], today) for pk in ids}
    return {
        rule_id: sum(_differs(basis.card, rule_id, matching.get(pk, set()), sums[pk]) for pk in found)
        for rule_id, found in some.items()
    }


def _differs(card: rules.Card, rule_id: int, matching: Collection[int], sums: list[int]) -> bool:
    fewer = [0 if rule.id == rule_id else micro for rule, micro in zip(card.on_deeds, sums, strict=True)]
    without = rules.fold(card, set(matching) - {rule_id}, fewer)
    return without.score != rules.fold(card, matching, sums).score


def _worded_alike(found: Sequence[ScoringRule]) -> dict[int, int]:
    """Rule -> an earlier one that asks the same in other words or order."""
    first: dict[str, int] = {}
    out = {}
    for rule in found:
        asks = condition_key(rule.condition) if not rule.activity_kind else rule_print(rule)
        if asks in first:
            out[rule.pk] = first[asks]
        else:
            first[asks] = rule.pk
    return out
