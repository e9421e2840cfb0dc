"""Suggestions of a study, put into a draft of the active model."""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from core.errors import Conflict, Refused
from scoring.learn.tune import CHANGE, DROP
from scoring.models import ScoringModel, ScoringRule, Study
from scoring.services.models import model_draft, rule_save

State = ScoringModel.State


@transaction.atomic
def suggestions_apply(*, study_id: int, rule_ids: Collection[int] | None, by: Any) -> tuple[ScoringModel, int]:
    """Put the suggestions for these rules (None: all that would change something) into the study's draft of the
    active model; one is made when there is none. Returns it and how many rules were changed.

    Raises Conflict when another model is active since, Refused when nothing of it is a change.
    """
    study = Study.objects.select_for_update(of=("self",)).select_related("tuned").get(pk=study_id)
    wanted = [
        one
        for one in study.result.get("suggestions", [])
        if one["verdict"] in (CHANGE, DROP) and (rule_ids is None or one["rule"] in rule_ids)
    ]
    if not wanted:
        raise Refused("The data suggests no change there.")
    source = ScoringModel.objects.filter(pk=study.result.get("active"), state=State.ACTIVE).first()
    if source is None:
        raise Conflict("Another model is active since this was learned: learn again.")
    draft = study.tuned if study.tuned and study.tuned.state == State.DRAFT else None
    if draft is None:
        draft = model_draft(source=source, by=by)
        Study.objects.filter(pk=study.pk).update(tuned=draft)
    old = {rule.pk: rule for rule in source.rules.all()}
    mine = {_same(rule): rule for rule in draft.rules.all()}
    done = 0
    for one in wanted:
        rule = mine.get(_same(old[one["rule"]])) if one["rule"] in old else None
        if rule is None:  # taken out of the draft by hand
            continue
        evidence = {name: one[name] for name in ("n", "won", "rate", "weight", "low", "high")}
        change = {"points": one["points"]} if one["points"] else {"is_active": False}
        rule_save(model_id=draft.pk, rule_id=rule.pk, by=by, **change, evidence=evidence)
        done += 1
    return draft, done


def _same(rule: ScoringRule) -> tuple[str, int, str]:
    return rule.group, rule.position, rule.name
