"""A model in shadow: scored live with the active one, in the same batches and passes, and nothing acts on it."""

from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Conflict, Refused
from scoring.models import ScoringChange, ScoringModel, ShadowScore
from scoring.selectors.cards import active_model, model_rules
from scoring.services.rescore import rescore_start
from scoring.services.shadow_write import shadow_leave

State = ScoringModel.State
FORGET = 5_000


@transaction.atomic
def shadow_begin(*, model_id: int, by: Any) -> ScoringModel:
    """Put a draft in shadow: from now on it is scored beside the active model, and a pass scores everybody.

    Raises Conflict when it is no draft, or another is in shadow; Refused when there is nothing to score.
    """
    model = ScoringModel.objects.select_for_update().get(pk=model_id)
    if model.state != State.DRAFT:
        raise Conflict(
            f"Version {model.version} is {model.get_state_display().lower()}: only a draft goes into shadow."
        )
    other = ScoringModel.objects.filter(state=State.SHADOW).first()
    if other is not None:
        raise Conflict(f"Version {other.version} is in shadow already: end that first.")
    active = active_model()
    if active is None:
        raise Refused("There is no active model to stand beside.")
    if not model_rules(model):
        raise Refused("This model has no rules that count.")
    model.state, model.shadow_since, model.shadow_error = State.SHADOW, db_now(), ""
    model.save(update_fields=["state", "shadow_since", "shadow_error"])
    ScoringChange.objects.create(model=model, by=by, text="Put in shadow")
    rescore_start(model=active, cause="shadow", by=by)
    return model


@transaction.atomic
def shadow_end(*, model_id: int, by: Any) -> ScoringModel:
    """Back to a draft; its scores are thrown away. Raises Conflict when it is not in shadow."""
    model = ScoringModel.objects.select_for_update().get(pk=model_id)
    if model.state != State.SHADOW:
        raise Conflict(f"Version {model.version} is not in shadow.")
    model.state = State.DRAFT
    model.save(update_fields=["state"])
    ScoringChange.objects.create(model=model, by=by, text="Taken out of shadow")
    shadow_leave(model)
    return model


def shadow_forget(key: str, *, model_id: int, **_: Any) -> None:
    """Outbox handler of ``scoring.shadow_left``: delete the rows of a model that is not in shadow any more, in short
    transactions. Doing it twice changes nothing."""
    while not ScoringModel.objects.filter(pk=model_id, state=State.SHADOW).exists():
        ids = list(ShadowScore.objects.filter(model=model_id).values_list("pk", flat=True)[:FORGET])
        if not ids:
            return
        ShadowScore.objects.filter(model=model_id, pk__in=ids).delete()
