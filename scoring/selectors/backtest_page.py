"""What the page of a back-test shows: the numbers at a bar, side by side, with charts to choose it from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.charts import Bar, Chart, columns, lines
from leads.models import Standing
from scoring.backtest import figures
from scoring.backtest.figures import Rate, Side
from scoring.models import BacktestRun, ScoringModel
from team.models import User

STEP = 5  # bars to click on
MOST_MISSED = 25


@dataclass(frozen=True)
class Line:
    """One line of the comparison: what it is, what it means, and a cell for each model and for what really was."""

    name: str
    meaning: str
    cells: list[tuple[str, Any]]


@dataclass(frozen=True)
class Missed:
    """A winner that the model would not have called."""

    standing: Standing
    height: int
    other: int | None


def runs_of(model: ScoringModel) -> Any:
    """The back-tests of a version, newest first, without what they counted."""
    return model.backtests.select_related("by", "model", "against").defer("counts", "policy")


def reps_capacity() -> float:
    """New leads that all reps together can take in a week, by their own settings."""
    reps = User.objects.filter(is_active=True, is_rep=True).values_list("capacity_day", "working_hours")
    return float(sum(most * sum(bool(spans) for spans in (hours or {}).values()) for most, hours in reps))


def numbers(run: BacktestRun, bar: int, user: Any) -> dict[str, Any]:
    """Everything that changes with the bar."""
    trials = run.counts["trials"]
    ours = figures.side(trials[0], bar, run.days)
    theirs = figures.side(trials[1], run.against_bar, run.days) if len(trials) > 1 else None
    capacity = reps_capacity()
    return {
        "bar": bar,
        "ours": ours,
        "theirs": theirs,
        "capacity": capacity,
        "over": ours.per_week > capacity > 0,
        "lines": _compare(run, ours, theirs),
        "heads": _heads(run, ours, theirs),
        "weeks": _weeks(run, ours, theirs, capacity),
        "missed": missed(run, bar, user),
    }


def fixed(run: BacktestRun, bar: int, url: str) -> dict[str, Any]:
    """What does not: the charts to choose the bar from, lift by score, agreement of the two models as tried."""
    trials = run.counts["trials"]
    return {
        "threshold": _threshold(run, bar, url),
        "quality": _quality(run),
        "tenths": figures.tenths(trials[0]),
        "their_tenths": figures.tenths(trials[1]) if len(trials) > 1 else [],
        "agreed": figures.agreement(run.counts) if len(trials) > 1 else None,
        "decided": sum(sum(trials[0]["outcomes"][kind]) for kind in figures.DECIDED),
        "won": sum(trials[0]["outcomes"]["won"]),
    }


def _heads(run: BacktestRun, ours: Side, theirs: Side | None) -> list[str]:
    heads = [f"v{run.model.version} from {ours.bar}"]
    if theirs is not None and run.against is not None:
        heads.append(f"v{run.against.version} (active) from {theirs.bar}")
    return [*heads, "really handed over"]


def _compare(run: BacktestRun, ours: Side, theirs: Side | None) -> list[Line]:
    """The table: this version, the active one, and what sales really got."""
    heads = _heads(run, ours, theirs)
    both = [one for one in (ours, theirs) if one is not None]
    real = figures.handed(run.counts["trials"][0])
    total = sum(run.counts["real"])
    taken, decided = (sum(real[kind] for kind in kinds) for kinds in (figures.TAKEN, figures.DECIDED))

    def line(name: str, meaning: str, cells: Sequence[Any], really: Any) -> Line:
        return Line(name, meaning, list(zip(heads, [*cells, really], strict=True)))

    said = {
        "won": "Won",
        "lost": "Lost",
        "rejected": "Rejected",
        "accepted": "Open deal",
        "waiting": "Not decided yet",
    }
    return [
        line("MQLs", "first over the bar", [one.mqls for one in both], total),
        line("MQLs a week", "", [round(one.per_week, 1) for one in both], round(7 * total / run.days, 1)),
        line("Accepted", "of those decided", [one.accepted for one in both], Rate(taken, taken + real["rejected"])),
        line(
            "Precision",
            "won, of the won, lost and rejected",
            [one.precision for one in both],
            Rate(real["won"], decided),
        ),
        line("Recall", "called before, of the won", [one.recall for one in both], None),
        line("Known outcomes", "called by then", [one.called for one in both], sum(real.values())),
        *(line(label, "", [one.outcomes[kind] for one in both], real[kind]) for kind, label in said.items()),
    ]


def _weeks(run: BacktestRun, ours: Side, theirs: Side | None, capacity: float) -> Chart:
    """MQLs in each whole week, beside what was handed over and what the reps can take."""
    whole = run.days // 7
    last = run.until.date()
    labels = [f"{last - timedelta(days=7 * (whole - index) - 1):%-d %b}" for index in range(whole)]
    series = [(f"v{run.model.version} from {ours.bar}", "handoff", [float(one) for one in ours.weeks[-whole:]])]
    if theirs is not None and run.against is not None:
        name = f"v{run.against.version} from {theirs.bar}"
        series.append((name, "marketing", [float(one) for one in theirs.weeks[-whole:]]))
    series.append(("Really handed over", "sales", [float(one) for one in run.counts["real"][-whole:]]))
    most = max((value for _, _, values in series for value in values), default=0)
    if 0 < capacity <= 3 * most:  # else it would press all else to the floor; the page says it in words
        series.append(("The reps can take", "neutral", [capacity] * whole))
    return lines("MQLs a week", labels, series, head=["Week from", *(name for name, _, _ in series)])


def _threshold(run: BacktestRun, bar: int, url: str) -> Chart:
    """MQLs a week at every fifth bar; a click shows the numbers of that bar."""
    found = figures.curve(run.counts["trials"][0], run.days, STEP)
    end = max((index for index, one in enumerate(found) if one.mqls or one.called), default=0)
    points = [
        Bar(
            str(one.bar),
            one.per_week,
            f"{one.per_week:,.1f}",
            url=f"{url}?bar={one.bar}#numbers",
            tone="handoff" if one.bar <= bar < one.bar + STEP else "accent",
        )
        for one in found[: end + 2]
    ]
    return columns("MQLs a week at each bar", points, head=["Bar", "MQLs a week"], said=lambda value: f"{value:,.1f}")


def _quality(run: BacktestRun) -> Chart:
    """Precision and recall at every bar where there are any."""
    found = [one for one in figures.curve(run.counts["trials"][0], run.days) if one.precision.n or one.called]
    if not found or not found[0].precision.n:
        return lines("Precision and recall at each bar", [], [], head=[])
    series = [
        ("Precision, %", "sales", [100 * one.precision.share for one in found]),
        ("Recall, %", "handoff", [100 * one.recall.share for one in found]),
    ]
    chart = lines(
        "Precision and recall at each bar",
        [str(one.bar) for one in found],
        series,
        head=["Bar", "Precision", "of", "Recall", "of"],
        said=lambda value: f"{value:.0f} %",
    )
    chart.rows = [[one.bar, _said(one.precision), one.precision.n, _said(one.recall), one.recall.n] for one in found]
    return chart


def _said(rate: Rate) -> str:
    return f"{rate.share:.0%} ({rate.low:.0%}–{rate.high:.0%})" if rate.n else "-"


def missed(run: BacktestRun, bar: int, user: Any) -> list[Missed]:
    """Winners below the bar whom ``user`` may see, furthest below it first."""
    found = figures.missed(run.counts, bar)
    rows = Standing.objects.visible_to(user).filter(pk__in=[one[-1] for one in found])
    by_id = {row.pk: row for row in rows.select_related("lead__company")}
    out = []
    for *heights, lead_id in found:
        if lead_id in by_id:
            out.append(Missed(by_id[lead_id], heights[0], heights[1] if len(heights) > 1 else None))
    return out[:MOST_MISSED]
