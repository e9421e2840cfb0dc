"""Where the model in shadow and the active one differ."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.db.models.functions import Abs

from core.charts import Bar, Chart, columns
from funnels.models import Stage
from leads.querysets import owner_filter
from scoring.models import ScoringModel, ShadowScore
from scoring.selectors.explain import mql_bar

STEP, FAR = 5, 50
MOST = 20


@dataclass
class Difference:
    """Of the leads in marketing that a person may see. ``both`` ... ``neither``: who would be an MQL with which."""

    leads: int = 0
    bar: int | None = None
    same: int = 0
    both: int = 0
    shadow_only: int = 0
    active_only: int = 0
    neither: int = 0
    chart: Chart | None = None
    most: list[Any] = field(default_factory=list)


def shadow_model() -> ScoringModel | None:
    return ScoringModel.objects.filter(state=ScoringModel.State.SHADOW).first()


def shadow_rows(model: ScoringModel) -> Any:
    """Its scores that say something: made since it is in shadow."""
    return ShadowScore.objects.filter(model=model, scored_at__gte=model.shadow_since)


def difference(model: ScoringModel, user: Any) -> Difference:
    """The stored scores of both, as they are. Two queries over the leads in marketing that ``user`` may see."""
    bar = mql_bar()
    rows = shadow_rows(model).filter(
        owner_filter(user, "lead__standing__owner"),
        lead__standing__stage__kind=Stage.Kind.OPEN,
        lead__standing__stage__funnel__kind="marketing",
    )
    rows = rows.annotate(by=F("score") - F("lead__standing__score"), verdict=_verdict(bar)).order_by()
    found = rows.values_list("by", "verdict").annotate(count=Count("pk"))
    out, by_step = Difference(bar=bar), Counter[int]()
    verdicts = Counter[int]()
    for by, verdict, count in found:
        out.leads += count
        out.same += count if not by else 0
        verdicts[verdict] += count
        by_step[_step(by)] += count
    out.neither, out.active_only, out.shadow_only, out.both = (verdicts[one] for one in range(4))
    out.chart = _chart(by_step)
    moved = rows.exclude(by=0).annotate(apart=Abs(F("by"))).order_by("-apart", "pk")
    out.most = list(moved.select_related("lead__standing", "lead__company")[:MOST])
    return out


def _verdict(bar: int | None) -> Case:
    """0 to 3: 1 where the active model calls it an MQL, and 2 more where the shadow does."""
    over = Q(score__gte=bar) if bar is not None else Q(pk=None)
    now = Q(lead__standing__score__gte=bar) if bar is not None else Q(pk=None)
    return Case(
        When(over & now, then=Value(3)),
        When(over, then=Value(2)),
        When(now, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )


def _step(by: int) -> int:
    """The step of a difference: 0 for none, 1 for up to 5 more, -1 for up to 5 less."""
    steps = -(-abs(by) // STEP)
    return min(steps, FAR // STEP + 1) * (1 if by > 0 else -1)


def _label(step: int) -> str:
    if not step:
        return "same"
    low, high, sign = (abs(step) - 1) * STEP + 1, abs(step) * STEP, "+" if step > 0 else "−"
    return f"{sign}{low}–{high}" if abs(step) <= FAR // STEP else f"{sign}{low} or more"


def _chart(by_step: Counter[int]) -> Chart:
    if not by_step:
        return columns("Difference of the scores", [], head=[])
    points = [
        Bar(_label(step), by_step[step], f"{by_step[step]:,}", tone=_tone(step))
        for step in range(min(by_step), max(by_step) + 1)
    ]
    return columns("Shadow less active", points, head=["Difference", "Leads"])


def _tone(step: int) -> str:
    return "neutral" if not step else "good" if step > 0 else "bad"
