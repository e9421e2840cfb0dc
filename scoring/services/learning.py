"""A learned card becomes an ordinary draft: the same rules, the same engine, the same explanation."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from core.clock import db_now
from core.errors import Refused
from leads.conditions import condition_check
from scoring import checks, rules
from scoring.learn.card import MOST_POINTS, Card, RuleDraft, rules_of
from scoring.models import ScoringChange, ScoringModel, ScoringRule
from scoring.selectors.cards import active_model
from scoring.starters import B2B


@transaction.atomic
def model_learned(
    *, card: Card, source: str, by: Any = None, name: str = "Learned", measured: dict[str, Any] | None = None
) -> ScoringModel:
    """A draft whose fit rules are the card's groups, each with its evidence. The score of a lead is its points.

    ``source`` says in words what was learned from; ``measured`` goes with the model. Raises Refused when a group
    cannot be a rule.
    """
    drafts = rules_of(card)
    _drafts_check(drafts)
    active = active_model()
    version = (ScoringModel.objects.aggregate(top=Max("version"))["top"] or 0) + 1
    model = ScoringModel.objects.create(
        name=name[:80],
        version=version,
        created_by=by,
        fit_cap=MOST_POINTS,
        engagement_cap=0,  # what people did is among the rules already
        fit_bounds=card.bounds or B2B.settings["fit_bounds"],
        engagement_bounds=B2B.settings["engagement_bounds"],
        stage_bars=active.stage_bars if active else B2B.settings["stage_bars"],
        learned={
            "at": db_now().isoformat(timespec="seconds"),
            "source": source,
            "n": card.n,
            "won": card.wins,
            "curve": [list(knot) for knot in card.curve],
            "left_out": card.left_out,
            **(measured or {}),
        },
    )
    ScoringRule.objects.bulk_create(
        [
            ScoringRule(
                model=model,
                group=rules.FIT,
                name=one.name,
                points=one.points,
                condition=one.condition,
                evidence=one.evidence,
                position=place,
            )
            for place, one in enumerate(drafts)
        ]
    )
    said = f"Learned from {card.n:,} {source}, of which {card.wins:,} converted: {len(drafts)} rules"
    ScoringChange.objects.create(model=model, by=by, text=said[:300])
    return model


def _drafts_check(drafts: Sequence[RuleDraft]) -> None:
    """Raises Refused when these cannot be the rules of a model."""
    if not 0 < len(drafts) <= rules.MAX_RULES:
        raise Refused(f"A model has from 1 to {rules.MAX_RULES} fit rules; this would have {len(drafts)}.")
    for one in drafts:
        condition_check(one.condition)
        checks.rule_check(
            group=rules.FIT, name=one.name, points=one.points, condition=one.condition, kind="", half_life=30, cap=100
        )
