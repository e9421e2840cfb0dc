"""Once a week: do the scores still lie as when the model was activated, and do its chances still come true?"""

from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.urls import reverse

from core.ask import ask
from core.clock import db_now
from funnels.models import Stage
from leads.models import Standing
from scoring import drift
from scoring.learn.card import curve_at
from scoring.models import DriftCheck, Rescore, ScoringModel
from scoring.selectors.cards import active_model
from scoring.selectors.words import drift_words
from team.models import User
from team.services import NoticeLine, notices_tell

MOST = 50_000
YES = {"won": "won", "accepted": "accepted"}


def drift_check() -> DriftCheck | None:
    """This week's check of the active model (UTC), unless there is one. The first of a model is what later ones are
    held to; it waits until every lead has been scored with it. When it moved, marketers are told once a month."""
    model, now = active_model(), db_now()
    year, week, _ = now.astimezone(UTC).isocalendar()
    key = f"{year}-W{week:02d}"
    if model is None or DriftCheck.objects.filter(model=model, week=key).exists():
        return None
    if Rescore.objects.filter(finished_at__isnull=True).exists():
        return None
    first = DriftCheck.objects.filter(model=model).order_by("id").first()
    bands = drift.bands_of(_scores())
    index = drift.psi(first.bands, bands) if first else None
    told = _calibration(model) if first else {}
    moved = (index is not None and index > drift.MOVED) or told.get("moved", False)
    try:
        with transaction.atomic():
            made = DriftCheck.objects.create(
                model=model, week=key, at=now, bands=bands, psi=index, calibration=told, moved=moved
            )
            if moved:
                _tell(made, now)
    except IntegrityError:  # another worker was quicker
        return None
    return made


def _scores() -> dict[int, int]:
    """Score -> how many leads in marketing have it."""
    rows = Standing.objects.filter(stage__kind=Stage.Kind.OPEN, stage__funnel__kind="marketing").order_by()
    return dict(rows.values_list("score").annotate(n=Count("pk")))


def _calibration(model: ScoringModel) -> dict[str, Any]:
    """Chances said at the handoff beside what came, of the leads that sales got since; empty where none was learned,
    where the rules were changed by hand, or where too few are closed."""
    curve, outcome = model.learned.get("curve"), model.learned.get("outcome")
    if not curve or model.learned.get("edited") or outcome not in YES or model.activated_at is None:
        return {}
    said, came = [], []
    for one in ask("leads.handed", most=MOST, since=model.activated_at) or ():
        closed = one.verdict if outcome == "accepted" or one.verdict == "rejected" else one.outcome
        if closed:
            said.append(curve_at(curve, one.score))
            came.append(closed == YES[outcome])
    found = drift.calibration(said, came)
    if found is None:
        return {}
    mean, share, moved = found
    numbers = {"said": mean, "came": share.value, "low": share.low, "high": share.high}
    return {name: round(value, 4) for name, value in numbers.items()} | {"n": len(said), "moved": moved}


def _tell(check: DriftCheck, now: datetime) -> None:
    said = drift_words(check)
    key = f"drift:{check.model_id}:{now:%Y-%m}"
    title = f"The scoring model {check.model} has drifted"
    body = f"{said[0].upper()}{said[1:]}. Learn from what converts again, or look at its rules."
    url = reverse("scoring:desk")
    marketers = User.objects.filter(is_active=True, is_marketer=True).values_list("pk", flat=True)
    notices_tell([NoticeLine(pk, key, title, body, url) for pk in marketers], kind="drift", now=now)
