"""Geometry of the ribbon and the bars: plain numbers that the SVG templates draw. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

TOP, HEIGHT, LEFT, GAP, SEAM = 96, 180, 12, 116, 12


@dataclass(frozen=True)
class Band:
    """One stretch of the ribbon, in the colour of its half."""

    half: str
    path: str


@dataclass(frozen=True)
class Ribbon:
    width: int
    height: int
    bands: list[Band]
    seam: tuple[float, float, float] | None
    columns: list[float]


def ribbon(counts: Sequence[int], halves: Sequence[str]) -> Ribbon:
    """The unbroken ribbon: as thick as the count at each step, the handoff as its seam, a colour for each half."""
    most = max([*counts, 1])
    middle = TOP + HEIGHT / 2
    xs = [LEFT + GAP * index for index in range(len(counts) + 1)]
    thick = [max(HEIGHT * n / most, 3.0 if n else 1.0) / 2 for n in [*counts, counts[-1] if counts else 0]]
    bands = [Band(half, _stretch(xs[i], xs[i + 1], middle, thick[i], thick[i + 1])) for i, half in enumerate(halves)]
    seam = None
    if "handoff" in halves:
        at = halves.index("handoff")
        half = max(thick[at] + 10, 24.0)
        seam = (xs[at] - SEAM / 2, middle - half, 2 * half)
    return Ribbon(int(xs[-1] + LEFT), TOP + HEIGHT + 54, bands, seam, xs[:-1])


def _stretch(left: float, right: float, middle: float, here: float, there: float) -> str:
    """A closed path that bends from one thickness to the next."""
    bend = (left + right) / 2
    return (
        f"M{left:.1f} {middle - here:.1f}C{bend:.1f} {middle - here:.1f} {bend:.1f} {middle - there:.1f} "
        f"{right:.1f} {middle - there:.1f}L{right:.1f} {middle + there:.1f}C{bend:.1f} {middle + there:.1f} "
        f"{bend:.1f} {middle + here:.1f} {left:.1f} {middle + here:.1f}Z"
    )


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float], *, width: float = 640, height: float = 120, gap: float = 0.25) -> list[Bar]:
    """Upright bars over the whole width, the highest as high as the chart."""
    most = max([*values, 1])
    step = width / max(1, len(values))
    found = []
    for index, value in enumerate(values):
        tall = height * value / most
        found.append(
            Bar(
                round(index * step + step * gap / 2, 1),
                round(height - tall, 1),
                round(step * (1 - gap), 1),
                round(tall, 1),
            )
        )
    return found
