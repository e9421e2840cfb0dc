"""Charts as plain SVG, drawn on the server: shapes are computed here, drawn by ``templates/components/chart_*.html``.

Why not a library: five kinds of chart, each some ten lines of arithmetic, against 200 KB of script; these need no
script, print, follow the theme, and stand above a real table (docs/adr/0005).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.ribbon import Drawing, RibbonStage, lying, standing

__all__ = ["Bar", "Chart", "RibbonStage", "bars", "columns", "histogram", "lines", "ribbon", "sparkline", "stacked"]

WIDTH = 520
LETTER = 7.0  # how wide one is at most on average, in the units of WIDTH


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    said: str  # the value as people read it
    url: str = ""
    tone: str = "accent"
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass
class Chart:
    """What a chart template draws, and the table that stands behind it."""

    kind: str
    title: str
    width: int
    height: int
    bars: list[Bar] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    ticks: list[dict[str, Any]] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    series: list[dict[str, str]] = field(default_factory=list)  # name and tone of each, for the legend
    rules: list[dict[str, Any]] = field(default_factory=list)  # upright lines at x, with what is said beside
    lying: Drawing | None = None  # of the ribbon: on a desk ...
    standing: Drawing | None = None  # ... and on a phone

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.lying)


def nice_top(value: float) -> float:
    """The next round number at or above: 1, 2, 2.5, 5 or 10 times a power of ten."""
    if value < 1e-9:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 2.5, 5) if step * power >= value), 10 * power)


def _ticks(top: float, bottom_y: float, height: float, said: Any) -> list[dict[str, Any]]:
    return [
        {"y": round(bottom_y - height * share, 1), "said": said(top * share), "base": share == 0}
        for share in (0, 0.5, 1)
    ]


def _label(x: float, height: int, said: str) -> dict[str, Any]:
    """A word under the axis, in the middle of ``x`` or, where that would cut it, up to the edge of the drawing."""
    over = x + len(said) * LETTER / 2 > WIDTH
    return {"x": WIDTH if over else round(x, 1), "y": height - 7, "said": said, "anchor": "end" if over else "middle"}


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def columns(
    title: str, points: Sequence[Bar], *, head: Sequence[str], said: Any = _plain, height: int = 190
) -> Chart:
    """Upright bars: counts a week, a histogram. ``head`` names the table's two columns."""
    chart = Chart("columns", title, WIDTH, height, head=list(head), rows=[[one.label, one.said] for one in points])
    if not points:
        return chart
    top = nice_top(max(one.value for one in points))
    floor, room, left = height - 24.0, height - 44.0, 44.0
    slot = (WIDTH - left) / len(points)
    every = math.ceil(len(points) / 13)
    for index, one in enumerate(points):
        tall = room * max(0.0, one.value) / top
        x = left + slot * index
        chart.bars.append(
            Bar(
                **{**one.__dict__, "x": round(x + slot * 0.12, 1), "y": round(floor - tall, 1)}
                | {"width": round(slot * 0.76, 1), "height": round(tall, 1)}
            )
        )
        if index % every == 0:
            chart.labels.append(_label(x + slot / 2, height, one.label))
    chart.ticks = _ticks(top, floor, room, said)
    return chart


def lines(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[float]]],
    *,
    head: Sequence[str],
    said: Any = _plain,
    height: int = 210,
    marks: Mapping[int, str] | None = None,
) -> Chart:
    """One or more lines over the same labels; ``series`` are (name, tone, values). ``marks``: what happened at which
    label, as visible points on the first line."""
    rows = [[label, *(said(values[index]) for _, _, values in series)] for index, label in enumerate(labels)]
    chart = Chart("lines", title, WIDTH, height, head=list(head), rows=rows)
    if not labels:
        return chart
    top = nice_top(max((value for _, _, values in series for value in values), default=1))
    floor, room, left = height - 24.0, height - 56.0, 44.0
    step = (WIDTH - left - 8) / max(1, len(labels) - 1)
    for name, tone, values in series:
        points = [(round(left + step * i, 1), round(floor - room * value / top, 1)) for i, value in enumerate(values)]
        dots = [{"x": x, "y": y, "said": said(value)} for (x, y), value in zip(points, values, strict=True)]
        for index, text in ({} if chart.lines else marks or {}).items():
            dots[index] |= {"mark": True, "said": f"{labels[index]}: {text} ({dots[index]['said']})"}
        chart.lines.append({"tone": tone, "points": " ".join(f"{x},{y}" for x, y in points), "dots": dots})
        chart.series.append({"name": name, "tone": tone})
    every = math.ceil(len(labels) / 9)
    chart.labels = [_label(left + step * i, height, text) for i, text in enumerate(labels) if i % every == 0]
    chart.ticks = _ticks(top, floor, room, said)
    return chart


def bars(title: str, points: Sequence[Bar], *, head: Sequence[str]) -> Chart:
    """Lying bars with their label before and their value behind: sources, reasons, reps."""
    row = 28
    chart = Chart("bars", title, WIDTH, max(1, len(points)) * row, head=list(head))
    chart.rows = [[one.label, one.said] for one in points]
    top = max((one.value for one in points), default=0) or 1
    for index, one in enumerate(points):
        width = (WIDTH - 270) * max(0.0, one.value) / top
        chart.bars.append(
            Bar(**{**one.__dict__, "x": 190, "y": index * row + 7, "width": round(max(2, width), 1), "height": 14})
        )
    return chart


def histogram(
    title: str, values: Sequence[float], *, step: float, head: Sequence[str], unit: str = "", tone: str = "accent"
) -> Chart:
    """How many ``values`` fall into each span of ``step``: 0-10, 10-20 ... up to the largest."""
    if not values:
        return columns(title, [], head=head)
    counts: dict[int, int] = {}
    for value in values:
        counts[int(value // step)] = counts.get(int(value // step), 0) + 1
    spans = range(min(counts), max(counts) + 1)
    points = []
    for span in spans:
        label = f"{_plain(span * step)}–{_plain((span + 1) * step)}"
        points.append(Bar(label + unit, counts.get(span, 0), f"{counts.get(span, 0):,}", tone=tone))
    return columns(title, points, head=head)


def stacked(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[float]]],
    *,
    head: Sequence[str],
    said: Any = _plain,
    height: int = 210,
) -> Chart:
    """Upright bars of several parts; ``series`` are (name, tone, values), the first at the bottom."""
    rows = [[label, *(said(values[index]) for _, _, values in series)] for index, label in enumerate(labels)]
    chart = Chart("stacked", title, WIDTH, height, head=list(head), rows=rows)
    chart.series = [{"name": name, "tone": tone} for name, tone, _ in series]
    if not labels:
        return chart
    top = nice_top(max(sum(max(0.0, values[i]) for _, _, values in series) for i in range(len(labels))))
    floor, room, left = height - 24.0, height - 44.0, 44.0
    slot = (WIDTH - left) / len(labels)
    every = math.ceil(len(labels) / 13)
    for index, label in enumerate(labels):
        x, y = left + slot * index, floor
        for name, tone, values in series:
            tall = room * max(0.0, values[index]) / top
            y -= tall
            place: dict[str, Any] = {"x": round(x + slot * 0.14, 1), "y": round(y, 1), "width": round(slot * 0.72, 1)}
            chart.bars.append(
                Bar(f"{label}, {name}", values[index], said(values[index]), tone=tone, height=round(tall, 1), **place)
            )
        if index % every == 0:
            chart.labels.append(_label(x + slot / 2, height, label))
    chart.ticks = _ticks(top, floor, room, said)
    return chart


def sparkline(values: Sequence[float]) -> str:
    """The ``points`` of a 90 x 24 polyline; '' for fewer than two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = 88 / (len(values) - 1)
    return " ".join(f"{1 + step * i:.1f},{22 - 20 * (value - low) / span:.1f}" for i, value in enumerate(values))


def ribbon(
    title: str, stages: Sequence[RibbonStage], *, head: Sequence[str] = (), rows: Sequence[Sequence[Any]] = ()
) -> Chart:
    """The funnel as one ribbon (see core/ribbon.py). ``head`` and ``rows`` are the table behind it; a page that
    shows a table of its own gives none."""
    chart = Chart("ribbon", title, 0, 0, head=list(head), rows=[list(row) for row in rows])
    if stages:
        chart.lying, chart.standing = lying(stages), standing(stages)
    return chart
