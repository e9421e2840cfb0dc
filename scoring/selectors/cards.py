"""A scoring model as the arithmetic wants it."""

from scoring import rules
from scoring.models import ScoringModel, ScoringRule


def active_model() -> ScoringModel | None:
    return ScoringModel.objects.filter(state=ScoringModel.State.ACTIVE).first()


def live_models() -> tuple[ScoringModel | None, ScoringModel | None]:
    """The active model, and the one in shadow beside it. One query."""
    states = ScoringModel.State.ACTIVE, ScoringModel.State.SHADOW
    found = {one.state: one for one in ScoringModel.objects.filter(state__in=states)}
    return found.get(states[0]), found.get(states[1])


def model_rules(model: ScoringModel) -> list[ScoringRule]:
    """The rules that count, in their order."""
    return list(model.rules.filter(is_active=True).order_by("group", "position", "id"))


def card_of(model: ScoringModel, found: list[ScoringRule]) -> rules.Card:
    """The card of a model and its rules (``model_rules``)."""
    ready = [
        rules.Rule(
            id=rule.pk,
            group=rule.group,
            name=rule.name,
            points=rule.points,
            cap=rule.cap,
            kind=rule.activity_kind,
            half_life=max(rule.half_life_days, 1),
            fade=rule.fade,
            counts=rule.counts,
            a_day=max(rule.a_day, 1),
        )
        for rule in found
    ]
    return rules.Card(
        fit=tuple(rule for rule in ready if rule.group == rules.FIT),
        engagement=tuple(rule for rule in ready if rule.group == rules.ENGAGEMENT),
        negative=tuple(rule for rule in ready if rule.group == rules.NEGATIVE),
        fit_cap=model.fit_cap,
        engagement_cap=model.engagement_cap,
        negative_cap=model.negative_cap,
        fit_bounds=tuple(model.fit_bounds),
        engagement_bounds=tuple(model.engagement_bounds),
        stage_bars=dict(model.stage_bars),
    )
