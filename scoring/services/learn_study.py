"""Learning as a study: outcomes to a draft, how good it is, and what the data says of the active model's rules."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Refused
from core.jobs import Tell
from leads.models import CustomField, Lead
from scoring.learn.evaluate import OURS, Evaluation, cleaned, evaluate, evaluate_newest
from scoring.learn.fit import card_learn, enough_check
from scoring.learn.regression import FOLDS, libraries
from scoring.learn.table import Table, excluded
from scoring.learn.tune import Known, Suggestion, suggest
from scoring.models import ScoringModel, ScoringRule, Study
from scoring.rules import MICRO, NEGATIVE
from scoring.selectors.asof import Moment, Then, as_of
from scoring.selectors.cards import active_model, model_rules
from scoring.selectors.compute import Basis, basis_of
from scoring.selectors.outcomes import labelled, labelled_table, outcomes_found, table_of
from scoring.services.learning import model_learned

MOST = 20_000  # outcomes learned from on the desk: a study is one task, and must end within minutes
STEPS = FOLDS + 5
OUTCOMES = {
    "won": "Won deals, against lost and rejected",
    "accepted": "Accepted by sales, against rejected",
}
SOURCES = {"won": "closed outcomes", "accepted": "verdicts of sales"}


def learn_run(study: Study, tell: Tell) -> dict[str, Any]:
    """Learn what ``study.params`` ask for, and make a draft of it. Raises Refused with what to do about it."""
    libraries()
    tell(0, STEPS, "Reading the outcomes and what was known")
    table, edited, cases = _table(study.params)
    _enough(table.wins, study.params["outcome"])
    tell(1, STEPS, "Looking for inputs that know the answer")
    table, look = cleaned(table)
    tell(2, STEPS, "Learning the points")
    card = card_learn(table)
    found = evaluate(table, baselines=False, tell=lambda fold: tell(2 + fold, STEPS, _fold_said(fold)))
    newest = evaluate_newest(table, baselines=False)
    tell(3 + FOLDS, STEPS, "Comparing with the active rules")
    suggestions, active, few = _suggestions(cases)
    result = {
        "n": len(table),
        "won": sum(table.wins),
        "edited": edited,
        "inputs": [one.name for one in table.columns],
        "left_out": table.left_out,
        "look": look,
        "measured": _measured(found),
        "newest": _measured(newest) if newest else None,
        "active": active,
        "few": few,
        "suggestions": [_said(one) for one in suggestions],
    }
    tell(4 + FOLDS, STEPS, "Making the draft")
    if not Study.objects.filter(pk=study.pk, draft__isnull=False).exists():
        with transaction.atomic():
            tell(4 + FOLDS, STEPS, "Making the draft")  # who lost the lease makes none
            made = _draft(study, card, result)
            Study.objects.filter(pk=study.pk).update(draft=made)
    return result


def _fold_said(fold: int) -> str:
    return f"Trying it on leads it has not seen: part {fold} of {FOLDS}"


def _enough(wins: Sequence[bool], outcome: str) -> None:
    """Raises Refused, saying what to do, when there are too few outcomes."""
    try:
        enough_check(wins)
    except Refused as refusal:
        hint = "Learn again when sales has decided more, choose a longer period, or learn from sales' verdicts."
        if outcome not in OUTCOMES:
            hint = "Choose a field that says yes or no of more leads, or import leads with their outcome."
        elif outcome == "accepted":
            hint = "Learn again when sales has decided more, or choose a longer period."
        raise Refused(f"{refusal.message} {hint}") from None


def _table(params: dict[str, Any]) -> tuple[Table, int, list[tuple[Moment, bool]]]:
    """What to learn from; how many leads were changed since sales got them; and whom, when and whether."""
    outcome, now = params["outcome"], db_now()
    if outcome not in OUTCOMES:
        table = labelled_table(label=outcome, most=MOST)
        said = labelled(outcome, most=MOST)
        cases = [(Moment(pk, pk, now), won) for pk, won in said.items()]
    else:
        since = now - timedelta(days=params["days"]) if params.get("days") else None
        found = outcomes_found(outcome, since=since, most=MOST)
        table = table_of(found)
        cases = [(Moment(one.lead_id, one.lead_id, one.at), one.kind in OUTCOMES) for one in found]
    mine = params.get("exclude", [])
    named = [one.name for one in table.columns if excluded(one.fact, mine)]
    edited = 0
    if outcome in OUTCOMES:
        edited = _edited([one for one, _ in cases])
    return table.without(dict.fromkeys(named, "excluded by name")), edited, cases


def _edited(moments: Sequence[Moment]) -> int:
    ats = {one.lead_id: one.at for one in moments}
    ids, count = list(ats), 0
    for start in range(0, len(ids), 2000):
        rows = Lead.objects.filter(pk__in=ids[start : start + 2000]).values_list("pk", "updated_at")
        count += sum(changed > ats[pk] for pk, changed in rows)
    return count


def _measured(found: Evaluation) -> dict[str, Any]:
    ours = found.measures[OURS]
    parts = {
        name: [round(one.value, 4), round(one.low, 4), round(one.high, 4)]
        for name, one in (("auc", ours.auc), ("brier", ours.brier), ("top", ours.top_fifth))
    }
    tenths = [
        [one.n, round(one.said, 4), round(one.came.value, 4), round(one.came.low, 4), round(one.came.high, 4)]
        for one in ours.tenths
    ]
    return {"how": found.how, "n": ours.n, "won": ours.wins, "tenths": tenths, "worst": ours.worst_tenth, **parts}


def _suggestions(cases: Sequence[tuple[Moment, bool]]) -> tuple[list[Suggestion], int | None, str]:
    """What the data says of each active rule; of which model; and why it says nothing. Leads that were changed since
    sales got them say nothing of rules about facts, so they are left out where the model has such rules."""
    model = active_model()
    basis = basis_of(model) if model else None
    if model is None or basis is None:
        return [], None, "No model is active."
    came = {one.key: won for one, won in cases}
    past = dict(cases_of(basis, cases))
    found = model_rules(model)
    gave = {rule.pk: [_gave(rule, then) for then in past.values()] for rule in found}
    known = [Known(one.pk, one.points, gave[one.pk], most=-1 if one.group == NEGATIVE else 100) for one in found]
    try:
        return suggest(known, [came[key] for key in past]), model.pk, ""
    except Refused as refusal:
        why = "Of the leads that were not changed since sales got them: " if len(past) < len(cases) else ""
        return [], model.pk, f"{why}{refusal.message}"


def _gave(rule: ScoringRule, then: Then) -> float:
    """How many times its points a rule gave."""
    if rule.activity_kind:
        return then.given.get(rule.pk, 0) / MICRO / rule.points
    return float(rule.pk in then.matching)


def cases_of(basis: Basis, cases: Sequence[tuple[Moment, bool]]) -> list[tuple[int, Then]]:
    """(key, what held then) of the leads whose facts are those of the moment."""
    found = as_of(basis, (one for one, _ in cases))
    return [(one.key, then) for one, then in found if not (then.edited and basis.conditions)]


def _said(one: Suggestion) -> dict[str, Any]:
    names = ("rule", "now", "points", "n", "won", "verdict")
    numbers = {"low": round(one.low, 1), "high": round(one.high, 1), "weight": round(one.weight, 3)}
    return {name: getattr(one, name) for name in names} | numbers | {"rate": round(one.rate, 4)}


def _draft(study: Study, card: Any, result: dict[str, Any]) -> ScoringModel:
    outcome, measured = study.params["outcome"], result["measured"]
    key = outcome.removeprefix("custom.")
    label = CustomField.objects.filter(key=key).values_list("label", flat=True).first() or key
    source = SOURCES.get(outcome, f"leads by their field {label}")
    kept = {"auc": measured["auc"][0], "auc_low": measured["auc"][1], "auc_high": measured["auc"][2]}
    kept |= {"brier": measured["brier"][0], "look": result["look"], "study": study.pk, "outcome": outcome}
    return model_learned(
        card=card, source=source, by=study.by, name=study.params.get("name") or "Learned", measured=kept
    )
