"""The arithmetic behind the drawings."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core import charts
from core.ribbon import THICK, thicknesses

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
values = st.floats(min_value=0, max_value=1e9, allow_nan=False)


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_the_axis_ends_at_a_round_number_not_far_above(value):
    top = charts.nice_top(value)
    assert value <= top * (1 + 1e-9) <= value * 2.6


@given(st.lists(values, min_size=1, max_size=40))
def test_columns_stand_on_the_floor_and_end_inside(numbers):
    chart = charts.columns("x", [charts.Bar("a", one, str(one)) for one in numbers], head=["a", "b"])
    for bar in chart.bars:
        assert bar.y >= 0 and abs(bar.y + bar.height - (chart.height - 24)) < 0.2
        assert bar.x >= 0 and bar.x + bar.width <= chart.width + 0.1
    assert len(chart.rows) == len(numbers)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=20))
def test_stacked_parts_stand_on_each_other(pairs):
    series = [("a", "sales", [one for one, _ in pairs]), ("b", "neutral", [two for _, two in pairs])]
    chart = charts.stacked("x", [str(i) for i in range(len(pairs))], series, head=["", "a", "b"])
    for low, high in zip(chart.bars[::2], chart.bars[1::2], strict=True):
        assert abs(high.y + high.height - low.y) < 0.3 and high.y >= 0


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=200), st.integers(1, 50))
def test_a_histogram_counts_everybody_once(numbers, step):
    chart = charts.histogram("x", numbers, step=step, head=["a", "b"])
    assert sum(bar.value for bar in chart.bars) == len(numbers)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=60))
def test_no_word_under_the_axis_leaves_the_paper(words):
    drawn = [
        charts.lines("x", words, [("a", "sales", [1.0] * len(words))], head=["", "a"]),
        charts.stacked("x", words, [("a", "sales", [1.0] * len(words))], head=["", "a"]),
        charts.columns("x", [charts.Bar(word, 1, "1") for word in words], head=["", "a"]),
    ]
    for chart in drawn:
        for label in chart.labels:
            wide = len(label["said"]) * charts.LETTER
            assert label["x"] + (0 if label["anchor"] == "end" else wide / 2) <= chart.width


stages = st.lists(
    st.builds(
        charts.RibbonStage,
        name=st.text(max_size=40),
        count=st.integers(0, 10**9),
        tone=st.sampled_from(["marketing", "handoff", "sales", "customer"]),
        note=st.sampled_from(["", "27.2 %", "27.2 % · 9 d"]),
        leak=st.text(max_size=80),
    ),
    min_size=1,
    max_size=14,
)


@given(stages)
def test_the_ribbon_stays_on_its_paper_and_has_no_gap(found):
    chart = charts.ribbon("x", found)
    for drawing in (chart.lying, chart.standing):
        assert len(drawing.stations) == len(found)
        assert len(drawing.seams) == sum(one.tone == "handoff" for one in found)
        for part in drawing.parts:
            spots = [float(one) for one in NUMBER.findall(part["d"])]
            assert (
                min(spots) >= -0.1 and max(spots[0::2]) <= drawing.width + 0.1 and max(spots[1::2]) <= drawing.height
            )
    ends = [float(NUMBER.findall(part["d"])[0]) for part in chart.lying.parts]
    assert ends == sorted(ends) and ends[0] == 10


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=14))
def test_more_people_are_never_drawn_thinner(counts):
    thick = thicknesses(counts, THICK)
    assert max(thick) <= THICK + 1e-6
    for (a, first), (b, second) in zip(
        zip(counts, thick, strict=True), list(zip(counts, thick, strict=True))[1:], strict=False
    ):
        assert (first - second) * (a - b) >= 0


def test_nothing_to_draw_is_said():
    assert charts.ribbon("x", []).is_empty and charts.columns("x", [], head=["a", "b"]).is_empty
    assert charts.sparkline([]) == "" and charts.sparkline([3]) == "" and charts.sparkline([3, 3]) != ""
