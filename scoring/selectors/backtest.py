"""The past of a range of leads, as a back-test reads it: five queries for any number of leads."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.ask import ask
from funnels.models import Stage, Transition
from leads.models import Activity, Lead
from leads.rules import Outcome
from scoring.backtest.conditions import DAY, Deed, Split
from scoring.backtest.counts import Counts, Period, Seen, add, blank
from scoring.backtest.walk import REQUIRED, Life, Span, Trial, at_once, rises, spans
from scoring.models import BacktestRun, ScoringModel
from scoring.selectors.cards import model_rules
from scoring.selectors.compute import basis_of, fit_cases

EPOCH = date(1970, 1, 1)
POLICY: dict[str, Any] = {"grades": [], "required": {}, "instant_kinds": [], "instant_days": 7, "wait_days": 14}


@dataclass(frozen=True)
class Plan:
    """All that is needed to try models on the past of any leads."""

    period: Period
    until: datetime
    policy: dict[str, Any]
    split: Split
    trials: list[Trial]
    bars: list[int]
    open_stages: frozenset[int]

    @property
    def kinds(self) -> list[str]:
        """Every activity that matters to a model or to the bar."""
        found = {kind for one in self.trials for kind in one.kinds}
        return sorted(found | self.split.kinds | set(self.policy["instant_kinds"]))


def mql_policy() -> dict[str, Any]:
    """What lets a lead pass besides the score: allowed letters, a condition, high-intent deeds, the wait."""
    return POLICY | (ask("mql.policy") or {})


def plan_make(
    models: Sequence[ScoringModel], bars: Sequence[int], *, policy: dict[str, Any], first: date, until: datetime
) -> Plan:
    """How to try these models. ``split.left_out`` names the rules that cannot be tried."""
    split = Split()
    letters = frozenset(policy["grades"])
    if policy["required"]:
        split.add(REQUIRED, policy["required"])
    required = bool(policy["required"]) and REQUIRED not in split.left_out
    found = []
    for model in models:
        basis = basis_of(model)
        assert basis is not None
        for rule_id, condition in basis.conditions.items():
            split.add(rule_id, condition)
        found.append((basis.card, tuple(basis.conditions)))
    trials = [Trial(card, split, facts, letters, required) for card, facts in found]
    stages = Stage.objects.filter(funnel__kind="marketing", kind=Stage.Kind.OPEN).values_list("pk", flat=True)
    last = until.astimezone(UTC).date()
    period = Period((first - EPOCH).days, (last - EPOCH).days)
    return Plan(period, until, policy, split, trials, list(bars), frozenset(stages))


def plan_of(run: BacktestRun) -> Plan:
    models = [run.model, run.against] if run.against else [run.model]
    bars = [run.bar, run.against_bar][: len(models)]
    return plan_make(models, bars, policy=run.policy, first=run.first_day, until=run.until)


def left_out(plan: Plan, models: Sequence[ScoringModel]) -> list[str]:
    """The rules that cannot be tried, for people."""
    names = {rule.pk: f"{rule.name} (version {model.version})" for model in models for rule in model_rules(model)}
    found = [names.get(pk, "The condition of the MQL bar") for pk in plan.split.left_out]
    segments = plan.policy.get("segments")
    return [*found, f"The MQL bars of {', '.join(segments)}: everybody is tried at one bar"] if segments else found


def counts_of(plan: Plan, first_id: int, last_id: int) -> Counts:
    """What these leads add up to."""
    counts = blank(plan.period.weeks, len(plan.trials))
    ours = {"pk__gte": first_id, "pk__lte": last_id}
    outcomes: defaultdict[int, list[Outcome]] = defaultdict(list)
    for one in ask("leads.verdicts", first_id=first_id, last_id=last_id) or ():
        if one.at <= plan.until:
            outcomes[one.lead_id].append(one)
    moves = _moves(plan, first_id, last_id)
    deeds, counts["late"] = deeds_read(plan, first_id, last_id)
    for lead_id, since, changed_at, held in facts_read(plan, ours):
        life = Life(since, held, deeds.get(lead_id, []))
        counts["leads"] += 1
        _count(plan, counts, lead_id, life, moves.get(lead_id, []), outcomes.get(lead_id, []), changed_at)
    return counts


def _count(
    plan: Plan,
    counts: Counts,
    lead_id: int,
    life: Life,
    moves: list[tuple[int, float, int]],
    outcomes: list[Outcome],
    changed_at: datetime,
) -> None:
    """Count one lead: its stays in marketing that reach into the period, and what sales made of them."""
    period, begin = plan.period, plan.period.first * DAY
    taken = [(one.cycle, one.at.timestamp()) for one in outcomes]
    within = {place for place, (_, at) in enumerate(taken) if at >= begin}
    for place in within:
        counts["real"][period.week(int(taken[place][1] // DAY))] += 1
        counts["changed"] += changed_at > outcomes[place].at
    until, wait_days = plan.until.timestamp(), plan.policy["wait_days"]
    for span, ended in spans(moves, plan.open_stages, taken, until, wait_days):
        if span.end < begin and ended not in within:
            continue
        outcome = outcomes[ended] if ended is not None and ended in within else None
        within.discard(ended if ended is not None else -1)
        add(counts, _seen(plan, lead_id, life, span, outcome), period, plan.bars)
    counts["unjudged"] += len(within)


def _seen(plan: Plan, lead_id: int, life: Life, span: Span, outcome: Outcome | None) -> Seen:
    once = at_once(life, span, plan.policy["instant_kinds"], plan.policy["instant_days"])
    found = [rises(trial, life, span) for trial in plan.trials]
    return Seen(lead_id, found, once, outcome.kind if outcome else "")


def _moves(plan: Plan, first_id: int, last_id: int) -> dict[int, list[tuple[int, float, int]]]:
    rows = Transition.objects.filter(
        kind=Transition.Kind.LEAD, traveller_id__gte=first_id, traveller_id__lte=last_id, at__lte=plan.until
    )
    found: defaultdict[int, list[tuple[int, float, int]]] = defaultdict(list)
    ordered = rows.order_by("traveller_id", "seq").values_list("traveller_id", "cycle", "at", "to_stage_id")
    for lead_id, cycle, at, stage_id in ordered.iterator(20_000):
        found[lead_id].append((cycle, at.timestamp(), stage_id))
    return found


def deeds_read(plan: Plan, first_id: int, last_id: int) -> tuple[dict[int, list[Deed]], int]:
    """Each lead's deeds in the order in which they were written down, and how many were so a day or more later."""
    rows = Activity.objects.filter(
        lead__gte=first_id,
        lead__lte=last_id,
        kind__in=plan.kinds,
        bot__lt=Activity.Bot.BOT,
        recorded_at__lte=plan.until,
    ).order_by()
    found: defaultdict[int, list[Deed]] = defaultdict(list)
    late = 0
    for lead_id, kind, at, known, bot in rows.values_list("lead_id", "kind", "at", "recorded_at", "bot").iterator(
        20_000
    ):
        deed = Deed(kind, at.timestamp(), known.timestamp(), not bot)
        late += deed.known - deed.at >= DAY
        found[lead_id].append(deed)
    for deeds in found.values():
        deeds.sort(key=_known)
    return found, late


def _known(deed: Deed) -> float:
    return deed.known


def facts_read(plan: Plan, ours: dict[str, Any]) -> Any:
    """(lead id, known since, changed at, places of the conditions that hold) of each lead, as its facts are now."""
    cases = fit_cases(dict(enumerate(plan.split.asked)), plan.until)
    rows = Lead.objects.filter(**ours).annotate(**cases).order_by("pk")
    kept: dict[tuple[int, ...], frozenset[int]] = {}
    for pk, since, changed_at, *holds in rows.values_list("pk", "created_at", "updated_at", *cases).iterator(20_000):
        key = tuple(holds)
        held = kept.get(key)
        if held is None:
            held = kept[key] = frozenset(place for place, holding in enumerate(key) if holding)
        yield pk, since.timestamp(), changed_at, held


def first_day_of(until: datetime, days: int) -> date:
    """The first of so many UTC days, the day of ``until`` among them."""
    return until.astimezone(UTC).date() - timedelta(days=days - 1)
