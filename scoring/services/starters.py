"""Models that are not copied from another version: the first one of an install, and drafts from a starter."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from core.clock import db_now
from core.errors import Refused
from scoring.models import ScoringChange, ScoringModel, ScoringRule
from scoring.starters import B2B, STARTERS, Starter

State = ScoringModel.State


@transaction.atomic
def model_start(*, starter: str, by: Any) -> ScoringModel:
    """A new draft with a starter's rules. Raises Refused for one that there is not."""
    found = STARTERS.get(starter)
    if found is None:
        raise Refused("There is no such model to start from.", field="from")
    made = _made(found, created_by=by)
    text = f"Started from {found.name}: {len(found.rules)} rules"
    ScoringChange.objects.create(model=made, by=by, text=text)
    return made


def _made(starter: Starter, **fields: Any) -> ScoringModel:
    version = (ScoringModel.objects.aggregate(top=Max("version"))["top"] or 0) + 1
    model = ScoringModel.objects.create(name=starter.name, version=version, **starter.settings, **fields)
    made = [ScoringRule(model=model, position=place, **one) for place, one in enumerate(starter.rules)]
    ScoringRule.objects.bulk_create(made)
    return model


def seed(**_: Any) -> None:
    """The default active model, on a database that has none."""
    if ScoringModel.objects.exists():
        return
    with transaction.atomic():
        _made(B2B, state=State.ACTIVE, activated_at=db_now())
