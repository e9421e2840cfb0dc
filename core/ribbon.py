"""The funnel as one unbroken ribbon: marketing's violet, the handoff as its orange seam, sales' teal, the customer's
green. Geometry only; ``templates/components/ribbon.html`` draws it, lying on a desk and standing on a phone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import wrap
from typing import Any

WIDTH, EDGE = 1120.0, 10.0
THICK, LEAST = 168.0, 4.0  # of the widest station, and of the thinnest, in units of the drawing
CHARACTER = 6.5  # mean width of a letter at 12 px
TALL_WIDTH, TALL_MIDDLE, TALL_THICK, TALL_STEP = 340.0, 58.0, 100.0, 92.0


@dataclass(frozen=True)
class RibbonStage:
    """One station of the ribbon. ``tone``: marketing, handoff, sales, customer."""

    name: str
    count: int
    tone: str
    note: str = ""  # "27.2 % · 9 d": each part gets a line of its own
    leak: str = ""  # "1,635 went quiet"
    bad: bool = False  # the note is bad news
    url: str = ""
    leak_url: str = ""
    said: str = ""  # the big number; the count when empty


@dataclass
class Drawing:
    """One way to draw it: runs of one tone, the seams, and where each station's words go."""

    width: float
    height: float
    parts: list[dict[str, Any]] = field(default_factory=list)
    seams: list[dict[str, Any]] = field(default_factory=list)
    stations: list[dict[str, Any]] = field(default_factory=list)


def thicknesses(counts: Sequence[float], most: float) -> list[float]:
    """The square root of the count, so that seventy customers beside twelve thousand visitors can still be seen."""
    top = math.sqrt(max(1.0, *(max(0.0, one) for one in counts)))
    return [max(LEAST, most * math.sqrt(max(0.0, one)) / top) for one in counts]


def _runs(stages: Sequence[RibbonStage]) -> list[tuple[str, int, int]]:
    """(tone, first station, station it ends at) of each stretch of one colour. Behind the seam it is sales' half."""
    tones = ["sales" if one.tone == "handoff" else one.tone for one in stages]
    found: list[tuple[str, int, int]] = []
    for index, tone in enumerate(tones):
        if found and found[-1][0] == tone:
            found[-1] = (tone, found[-1][1], index + 1)
        else:
            found.append((tone, index, index + 1))
    return found


def _path(places: Sequence[float], thick: Sequence[float], middle: float, *, standing: bool) -> str:
    """A closed, smooth outline through the stations: out along one edge, back along the other."""

    def spot(along: float, across: float) -> str:
        return f"{across:.1f} {along:.1f}" if standing else f"{along:.1f} {across:.1f}"

    def curve(a: float, b: float, first: float, second: float) -> str:
        half = (a + b) / 2
        return f"C{spot(half, first)} {spot(half, second)} {spot(b, second)}"

    near = list(zip(places, (middle - one / 2 for one in thick), strict=True))
    far = list(zip(places, (middle + one / 2 for one in thick), strict=True))[::-1]
    out = "".join(curve(a[0], b[0], a[1], b[1]) for a, b in pairwise(near))
    back = "".join(curve(a[0], b[0], a[1], b[1]) for a, b in pairwise(far))
    return f"M{spot(*near[0])}{out}L{spot(*far[0])}{back}Z"


def _parts(
    stages: Sequence[RibbonStage], places: list[float], thick: list[float], middle: float, standing: bool
) -> Any:
    found = []
    for tone, a, b in _runs(stages):
        # A hair of overlap, so that no line of background shows between two tones.
        spots = [places[a] - (0.6 if a else 0), *places[a + 1 : b + 1]]
        found.append({"tone": tone, "d": _path(spots, thick[a : b + 1], middle, standing=standing)})
    return found


def lying(stages: Sequence[RibbonStage]) -> Drawing:
    """From left to right, words above, leaks below."""
    slot = (WIDTH - 2 * EDGE) / len(stages)
    letters = max(8, int((slot - 6) / CHARACTER))
    notes = max(1, max(len(one.note.split(" · ")) if one.note else 1 for one in stages))
    leaks = [wrap(one.leak, letters)[:3] for one in stages]
    top = 48.0 + 15 * notes + 20
    middle = top + THICK / 2
    drawing = Drawing(WIDTH, top + THICK + 22 + 15 * max(map(len, leaks), default=0))
    places = [EDGE + slot * index for index in range(len(stages) + 1)]
    thick = thicknesses([one.count for one in stages], THICK)
    drawing.parts = _parts(stages, places, [*thick, thick[-1] * 0.94], middle, False)
    for index, one in enumerate(stages):
        x = places[index]
        if one.tone == "handoff":
            tall = thick[index] + 28
            drawing.seams.append(
                {"x": round(x - 6, 1), "y": round(middle - tall / 2, 1), "width": 12, "height": tall}
            )
        drawing.stations.append(
            {"stage": one, "x": round(x + (2 if one.tone != "handoff" else -4), 1), "left": round(x - 4, 1)}
            | {"width": round(slot, 1), "big": one.said or f"{one.count:,}", "seam": one.tone == "handoff"}
            | {"name": shorten(one.name, letters)}
            | {"notes": [{"y": 62 + 15 * row, "text": text} for row, text in enumerate(_notes(one))]}
            | {
                "leaks": [
                    {"y": round(top + THICK + 20 + 15 * row), "text": text} for row, text in enumerate(leaks[index])
                ]
            }
        )
    return drawing


def standing(stages: Sequence[RibbonStage]) -> Drawing:
    """From top to bottom, words beside it: for a phone."""
    drawing = Drawing(TALL_WIDTH, TALL_STEP * len(stages) + 8)
    places = [4 + TALL_STEP * index for index in range(len(stages) + 1)]
    thick = thicknesses([one.count for one in stages], TALL_THICK)
    drawing.parts = _parts(stages, places, [*thick, thick[-1] * 0.94], TALL_MIDDLE, True)
    for index, one in enumerate(stages):
        y = places[index]
        if one.tone == "handoff":
            wide = thick[index] + 22
            x = max(0.0, TALL_MIDDLE - wide / 2)
            drawing.seams.append({"x": round(x, 1), "y": round(y - 5, 1), "width": round(wide, 1), "height": 10})
        drawing.stations.append(
            {"stage": one, "y": round(y, 1), "big": one.said or f"{one.count:,}", "seam": one.tone == "handoff"}
            | {"name": shorten(one.name, 28), "height": TALL_STEP, "leak": shorten(one.leak, 34)}
            | {"note": shorten(one.note, 34)}
        )
    return drawing


def _notes(stage: RibbonStage) -> list[str]:
    return [part for part in stage.note.split(" · ") if part]


def shorten(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
