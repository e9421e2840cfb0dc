"""Does a model make sense: what is probably not meant, and how many leads it would make MQLs."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from core.clock import db_now
from funnels.models import Stage
from leads.models import CustomField, Standing
from leads.rules import ACTIVITY_KINDS
from leads.sense import facts_of
from scoring import rules
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors.compute import Basis, basis_of, scores_compute
from scoring.selectors.explain import mql_bar

SAMPLE = 5000
LEAST = 10  # fewer leads than this say nothing about a model


def model_warnings(model: ScoringModel) -> list[str]:
    """What is not wrong but probably not meant."""
    counting = [rule for rule in model.rules.all() if rule.is_active]
    bar = mql_bar()
    return [*_unknown(counting), *_twice(counting), *_held_back(counting), *_unreachable(model, counting, bar)]


def _unknown(counting: list[ScoringRule]) -> list[str]:
    """Rules about what nothing here sends or keeps."""
    kinds = sorted({one.activity_kind for one in counting if one.activity_kind} - set(ACTIVITY_KINDS))
    facts = set().union(*(facts_of(one.condition) for one in counting)) if counting else set()
    asked = sorted(fact for fact in facts if fact.startswith("custom."))
    known = set(CustomField.objects.values_list("key", flat=True)) if asked else set()
    out = [f"No activity named '{kind}' is known here: its rule counts only if something sends it." for kind in kinds]
    missing = [fact for fact in asked if fact.removeprefix("custom.") not in known]
    return out + [f"There is no custom field '{fact}': its rule never holds." for fact in missing]


def _twice(counting: list[ScoringRule]) -> list[str]:
    names: dict[str, list[str]] = {}
    for one in counting:
        names.setdefault(f"{one.activity_kind}{one.condition or ''}", []).append(f"“{one.name}”")
    return [f"{' and '.join(same)} ask for the same: both count." for same in names.values() if len(same) > 1]


def _held_back(counting: list[ScoringRule]) -> list[str]:
    return [
        f"“{one.name}” is worth {one.points:+d}, but gives at most {one.cap}."
        for one in counting
        if one.activity_kind and one.cap < abs(one.points)
    ]


def reach(model: ScoringModel, counting: list[ScoringRule]) -> tuple[int, int]:
    """The most fit and the most engagement that anybody can have."""
    most = {rules.FIT: 0, rules.ENGAGEMENT: 0}
    for one in counting:
        if one.points > 0 and one.group in most:
            deed = min(one.points, one.cap) if one.counts == rules.ONCE else one.cap
            most[one.group] += deed if one.activity_kind else one.points
    return min(most[rules.FIT], model.fit_cap), min(most[rules.ENGAGEMENT], model.engagement_cap)


def _unreachable(model: ScoringModel, counting: list[ScoringRule], bar: int | None) -> list[str]:
    fit, engagement = reach(model, counting)
    out = []
    for name, letter, most, bounds in (
        ("fit", "A", fit, model.fit_bounds),
        ("engagement", "1", engagement, model.engagement_bounds),
    ):
        if most and bounds[0] > most:
            out.append(f"Nobody can be graded {letter}: it begins at {bounds[0]}, and {name} reaches {most} at most.")
    if bar is not None and fit >= bar:
        out.append(f"Fit alone can reach the MQL bar of {bar}: people who never did anything would be handed over.")
    return out


@dataclass(frozen=True)
class Effect:
    """What the MQL bar would let through with a model, for leads who are in marketing and for those over it now."""

    bar: int
    most: int  # the highest score there can be
    total: int  # leads in marketing
    looked_at: int  # an even sample of them, where there are many
    over: int  # of those looked at
    above: int  # leads of any stage who are over the bar now, as far as looked at
    stay: int  # of them

    @property
    def would(self) -> int:
        """Leads in marketing who would be handed over at once; of a sample, so many in proportion."""
        return round(self.over * self.total / self.looked_at) if self.looked_at else 0


def effect_of(model: ScoringModel) -> Effect | None:
    """Scores a sample of everybody's leads with the model; None where no bar is a score, or no rule counts."""
    bar, basis = mql_bar(), basis_of(model)
    counting = [rule for rule in model.rules.all() if rule.is_active]
    if bar is None or basis is None or not counting:
        return None
    rows: Any = Standing.objects.filter(stage__kind=Stage.Kind.OPEN, stage__funnel__kind="marketing")
    total, looked_at, over = _over(rows, basis, bar)
    _, above, stay = _over(Standing.objects.filter(score__gte=bar), basis, bar)
    return Effect(bar, sum(reach(model, counting)), total, looked_at, over, above, stay)


def _over(rows: Any, basis: Basis, bar: int) -> tuple[int, int, int]:
    """How many there are, how many were looked at, and how many of these would be over the bar."""
    total = rows.count()
    step = max(1, -(-total // SAMPLE))
    if step > 1:
        rows = rows.annotate(part=F("pk") % step).filter(part=0)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
    scores = scores_compute(basis, ids, db_now()) if ids else {}
    return total, len(ids), sum(one.score >= bar for one in scores.values())


def harm(found: Effect) -> tuple[bool, str]:
    """(may be done all the same, what it would do); '' when nothing speaks against it."""
    bar = f"the MQL bar of {found.bar}"
    if found.looked_at >= LEAST and found.over == found.looked_at:
        return (
            False,
            f"Every one of the {found.total:,} leads in marketing would be over {bar}: raise it, or give less.",
        )
    if found.looked_at >= LEAST and found.over * 2 > found.looked_at:
        share = round(100 * found.over / found.looked_at)
        many = f"{found.would:,} of {found.total:,} leads in marketing ({share} %)"
        return True, f"{many} would be over {bar} and handed to sales at once."
    if found.most < found.bar:
        return True, f"No lead could ever be an MQL by its score: the most it can reach is {found.most}, below {bar}."
    if found.above >= LEAST and not found.stay:
        return True, f"Of the {found.above:,} leads that are over {bar} now, none would be."
    return True, ""
