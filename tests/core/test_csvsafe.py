import csv
import io
from decimal import Decimal

import pytest

from core import csvsafe


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\rx",
        " =1",
        "\u00a0=1",
        "\u3000=1",
        "\ufeff=1",
        "\u200b=1",
        "＝1+1",
        *["＋1+1", "－cmd", "＠SUM", "﹢1+1", "\u2212x", "\u0301=1", "\n=1", "  \u2003\t@a"],
    ],
)
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert csvsafe.cell(text) == "'" + text


@pytest.mark.parametrize("text", ["Ann", "a=b", "3 - 2", "", "Ö", " indented", "12", "-12", "-1.5", "x@y.example"])
def test_harmless_text_stays(text: str) -> None:
    assert csvsafe.cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert [csvsafe.cell(one) for one in (-5, 1.5, Decimal("-2.50"), None, True)] == ["-5", "1.5", "-2.50", "", "yes"]


def test_lines_read_back() -> None:
    rows = [["a,b", 'say "hi"', "two\nlines"], ["=x", 1, None]]
    text = "".join(csvsafe.lines(rows, bom=True))
    assert text.startswith(csvsafe.BOM)
    assert list(csv.reader(io.StringIO(text.removeprefix(csvsafe.BOM)))) == [rows[0], ["'=x", "1", ""]]
