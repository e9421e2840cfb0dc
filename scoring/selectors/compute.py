"""Scores of a batch of leads from their rows, folded in Python: the truth that the set-based SQL must equal.

Three queries whatever the number of leads: the facts, the deeds, and nothing else per lead.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from leads.compiler import condition_q
from leads.models import Activity, Lead
from scoring import checks, rules
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors.cards import active_model, card_of, live_models, model_rules


@dataclass(frozen=True)
class Basis:
    """A model with all that is needed to apply it."""

    model: ScoringModel
    card: rules.Card
    conditions: dict[int, dict[str, Any]]  # of the rules about facts, by rule id

    @property
    def asks_for_time(self) -> bool:
        """A rule about facts may turn by time alone, within a day too."""
        return any(checks.changes_with_time(one) for one in self.conditions.values())


def basis_of(model: ScoringModel | None = None) -> Basis | None:
    """The basis of a model, of the active one by default; None when there is no active model. Two queries."""
    model = model or active_model()
    if model is None:
        return None
    found: list[ScoringRule] = model_rules(model)
    conditions = {rule.pk: rule.condition for rule in found if rule.condition and not rule.activity_kind}
    return Basis(model, card_of(model, found), conditions)


def bases_live() -> tuple[Basis | None, Basis | None]:
    """The basis of the active model, and of the one in shadow. Two queries, and one more where there is a shadow."""
    active, shadow = live_models()
    if active is None:
        return None, None
    return basis_of(active), basis_of(shadow) if shadow else None


def utc_day(moment: datetime) -> int:
    """The UTC day of a moment, counted as ``date.toordinal()`` does."""
    return moment.astimezone(UTC).toordinal()


def fit_cases(conditions: Mapping[int, dict[str, Any]], now: datetime) -> dict[str, Case]:
    """One expression a rule over Lead: 1 where its condition holds. ``conditions`` by rule id."""
    return {
        f"fit_{rule_id}": Case(
            When(condition_q(condition, now=now), then=Value(1)),
            default=Value(0),
            output_field=IntegerField(),
        )
        for rule_id, condition in conditions.items()
    }


def fit_matching(basis: Basis, lead_ids: Collection[int], now: datetime) -> dict[int, set[int]]:
    """Lead id -> ids of the rules about facts that hold for it at ``now``."""
    ids = list(basis.conditions)
    if not ids:
        return {}
    rows = Lead.objects.filter(pk__in=lead_ids).annotate(**fit_cases(basis.conditions, now))
    return {
        row[0]: {rule_id for rule_id, holds in zip(ids, row[1:], strict=True) if holds}
        for row in rows.values_list("pk", *(f"fit_{rule_id}" for rule_id in ids))
    }


def deeds_of(card: rules.Card, lead_ids: Collection[int], now: datetime) -> Any:
    """(lead id, kind, time, activity id) of every human deed that still counts at ``now``."""
    oldest = now - timedelta(days=card.horizon_days + 1)
    rows = Activity.objects.filter(lead__in=lead_ids, bot=Activity.Bot.HUMAN, kind__in=card.kinds, at__gte=oldest)
    return rows.order_by().values_list("lead_id", "kind", "at", "pk")


def scores_compute(basis: Basis, lead_ids: Collection[int], now: datetime) -> dict[int, rules.Score]:
    """The score of each lead at ``now``, from its rows as they are. Two queries."""
    matching = fit_matching(basis, lead_ids, now)
    deeds: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    if basis.card.on_deeds:
        for lead_id, kind, at, _ in deeds_of(basis.card, lead_ids, now).iterator(chunk_size=5000):
            deeds[lead_id].append((kind, at.toordinal()))
    today = utc_day(now)
    return {
        lead_id: rules.fold(
            basis.card,
            matching.get(lead_id, set()),
            rules.deed_sums(basis.card, deeds.get(lead_id, []), today),
        )
        for lead_id in lead_ids
    }
