"""The manager's funnel: a ribbon over both halves, what it means, and where it leaks."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.charts import Chart, RibbonStage, ribbon
from insights import wording as say
from insights.boards import tiles
from insights.boards.common import Links
from insights.metrics import funnel, handoffs, marketing, pipeline, sales
from insights.metrics.opened import open_now
from insights.metrics.pipeline import Pipeline
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.path import Path
from insights.rules.rates import Spread, StepNumbers

NONE = Spread(0, None, None, None)


@dataclass(frozen=True)
class Column:
    """One step of the ribbon and one line of the table behind it."""

    weight: int
    name: str
    short: str
    half: str
    count: int
    shown: str
    below: str
    leak: str
    url: str
    leak_url: str
    numbers: StepNumbers
    days: Spread
    median: str
    mean: str
    p90: str
    change: str
    widest: bool
    first: bool


@dataclass
class Board:
    """What was counted for the page, once."""

    scope: Scope
    path: Path
    cells: list[funnel.Cell]
    steps: list[StepNumbers]
    before: list[StepNumbers] | None
    spans: dict[int, Spread]
    closings: list[sales.Closing]
    numbers: sales.Sales
    earlier: sales.Sales | None
    pipeline: Pipeline
    speed: handoffs.Speed
    verdicts: handoffs.Verdicts
    reasons: list[tuple[int, str, int]]
    stalled: list[tuple[int, str, int, Decimal]]


def count(scope: Scope, path: Path) -> Board:
    """Every number of the page: 15 queries."""
    cells = funnel.table(scope)
    closings = sales.closings(scope)
    numbers = sales.sales_of(closings, sales.cycle_of(scope))
    verdicts, reasons = handoffs.verdicts(handoffs.decisions(scope), scope.reject_reasons)
    opened = open_now(scope, path)
    before = scope.previous
    return Board(
        scope=scope,
        path=path,
        cells=cells,
        steps=funnel.steps_of(cells, scope, path),
        before=funnel.steps(before, path) if before else None,
        spans=funnel.spans(scope, path),
        closings=closings,
        numbers=numbers,
        earlier=sales.sales_of(sales.closings(before)) if before else None,
        pipeline=pipeline.pipeline(opened.cells, path, numbers),
        speed=handoffs.speed(scope),
        verdicts=verdicts,
        reasons=reasons,
        stalled=pipeline.stalled_by_stage(opened.late, path),
    )


def page(board: Board, links: Links, *, by_value: bool = False) -> dict[str, Any]:
    """The template's context."""
    values = funnel.values(board.scope, board.path) if by_value else None
    widest = rates.widest_leak(board.steps) if board.scope.cohort else None
    said = sentence(board, widest)
    columns = _columns(board, links, values, widest)
    return {
        "sentence": said,
        "ribbon": _ribbon(columns, said),
        "columns": columns,
        "by_value": values is not None,
        "tiles": tiles.funnel_tiles(board, links),
        "channels": channels(board, links),
        "leaks": leaks(board, links)[:6],
        "lost_reasons": [
            {"label": label, "n": n, "value": value, "url": links("lost", reason=pk)}
            for pk, label, n, value in sales.lost_reasons(board.closings)
        ],
        "reject_reasons": [
            {"label": label, "n": n, "url": links("rejected", reason=pk)} for pk, label, n in board.reasons
        ],
    }


def _ribbon(columns: list[Column], sentence: str) -> Chart:
    """The ribbon; the table under it is the page's own, with every number a link."""
    stations = [
        RibbonStage(
            name=one.short,
            count=one.weight,
            tone=one.half,
            note=one.below,
            leak=one.leak if one.numbers.dropped else "",
            bad=one.widest,
            url=one.url,
            leak_url=one.leak_url,
            said=one.shown,
        )
        for one in columns
    ]
    return ribbon(sentence, stations)


def _weights(board: Board, values: list[Decimal | None] | None) -> list[int]:
    """How thick the ribbon is: people; or amounts, before the first deal what later came of them."""
    if values is None:
        return [one.count for one in board.steps]
    known = next((value for value in values if value is not None), Decimal(0))
    return [int(known if value is None else value) for value in values]


def _columns(board: Board, links: Links, values: list[Decimal | None] | None, widest: int | None) -> list[Column]:
    found = []
    weights = _weights(board, values)
    for step, numbers in zip(board.path.steps, board.steps, strict=True):
        rank = step.rank
        spread = board.spans.get(rank, NONE)
        known = spread.n >= rates.FEW
        value = values[rank] if values else None
        found.append(
            Column(
                weight=weights[rank],
                name=step.name,
                short="SQL" if rank == board.path.sales_rank else step.name,
                half=step.half,
                count=numbers.count,
                shown=say.money(value, board.scope.currency) if values else say.whole(numbers.count),
                below=_below(numbers, spread),
                leak=leak_said(numbers) if board.scope.cohort and rank < len(board.steps) - 1 else "",
                url=links("step", rank=rank),
                leak_url=links("step", rank=rank, fate="dropped" if numbers.dropped else "open"),
                numbers=numbers,
                days=spread,
                median=say.days(spread.median) if known else say.FEW_SAID,
                mean=say.days(spread.mean) if known else "",
                p90=say.days(spread.p90) if known else "",
                change=_change(board, rank),
                widest=rank == widest,
                first=rank == 0,
            )
        )
    return found


def _below(numbers: StepNumbers, spread: Spread) -> str:
    parts = [] if numbers.conversion is None else [say.percent(numbers.conversion)]
    if spread.n >= rates.FEW:
        parts.append(say.coarse(spread.median))
    return " · ".join(parts)


def leak_said(numbers: StepNumbers) -> str:
    """Where those who came no further are, the most first."""
    parts = [(numbers.lost, "lost"), (numbers.stalled, "stalled"), (numbers.recycled, "recycled")]
    said = [f"{say.whole(n)} {word}" for n, word in sorted(parts, reverse=True) if n]
    if numbers.open:
        said.append(f"{say.whole(numbers.open)} still open")
    return ", ".join(said)


def _change(board: Board, rank: int) -> str:
    if board.before is None:
        return ""
    return say.moved(rates.change(board.steps[rank].count, board.before[rank].count))


def sentence(board: Board, widest: int | None) -> str:
    """What the numbers mean, above them."""
    steps, path = board.steps, board.path
    if not steps or (not steps[0].count and not any(one.count for one in steps)):
        return "Nobody came in this period. Widen the period, or publish a form."
    verb = "came" if board.scope.cohort else "first came"
    came_in = sum(one.came_in for one in steps)
    won = steps[path.won_rank].count if path.won_rank < len(steps) else 0
    text = f"{say.people(steps[0].count)} {verb}"
    text += f", {say.whole(came_in)} deals began without a lead" if came_in else ""
    text += f"; {say.whole(won)} became customers."
    if widest is not None:
        one = steps[widest]
        after = path.steps[widest + 1].name
        text += f" The widest leak is {path.steps[widest].name} to {after}: {leak_said(one)}."
    elif board.scope.cohort:
        text += " There is not enough data yet to name the widest leak."
    return text


def channels(board: Board, links: Links) -> list[dict[str, Any]]:
    """Which channels sales wanted, and won."""
    rows = marketing.channels(board.cells, board.closings, board.scope, board.path)
    most = max([one.won for one in rows], default=0)
    return [
        {
            "channel": one,
            "name": one.source or "Unknown",
            "mql_share": say.percent(one.mql_share),
            "accepted_share": say.percent(one.accepted_share) if one.mqls >= rates.FEW else say.FEW_SAID,
            "value": say.money(one.value, board.scope.currency),
            "bar": round(100 * one.won / most) if most else 0,
            "leads_url": links("step", rank=0, source=one.source) if one.source else "",
            "mqls_url": links("step", rank=marketing.mql_rank(board.path), source=one.source) if one.source else "",
            "won_url": links("step", rank=board.path.won_rank, source=one.source) if one.source else "",
            "deals_url": links("won", source=one.source) if one.source else "",
        }
        for one in rows
    ]


def leaks(board: Board, links: Links) -> list[dict[str, Any]]:
    """What would be worth mending most: those who dropped out, at this period's own rates and average deal."""
    found = []
    if board.scope.cohort and board.numbers.average is not None:
        found += _step_leaks(board, links, float(board.numbers.average))
    for pk, name, n, value in board.stalled:
        found.append({"label": f"{name}: deals past the stage's days", "n": n, "value": float(value)})
        found[-1]["url"] = links("stalled", stage=pk)
    return sorted((one for one in found if one["n"]), key=lambda one: -one["value"])


def _step_leaks(board: Board, links: Links, average: float) -> list[dict[str, Any]]:
    won = board.steps[board.path.won_rank].count if board.path.won_rank < len(board.steps) else 0
    found = []
    for one in board.steps[: board.path.won_rank]:
        after = board.steps[one.rank + 1].count
        if one.dropped and after >= rates.FEW:
            name, then = board.path.steps[one.rank].name, board.path.steps[one.rank + 1].name
            found.append(
                {
                    "label": f"{name} to {then}",
                    "n": one.dropped,
                    "value": one.dropped * won / after * average,
                    "url": links("step", rank=one.rank, fate="dropped"),
                }
            )
    return found
