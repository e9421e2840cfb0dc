"""What the scoring desk shows: the distribution, and what a draft would change."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Max, Q, Sum

from core.charts import Bar, Chart, columns
from core.clock import db_now
from funnels.models import Stage
from leads.models import Standing
from scoring import rules
from scoring.learn.card import curve_at
from scoring.models import Rescore, ScoringModel
from scoring.selectors.compute import basis_of, scores_compute
from scoring.selectors.explain import mql_bar, mql_bars

SAMPLE = 5000
SLOW, KEEP = 0.2, 60  # seconds: a count that takes so long is kept so long
Grades = Counter[str]
BANDS = [(low, low + 9) for low in range(0, 100, 10)]


def _band(score: int) -> int:
    return min(score // 10, len(BANDS))


def _labels() -> list[str]:
    return [*(f"{low}–{high}" for low, high in BANDS), "100+"]


@dataclass(frozen=True)
class Spread:
    """How many leads have which score and grade, and when that was so."""

    cells: list[tuple[int, str, int]]
    at: datetime


def spread_of(user: Any) -> Spread:
    """Counted now; or, where counting takes long, at most a minute ago."""
    key = f"scoring-spread:{user.pk}"
    kept: Spread | None = cache.get(key)
    if kept is not None:
        return kept
    begun = time.monotonic()
    rows = Standing.objects.visible_to(user).filter(stage__kind=Stage.Kind.OPEN, stage__funnel__kind="marketing")
    cells = rows.order_by().values_list("score", "grade").annotate(count=Count("pk"))
    found = Spread(list(cells), db_now())
    if time.monotonic() - begun > SLOW:
        cache.set(key, found, KEEP)
    return found


def distribution(spread: Spread) -> tuple[Chart, Grades]:
    """How many leads of marketing have which score, and which grade."""
    totals, grades = [0] * (len(BANDS) + 1), Counter[str]()
    for score, grade, count in spread.cells:
        totals[_band(score)] += count
        grades[grade] += count
    bar = mql_bar()
    points = [
        Bar(label, total, f"{total:,}", tone="handoff" if bar is not None and index * 10 >= bar else "marketing")
        for index, (label, total) in enumerate(zip(_labels(), totals, strict=True))
    ]
    return columns("Leads in marketing by score", points, head=["Score", "Leads"]), grades


@dataclass
class Preview:
    """What would change if a draft were active, for the leads looked at."""

    total: int
    looked_at: int
    bar: int | None
    over_now: int = 0
    over_then: int = 0
    bands: list[tuple[str, int, int]] = field(default_factory=list)
    changed: int = 0
    movers: list[tuple[Standing, rules.Score, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    grades: Grades = field(default_factory=Counter)

    @property
    def sampled(self) -> bool:
        return self.looked_at < self.total


def preview(model: ScoringModel, user: Any) -> Preview:
    """Scores of ``model`` beside the stored ones: all leads in marketing that ``user`` sees, or an even sample of
    them where there are more than 5,000 (``sampled``)."""
    rows: Any = Standing.objects.visible_to(user).filter(stage__kind=Stage.Kind.OPEN, stage__funnel__kind="marketing")
    total = rows.count()
    step = max(1, -(-total // SAMPLE))
    if step > 1:
        rows = rows.annotate(part=F("pk") % step).filter(part=0)
    found = list(rows.select_related("lead").order_by("pk")[:SAMPLE])
    out = Preview(total, len(found), mql_bar())
    basis = basis_of(model)
    if basis is None or not found:
        return out
    scores = scores_compute(basis, [row.pk for row in found], db_now())
    now, then = [0] * (len(BANDS) + 1), [0] * (len(BANDS) + 1)
    pairs = [(row, scores[row.pk], scores[row.pk].score - row.score) for row in found]
    for row, score, _ in pairs:
        now[_band(row.score)] += 1
        then[_band(score.score)] += 1
        out.grades[score.grade] += 1
    out.bands = list(zip(_labels(), now, then, strict=True))
    if out.bar is not None:
        bars = mql_bars([row.pk for row in found])
        out.over_now = sum(row.score >= bars[row.pk] for row, _, _ in pairs)
        out.over_then = sum(score.score >= bars[row.pk] for row, score, _ in pairs)
    moved = [pair for pair in pairs if pair[2]]
    out.changed = len(moved)
    out.movers = sorted(moved, key=lambda pair: (-abs(pair[2]), pair[0].pk))[:10]
    out.warnings = _flood(out)
    return out


def _flood(found: Preview) -> list[str]:
    if found.looked_at and found.over_then * 2 > found.looked_at:
        share = round(100 * found.over_then / found.looked_at)
        return [f"{share} % of the leads looked at would be over the MQL bar: sales would be flooded."]
    return []


def chances(model: ScoringModel) -> list[tuple[int, int]]:
    """(score, percent that converts) of a learned model, in steps of ten; empty for one that was made or changed by
    hand, of which nobody knows."""
    curve = model.learned.get("curve")
    if not curve or model.learned.get("edited"):
        return []
    return [(score, round(100 * curve_at(curve, score))) for score in range(0, 101, 10)]


def model_groups(model: ScoringModel) -> list[tuple[str, str, int, list[Any]]]:
    """(key, label, cap, rules) of each group, for a page."""
    found: dict[str, list[Any]] = {rules.FIT: [], rules.ENGAGEMENT: [], rules.NEGATIVE: []}
    for rule in model.rules.all():
        found[rule.group].append(rule)
    return [
        (rules.FIT, "Fit", model.fit_cap, found[rules.FIT]),
        (rules.ENGAGEMENT, "Engagement", model.engagement_cap, found[rules.ENGAGEMENT]),
        (rules.NEGATIVE, "Negative", model.negative_cap, found[rules.NEGATIVE]),
    ]


FITS = {"A": "fits very well", "B": "fits", "C": "fits in part", "D": "hardly fits"}
ACTIVE = {"1": "very active", "2": "active", "3": "stirs", "4": "quiet"}


def grade_table(model: ScoringModel, grades: Grades) -> dict[str, Any]:
    """What each grade means under the model's bounds, and how many leads have it: rows of fit, columns of
    engagement."""
    most = max(grades.values(), default=0)
    rows = [
        (letter, span, FITS[letter], [(letter + digit, grades[letter + digit], most) for digit in ACTIVE])
        for letter, span in zip(FITS, _spans(model.fit_bounds), strict=True)
    ]
    heads = [(d, span, ACTIVE[d]) for d, span in zip(ACTIVE, _spans(model.engagement_bounds), strict=True)]
    return {"heads": heads, "rows": rows, "counted": sum(grades.values())}


def _spans(bounds: list[int]) -> list[str]:
    """'40+', '25–39', '10–24', '0–9'."""
    highest = [bound - 1 for bound in bounds]
    spans = [f"{low}–{top}" if top > low else str(low) for low, top in zip([*bounds[1:], 0], highest, strict=True)]
    return [f"{bounds[0]}+", *spans]


def bars_of(model: ScoringModel, stages: Iterable[Stage]) -> list[tuple[Stage, int | None]]:
    """Each open stage of marketing with the score that opens it; the first needs none."""
    return [(stage, model.stage_bars.get(stage.key)) for stage in stages]


def pass_newest() -> Any:
    """The newest pass with ``done`` and ``changed`` leads and what holds it up (``stuck``), or None."""
    row: Any = Rescore.objects.order_by("-id").first()
    if row is None:
        return None
    sums = row.chunks.aggregate(
        done=Sum("leads", filter=Q(done_at__isnull=False)),
        changed=Sum("changed"),
        stuck=Max("error", filter=Q(done_at__isnull=True)),
    )
    row.done, row.changed, row.stuck = sums["done"] or 0, sums["changed"] or 0, sums["stuck"] or ""
    return row
