"""Numbers as people say them, and charts that say the same as the table behind them."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from core import charts, wording
from core.templatetags.formats import money, number, percent


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (220, "3 m 40 s"),
        (3600, "1 h"),
        (7260, "2 h 1 m"),
        (90000, "1 d 1 h"),
        (-90, "-1 m 30 s"),
    ],
)
def test_durations(seconds: int, said: str) -> None:
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(("left", "said"), [(174, "2:54"), (599, "9:59"), (2400, "40 m"), (7300, "2 h"), (0, "late")])
def test_a_countdown_fits_its_clock(left: int, said: str) -> None:
    assert wording.countdown(left) == said


@pytest.mark.parametrize(
    ("amount", "said"), [("18400", "$18,400"), ("18400.5", "$18,400.50"), ("-3", "-$3"), (None, "–")]
)
def test_money(amount: Any, said: str) -> None:
    assert money(amount) == said


def test_money_of_a_currency_without_a_sign_and_shares() -> None:
    assert money("1234.5", "CHF") == "1,234.50 CHF"
    assert (percent(0.632, 1), number(12480), number("x")) == ("63.2 %", "12,480", "–")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_columns_stay_inside_and_keep_the_order_of_their_values(values: list[int]) -> None:
    chart = charts.columns("t", [charts.Bar(str(i), v, str(v)) for i, v in enumerate(values)], head=["a", "b"])
    for bar in chart.bars:
        assert bar.x >= 0 and bar.x + bar.width <= chart.width + 0.2
        assert bar.y >= 0 and bar.y + bar.height <= chart.height
    by_value = sorted(chart.bars, key=lambda one: one.value)
    assert [one.height for one in by_value] == sorted(one.height for one in by_value)
    assert [row[1] for row in chart.rows] == [str(v) for v in values]


def test_peoples_text_in_a_component_is_text() -> None:
    evil = '"><script>alert(1)</script>'
    page = Template(
        "{% badge t %}{% avatar t %}{% tile t t t %}{% empty t t %}"
        "{% score_chip s %}{% stage_chip g %}{% progress 1 2 t %}"
    )
    stage = SimpleNamespace(name=evil, funnel=SimpleNamespace(kind=evil), kind=evil)
    standing = SimpleNamespace(grade=evil, score=evil, reason=evil, scored_at=1)
    out = page.render(Context({"t": evil, "s": standing, "g": stage}))
    assert "<script" not in out
    assert "&lt;script&gt;" in out
