"""The sales page: how much is won, how fast, by whom, and what comes next. A rep sees the own numbers."""

from datetime import timedelta
from typing import Any

from insights import wording as say
from insights.boards.common import Links, Tile
from insights.boards.tiles import points
from insights.metrics import funnel, handoffs, pipeline, reps, sales
from insights.metrics.opened import Total, open_now, stalled_oldest
from insights.metrics.pipeline import Pipeline
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.periods import Period
from insights.rules.rates import Spread

SHOWN = 8


def page(scope: Scope, path: Path, links: Links) -> dict[str, Any]:
    """The template's context: 13 queries (14 on SQLite)."""
    closings = sales.closings(scope)
    numbers = sales.sales_of(closings, sales.cycle_of(scope))
    earlier = sales.sales_of(sales.closings(scope.previous)) if scope.previous else None
    opened = open_now(scope, path)
    now = pipeline.pipeline(opened.cells, path, numbers)
    speed = handoffs.speed(scope)
    year = Period("custom", scope.now.date() - timedelta(days=364), scope.now.date())
    history = funnel.history_rates(scope.over(year), path)
    return {
        "sentence": _sentence(numbers, now, scope),
        "tiles": _won_tiles(numbers, earlier, scope, links) + _open_tiles(numbers, now, speed, scope, links),
        "months": _months(pipeline.forecast(opened.cells, path, history), scope, links),
        "reps_table": _reps(scope, opened.owners, links),
        "lost_reasons": [
            {"label": label, "n": n, "value": say.money(value, scope.currency), "url": links("lost", reason=pk)}
            for pk, label, n, value in sales.lost_reasons(closings)
        ],
        "stalled": _stalled(scope, path),
        "stalled_n": sum(one.n for one in opened.late.values()),
        "stalled_url": links("stalled"),
    }


def _sentence(numbers: sales.Sales, pipeline: Pipeline, scope: Scope) -> str:
    if not numbers.decided:
        return f"No deal was won or lost in this period. {say.whole(pipeline.deals)} are open now."
    text = f"{say.whole(numbers.won)} of {say.whole(numbers.decided)} decided deals were won"
    if numbers.won:
        text += f", for {say.money(numbers.won_value, scope.currency)}"
    return f"{text}. {say.whole(pipeline.deals)} are open now, {say.money(pipeline.value, scope.currency)} in all."


def _won_tiles(numbers: sales.Sales, earlier: sales.Sales | None, scope: Scope, links: Links) -> list[Tile]:
    few = numbers.decided < rates.FEW
    bare = numbers.won < rates.FEW
    money = scope.currency
    return [
        Tile(
            "Win rate",
            say.FEW_SAID if few else say.percent(numbers.win_rate),
            f"{say.whole(numbers.won)} won, {say.whole(numbers.lost)} lost",
            "Won / (won + lost) by close date. The deal of a rejected handoff is no loss.",
            links("closed"),
            numbers.decided,
            points(numbers.win_rate, earlier.win_rate if earlier else None),
        ),
        Tile(
            "Won",
            say.money(numbers.won_value, money),
            f"{say.whole(numbers.won)} deals",
            "Sum of the amounts of deals won in the period.",
            links("won"),
            numbers.won,
            say.moved(rates.change(float(numbers.won_value), float(earlier.won_value))) if earlier else "",
        ),
        Tile(
            "Average deal",
            say.money(numbers.average, money, cents=True) if numbers.won else say.FEW_SAID,
            "",
            "Mean amount of the deals won in the period.",
            links("won"),
            numbers.won,
        ),
        Tile(
            "Sales cycle",
            say.FEW_SAID if bare else f"{numbers.cycle.mean:.2f} days",
            "" if bare else f"median {numbers.cycle.median:.0f} days, 90 % within {numbers.cycle.p90:.0f}",
            "Mean days from the deal's opening to the win, of deals won in the period.",
            links("won"),
            numbers.won,
        ),
    ]


def _open_tiles(
    numbers: sales.Sales, pipeline: Pipeline, speed: handoffs.Speed, scope: Scope, links: Links
) -> list[Tile]:
    bare = numbers.won < rates.FEW
    money = scope.currency
    return [
        Tile(
            "Open",
            say.money(pipeline.value, money),
            f"{say.whole(pipeline.deals)} deals, {say.whole(pipeline.without_amount)} without amount",
            "Deals that are open now, whatever the period.",
            links("open"),
            pipeline.deals,
        ),
        Tile(
            "Forecast",
            say.money(pipeline.weighted, money),
            f"{say.money(pipeline.velocity, money)} a day" if pipeline.velocity and not bare else say.FEW_SAID,
            "Sum of amount x stage probability of the open deals. A day: open deals x win rate x average deal / "
            "mean cycle.",
            links("open"),
            pipeline.deals,
        ),
        Tile(
            "Speed to lead",
            say.span(speed.seconds.median) if speed.answered >= rates.FEW else say.FEW_SAID,
            f"{say.percent(speed.share)} of {say.whole(speed.judged)} in time",
            "Median time from assignment to the first call, e-mail or meeting. In time: before the deadline.",
            links("answered"),
            speed.answered,
        ),
        Tile(
            "Answered late",
            say.whole(speed.judged - speed.in_time),
            "or not at all",
            "Handoffs assigned in the period that were answered after the deadline, or are past it unanswered.",
            links("late"),
            speed.judged - speed.in_time,
        ),
    ]


def _months(rows: list[pipeline.Month], scope: Scope, links: Links) -> list[dict[str, Any]]:
    most = max([one.value for one in rows], default=0)
    found = []
    for one in rows:
        key = f"{one.month:%Y-%m}" if one.month else "none"
        found.append(
            {
                "name": f"{one.month:%b %Y}" if one.month else "No date",
                "past": one.month is not None and one.month < scope.now.date().replace(day=1),
                "deals": one.deals,
                "value": say.money(one.value, scope.currency),
                "weighted": say.money(one.weighted, scope.currency),
                "by_history": "–" if one.by_history is None else say.money(one.by_history, scope.currency),
                "bar": round(100 * one.value / most) if most else 0,
                "bar_weighted": round(100 * one.weighted / most) if most else 0,
                "url": links("month", month=key),
            }
        )
    return found


def _reps(scope: Scope, opened: dict[int, Total], links: Links) -> list[dict[str, Any]]:
    speeds = handoffs.speed_by_rep(scope)
    none = Spread(0, None, None, None)
    found = []
    for one in reps.per_rep(scope, opened):
        speed = speeds.get(one.pk, none)
        found.append(
            {
                "rep": one,
                "win_rate": say.percent(one.win_rate) if one.won + one.lost >= rates.FEW else say.FEW_SAID,
                "won_value": say.money(one.won_value, scope.currency),
                "open_value": say.money(one.open_value, scope.currency),
                "speed": say.span(speed.median) if speed.n >= rates.FEW else say.FEW_SAID,
                "open_url": links("open", owner=one.pk) if one.pk else "",
                "won_url": links("won", owner=one.pk) if one.pk else "",
                "lost_url": links("lost", owner=one.pk) if one.pk else "",
            }
        )
    return found


def _stalled(scope: Scope, path: Path) -> list[dict[str, Any]]:
    found = []
    shown = ("name", "stage_id", "stage_since", "amount", "currency", "owner__name", "owner__email")
    for deal in stalled_oldest(scope, path, SHOWN).select_related("owner").only(*shown):
        stage = path.stages[deal.stage_id]
        days = (scope.now - deal.stage_since).days
        found.append(
            {
                "deal": deal,
                "stage": stage.name,
                "days": days,
                "expected": stage.expected_days,
                "red": days >= 1.5 * stage.expected_days,
                "amount": say.money(deal.amount, deal.currency),
            }
        )
    return found
