"""The demo's leads as the real scoring engine sees them: scores written, and each where its score has earned.

The engine would otherwise move hundreds of them at its first sweep, all at the same moment.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handoff.selectors.policies import mql_bars
from insights.demo.plan import Person
from leads.models import Activity, Lead
from scoring.rules import Score, stage_for
from scoring.selectors.compute import Basis, basis_of, scores_compute

LADDER = ["awareness", "interest", "evaluation"]
BEHIND_THE_BAR = 1


def settle(people: Sequence[Person], leads: dict[int, Lead], now: datetime) -> dict[int, Score]:
    """The engine's score of every lead; adds to each person's steps the stages that it has earned.

    Who would be over the bar without having been handed off did less than planned: their newest deeds are left out.
    """
    basis = basis_of()
    if basis is None:
        return {}
    scores = scores_compute(basis, [lead.pk for lead in leads.values()], now)
    bars = mql_bars([lead.pk for lead in leads.values()])
    marketing = [one for one in people if one.steps[-1].stage in LADDER]
    for _ in range(12):
        over = [one for one in marketing if scores[leads[one.number].pk].score >= bars[leads[one.number].pk]]
        if not over:
            break
        for one in over:
            _forget_newest(one, leads[one.number])
        scores |= scores_compute(basis, [leads[one.number].pk for one in over], now)
    for one in marketing:
        _advance(one, scores[leads[one.number].pk].score, basis, now)
    return scores


def _forget_newest(one: Person, lead: Lead) -> None:
    deeds = [deed for deed in one.deeds if not deed.by]
    if len(deeds) <= BEHIND_THE_BAR:
        return
    newest = max(deeds, key=lambda deed: deed.at)
    one.deeds.remove(newest)
    Activity.objects.filter(lead=lead, kind=newest.kind, at=newest.at, by=None).delete()


def _advance(one: Person, score: int, basis: Basis, now: datetime) -> None:
    target = stage_for(basis.card, score, LADDER, one.steps[-1].stage)
    if target:
        deeds = [deed.at for deed in one.deeds if not deed.by]
        at = max([one.steps[-1].at, one.created_at, *deeds]) + timedelta(seconds=2)
        one.step("marketing", target, min(at, now), "scored", score=score)
