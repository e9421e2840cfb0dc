"""Versions of the scoring model: draft, edit, activate. The active one is never edited, only replaced."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from core.clock import db_now
from core.errors import Conflict, Refused
from leads.conditions import condition_check
from scoring import checks, rules
from scoring.models import ScoringChange, ScoringModel, ScoringRule
from scoring.selectors.sense import effect_of, harm
from scoring.selectors.words import SETTINGS, rule_say, setting_say, settings_say
from scoring.services.rescore import rescore_start
from scoring.services.shadow_write import shadow_leave

State = ScoringModel.State
COPIED = ("name", "fit_cap", "engagement_cap", "negative_cap", "fit_bounds", "engagement_bounds", "stage_bars")
RULE_FIELDS = (
    *("group", "name", "points", "condition", "activity_kind", "fade", "half_life_days", "counts", "a_day", "cap"),
    *("position", "is_active", "evidence"),
)


def _note(model: ScoringModel, by: Any, text: str) -> None:
    ScoringChange.objects.create(model=model, by=by, text=text[:300])


@transaction.atomic
def model_draft(*, source: ScoringModel, by: Any) -> ScoringModel:
    """A new draft, a copy of ``source`` with its rules. Any version may be the source: that is how to go back."""
    version = (ScoringModel.objects.aggregate(top=Max("version"))["top"] or 0) + 1
    made = ScoringModel.objects.create(
        version=version, created_by=by, **{name: getattr(source, name) for name in COPIED}
    )
    ScoringRule.objects.bulk_create(
        [
            ScoringRule(model=made, **{name: getattr(rule, name) for name in RULE_FIELDS})
            for rule in source.rules.all()
        ]
    )
    _note(made, by, f"Copied from version {source.version}")
    return made


def _locked_draft(model_id: int) -> ScoringModel:
    """The draft, held. Raises Conflict when it is no draft any more."""
    model = ScoringModel.objects.select_for_update().get(pk=model_id)
    if model.state != State.DRAFT:
        raise _no_draft(model)
    return model


def _no_draft(model: ScoringModel) -> Conflict:
    return Conflict(f"Version {model.version} is {model.get_state_display().lower()}: make a new draft to change it.")


def _as_opened(opened: str | None, now: str) -> None:
    """Of two people who change the same, the second is told. ``opened``: how it read when they began; None: whoever
    asks did not look before."""
    if opened is not None and opened != now:
        raise Conflict(f"Somebody changed this since you opened it. It reads now: {now}. Reload, then change that.")


@transaction.atomic
def model_update(*, model_id: int, by: Any, opened: str | None = None, **fields: Any) -> ScoringModel:
    """Change a draft's name, caps, bounds and bars. Raises Refused naming the field, Conflict for no draft or when
    it reads otherwise than when it was ``opened``."""
    model = _locked_draft(model_id)
    _as_opened(opened, settings_say(model))
    checks.bounds_check(fields.get("fit_bounds", model.fit_bounds), "fit_bounds")
    checks.bounds_check(fields.get("engagement_bounds", model.engagement_bounds), "engagement_bounds")
    for name in ("fit_cap", "engagement_cap", "negative_cap"):
        if not 0 <= fields.get(name, 0) <= 1000:
            raise Refused("From 0 to 1,000 points.", field=name)
    bars = list(fields.get("stage_bars", model.stage_bars).values())
    if any(not 0 <= bar <= 2000 for bar in bars) or bars != sorted(bars):
        raise Refused("Each stage needs at least the score of the one before it.", field="stage_bars")
    for name, label in SETTINGS.items():
        if name in fields and fields[name] != getattr(model, name):
            before = setting_say(model, name)
            setattr(model, name, fields[name])
            _note(model, by, f"{label[0].upper()}{label[1:]}: {before} -> {setting_say(model, name)}")
    model.save()
    return model


@transaction.atomic
def rule_save(
    *, model_id: int, by: Any, rule_id: int | None = None, opened: str | None = None, **fields: Any
) -> ScoringRule:
    """Add or change a rule of a draft. Raises Refused naming the field, Conflict for no draft, for a rule that is
    gone, or that reads otherwise than when it was ``opened``."""
    model = _locked_draft(model_id)
    rule = (
        model.rules.filter(pk=rule_id).first() if rule_id else ScoringRule(model=model, position=model.rules.count())
    )
    if rule is None:
        raise Conflict("Somebody removed this rule meanwhile.")
    before = rule_say(rule) if rule_id else ""
    _as_opened(opened, before)
    asked = (rule.condition, rule.activity_kind)
    for name, value in fields.items():
        setattr(rule, name, value)
    if rule.group == rules.FIT:
        rule.activity_kind = ""
    if rule.group == rules.ENGAGEMENT:
        rule.condition = {}
    rule.condition = condition_check(rule.condition)
    checks.rule_check(
        group=rule.group,
        name=rule.name,
        points=rule.points,
        condition=rule.condition,
        kind=rule.activity_kind,
        half_life=rule.half_life_days,
        cap=rule.cap,
        counts=rule.counts,
        a_day=rule.a_day,
    )
    if model.rules.filter(group=rule.group).exclude(pk=rule.pk).count() >= rules.MAX_RULES:
        raise Refused(f"At most {rules.MAX_RULES} rules in a group.", field="name")
    if asked != (rule.condition, rule.activity_kind):
        rule.evidence = {}  # it was about another question
    rule.save()
    after = rule_say(rule)
    if after != before:
        _edited(model)
        _note(model, by, f"Changed: {before} -> {after}" if before else f"Added: {after}")
    return rule


@transaction.atomic
def rule_delete(*, model_id: int, rule_id: int, by: Any) -> None:
    """Take a rule out of a draft. Raises Conflict for no draft."""
    model = _locked_draft(model_id)
    rule = model.rules.get(pk=rule_id)
    _note(model, by, f"Removed: {rule_say(rule)}")
    _edited(model)
    rule.delete()


def _edited(model: ScoringModel) -> None:
    """What share converts at each score was learned for the rules as they were."""
    if model.learned:
        model.learned["edited"] = True
        model.save(update_fields=["learned"])


@transaction.atomic
def model_discard(*, model_id: int) -> None:
    """Throw a draft away. Raises Conflict when it is no draft."""
    _locked_draft(model_id).delete()


def model_activate(*, model_id: int, by: Any, despite: bool = False) -> ScoringModel:
    """Make a draft, or the model in shadow, the active one: the old one retires, and every lead is scored anew, in
    chunks.

    Raises Conflict when it is no draft any more, Refused when it has no rules, or when it would make MQLs of all
    leads; of most or of none too, at the field ``despite``, unless that is wanted.
    """
    model = ScoringModel.objects.get(pk=model_id)
    # looks at thousands of leads: not while we hold
    found = effect_of(model) if model.state in (State.DRAFT, State.SHADOW) else None
    if found is not None:
        possible, text = harm(found)
        if text and not (possible and despite):
            raise Refused(text, field="despite" if possible else "")
    return _activate(model_id, by)


@transaction.atomic
def _activate(model_id: int, by: Any) -> ScoringModel:
    model = ScoringModel.objects.select_for_update().get(pk=model_id)
    if model.state == State.SHADOW:
        shadow_leave(model)
    elif model.state != State.DRAFT:
        raise _no_draft(model)
    if not model.rules.filter(is_active=True).exists():
        raise Refused("A model without rules would take every lead's score away.")
    ScoringModel.objects.filter(state=State.ACTIVE).update(state=State.RETIRED)
    model.state, model.activated_at = State.ACTIVE, db_now()
    model.save(update_fields=["state", "activated_at"])
    _note(model, by, "Activated")
    rescore_start(model=model, cause="activated", by=by)
    return model
