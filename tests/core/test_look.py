"""The tokens of the stylesheet are readable in both themes: WCAG 2.2 AA, computed from their oklch values."""

import math
import re

import pytest

from tests.guard import house

CSS = (house.ROOT / "static/css/baton.css").read_text()
TOKEN = re.compile(r"--([\w-]+):\s*light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\)")
Colour = tuple[float, float, float]


def colour(text: str) -> Colour:
    light, chroma, hue = text.split("/")[0].split()
    return float(light.strip("%")) / 100, float(chroma), float(hue)


TOKENS = {name: (colour(light), colour(dark)) for name, light, dark in TOKEN.findall(CSS)}


def luminance(one: Colour) -> float:
    light, chroma, hue = one
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long, middle, short = (
        (light + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (light - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (light - 0.0894841775 * a - 1.291485548 * b) ** 3,
    )
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short
    return sum(
        part * max(0.0, min(1.0, value))
        for part, value in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )


def contrast(one: Colour, two: Colour) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_knows_black_and_white():
    assert contrast((0, 0, 0), (1, 0, 0)) == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface", "raised"])
@pytest.mark.parametrize("ink", ["ink", "muted", "accent", "good", "warn", "bad"])
def test_text_is_readable_on_every_ground(ink, ground, theme):
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface"])
@pytest.mark.parametrize("mark", ["marketing", "handoff", "sales", "customer", "accent", "edge"])
def test_marks_and_edges_of_controls_can_be_seen(mark, ground, theme):
    assert contrast(TOKENS[mark][theme], TOKENS[ground][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_on_the_accent_are_readable(theme):
    assert contrast(TOKENS["on-accent"][theme], TOKENS["accent"][theme]) >= 4.5


def test_every_custom_property_that_is_used_exists():
    texts = house.files(".css", under=("static",))
    defined = set(re.findall(r"(--[\w-]+)\s*:", "\n".join(texts.values())))
    missing = {
        f"{name}: {one}"
        for name, text in texts.items()
        for one in re.findall(r"var\((--[\w-]+)\s*\)", text)
        if one not in defined
    }
    assert missing == set()
