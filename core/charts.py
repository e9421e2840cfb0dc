"""Charts as plain SVG, drawn on the server: shapes are computed here, drawn by ``templates/components/chart_*.html``.

Why not a library: five kinds of chart, each some ten lines of arithmetic, against 200 KB of script; these need no
script, print, follow the theme, and stand above a real table (docs/adr/0005).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 640


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
    ribbon: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.rows


def nice_top(value: float) -> float:
    """The next round number at or above: 1, 2, 2.5, 5 or 10 times a power of ten."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def _ticks(top: float, bottom_y: float, height: float, said: Any) -> list[dict[str, Any]]:
    return [
        {"y": round(bottom_y - height * share, 1), "said": said(top * share), "base": share == 0}
        for share in (0, 0.5, 1)
    ]


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
            chart.labels.append({"x": round(x + slot / 2, 1), "y": height - 7, "said": one.label})
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
) -> Chart:
    """One or more lines over the same labels; ``series`` are (name, tone, values)."""
    rows = [[label, *(said(values[index]) for _, _, values in series)] for index, label in enumerate(labels)]
    chart = Chart("lines", title, WIDTH, height, head=list(head), rows=rows)
    if not labels:
        return chart
    top = nice_top(max((value for _, _, values in series for value in values), default=1))
    floor, room, left = height - 24.0, height - 56.0, 44.0
    step = (WIDTH - left - 8) / max(1, len(labels) - 1)
    for name, tone, values in series:
        points = [(round(left + step * i, 1), round(floor - room * value / top, 1)) for i, value in enumerate(values)]
        chart.lines.append({"name": name, "tone": tone, "points": " ".join(f"{x},{y}" for x, y in points)})
    every = math.ceil(len(labels) / 9)
    chart.labels = [
        {"x": round(left + step * i, 1), "y": height - 7, "said": text}
        for i, text in enumerate(labels)
        if i % every == 0
    ]
    chart.ticks = _ticks(top, floor, room, said)
    return chart


def bars(title: str, points: Sequence[Bar], *, head: Sequence[str]) -> Chart:
    """Lying bars with their label before and their value behind: sources, reasons, reps."""
    row = 28
    chart = Chart("bars", title, WIDTH, max(1, len(points)) * row, head=list(head))
    chart.rows = [[one.label, one.said] for one in points]
    top = max((one.value for one in points), default=0) or 1
    for index, one in enumerate(points):
        width = 330 * max(0.0, one.value) / top
        chart.bars.append(
            Bar(**{**one.__dict__, "x": 190, "y": index * row + 7, "width": round(max(2, width), 1), "height": 14})
        )
    return chart


def sparkline(values: Sequence[float]) -> str:
    """The ``points`` of a 90 x 24 polyline; '' for fewer than two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = 88 / (len(values) - 1)
    return " ".join(f"{1 + step * i:.1f},{22 - 20 * (value - low) / span:.1f}" for i, value in enumerate(values))


@dataclass(frozen=True)
class RibbonStage:
    """One station of the ribbon. ``tone``: marketing, handoff, sales, customer."""

    name: str
    count: int
    tone: str
    note: str = ""  # "27.2 % · 9 d"
    leak: str = ""  # "1,635 went quiet"
    bad: bool = False  # the note is bad news
    url: str = ""
    leak_url: str = ""
    said: str = ""  # the big number; the count when empty


def ribbon(title: str, stages: Sequence[RibbonStage], *, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Chart:
    """The funnel as one unbroken ribbon with the handoff as its seam; thickness follows the square root of the
    count, so that seventy customers beside twelve thousand visitors can still be seen."""
    width, height, middle, most = 1120, 330, 186.0, 192.0
    chart = Chart("ribbon", title, width, height, head=list(head), rows=[list(row) for row in rows])
    if not stages:
        return chart
    top = math.sqrt(max(1, *(one.count for one in stages)))
    thick = [max(5.0, most * math.sqrt(max(0, one.count)) / top) for one in stages]
    slot = (width - 20) / len(stages)
    parts, stations = [], []
    for index, one in enumerate(stages):
        x = 10 + slot * index
        following = thick[index + 1] if index + 1 < len(stages) else thick[index] * 0.92
        stations.append(
            {"stage": one, "x": round(x + 4, 1), "big": one.said or f"{one.count:,}", "seam": one.tone == "handoff"}
            | {"seam_x": round(x, 1), "seam_y": round(middle - thick[index] / 2 - 14, 1)}
            | {"seam_height": round(thick[index] + 28, 1)}
        )
        parts.append({"d": _band(x, x + slot, middle, thick[index], following), "tone": _after(one.tone)})
    chart.ribbon = {"parts": parts, "stations": stations}
    return chart


def _after(tone: str) -> str:
    # What lies behind the seam is sales' half already.
    return "sales" if tone == "handoff" else tone


def _band(x0: float, x1: float, middle: float, first: float, second: float) -> str:
    """A closed band that narrows from one thickness to the next in a smooth curve."""
    bend = x0 + (x1 - x0) * 0.55
    a, b = middle - first / 2, middle - second / 2
    c, d = middle + second / 2, middle + first / 2
    return (
        f"M{x0:.1f} {a:.1f}C{bend:.1f} {a:.1f} {bend:.1f} {b:.1f} {x1:.1f} {b:.1f}"
        f"L{x1:.1f} {c:.1f}C{bend:.1f} {c:.1f} {bend:.1f} {d:.1f} {x0:.1f} {d:.1f}Z"
    )
