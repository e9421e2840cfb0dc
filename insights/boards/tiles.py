"""The tiles of the funnel page."""

from typing import Any

from insights import wording as say
from insights.boards.common import Links, Tile
from insights.rules import rates


def funnel_tiles(board: Any, links: Links) -> list[Tile]:
    """Each with its definition and the rows it counts."""
    speed, numbers, money = board.speed, board.numbers, board.scope.sees_money
    few = numbers.decided < rates.FEW
    found = [
        Tile(
            "Speed to lead",
            say.span(speed.seconds.median) if speed.answered >= rates.FEW else say.FEW_SAID,
            f"{say.percent(speed.share)} of {say.whole(speed.judged)} in time, 90 % within "
            f"{say.span(speed.seconds.p90)}",
            "Median time from assignment to the rep's first call, e-mail or meeting, of handoffs assigned in the "
            "period. In time: answered before the deadline, of those answered or past it.",
            links("answered"),
            speed.answered,
        ),
        Tile(
            "Accepted",
            say.percent(board.verdicts.share),
            f"{say.whole(board.verdicts.accepted)} of {say.whole(board.verdicts.decided)} handoffs decided",
            "Accepted / (accepted + rejected) of handoffs that the reps decided in the period.",
            links("decided"),
            board.verdicts.decided,
        ),
        Tile(
            "Win rate",
            say.FEW_SAID if few else say.percent(numbers.win_rate),
            f"{say.whole(numbers.won)} won, {say.whole(numbers.lost)} lost",
            "Won / (won + lost) by close date. The deal of a rejected handoff is no loss.",
            links("closed"),
            numbers.decided,
            points(numbers.win_rate, board.earlier.win_rate if board.earlier else None),
        ),
        Tile(
            "Sales cycle",
            say.days(numbers.cycle.median) if numbers.won >= rates.FEW else say.FEW_SAID,
            f"mean {say.days(numbers.cycle.mean)}, 90 % within {say.days(numbers.cycle.p90)}",
            "Median days from the deal's opening to the win, of deals won in the period.",
            links("won"),
            numbers.won,
        ),
    ]
    return found + (_money_tiles(board, links) if money else [])


def points(now: float | None, before: float | None) -> str:
    return "" if now is None or before is None else say.moved(now - before, "points")


def _money_tiles(board: Any, links: Links) -> list[Tile]:
    numbers, pipeline, currency = board.numbers, board.pipeline, board.scope.currency
    pace = None if numbers.won < rates.FEW else pipeline.velocity
    return [
        Tile(
            "Average deal",
            say.money(numbers.average, currency, cents=True) if numbers.won else say.FEW_SAID,
            f"{say.money(numbers.won_value, currency)} won",
            "Mean amount of the deals won in the period.",
            links("won"),
            numbers.won,
        ),
        Tile(
            "Pipeline velocity",
            f"{say.money(pace, currency)} a day" if pace is not None else say.FEW_SAID,
            f"{say.whole(pipeline.deals)} open deals now",
            "Open deals x win rate x average deal / mean cycle in days.",
            links("open"),
            pipeline.deals,
        ),
        Tile(
            "Forecast",
            say.money(pipeline.weighted, currency),
            f"of {say.money(pipeline.value, currency)} open; {say.whole(pipeline.without_amount)} without amount",
            "Sum of amount x the stage's probability over the deals that are open now.",
            links("open"),
            pipeline.deals,
        ),
    ]
