"""What must always hold of scores: each is the fold of its inputs, and nobody waits for ever."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.invariants import Broken, found
from leads.models import Standing
from scoring.models import BacktestRun, RescoreChunk, ScoreFailure, ScoringModel
from scoring.selectors import score_mismatches
from scoring.selectors.doctor import shadow_mismatches


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    if not ScoringModel.objects.filter(state=ScoringModel.State.ACTIVE).exists():
        yield Broken("scoring: there is an active model", "no scoring model is active: nobody gets a score.")
    for miss in score_mismatches():
        yield Broken(
            "scoring: a score equals its fold",
            f"lead {miss.lead_id} has {miss.stored}, its inputs give {miss.expected} at {miss.as_of:%Y-%m-%d}.",
        )
    for miss in shadow_mismatches():
        yield Broken(
            "scoring: a shadow score equals its fold",
            f"lead {miss.lead_id} has {miss.stored}, its inputs give {miss.expected} at {miss.as_of:%Y-%m-%d}.",
        )
    yield from found(
        "scoring: the model in shadow can be scored",
        ScoringModel.objects.filter(state=ScoringModel.State.SHADOW).exclude(shadow_error=""),
        lambda row: f"version {row.version}: {row.shadow_error}",
    )
    yield from found(
        "scoring: a back-test goes on",
        BacktestRun.objects.filter(state=BacktestRun.State.RUNNING, lease_until__lt=now - grace).order_by("pk"),
        lambda row: (
            f"back-test {row.pk} waits since {row.lease_until:%Y-%m-%d %H:%M}: {row.error or 'its worker died'}."
        ),
    )
    yield from found(
        "scoring: who is marked is scored soon",
        Standing.objects.filter(score_due_at__lt=now - grace).order_by("score_due_at"),
        lambda row: f"lead {row.pk} waits for its score since {row.score_due_at:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        "scoring: every lead can be scored",
        ScoreFailure.objects.order_by("pk"),
        lambda row: f"lead {row.pk} failed {row.attempts} times: {row.error}",
    )
    yield from found(
        "scoring: a pass comes to its end",
        RescoreChunk.objects.filter(done_at=None).exclude(error="").order_by("pk"),
        lambda row: f"leads {row.first_id} to {row.last_id} are put off: {row.error}",
    )
