"""Cells, formats and guesses."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import csvsafe
from intake import guess, rules
from intake.rules import RowProblem
from intake.services.parser import cell_plain


@pytest.mark.parametrize(
    ("text", "number"),
    [("1054", "1054"), ("1,054.50", "1054.50"), ("$ 1,054", "1054"), ("1.054,5", "1054.5"), ("1054,5", "1054.5"),
     ("-3", "-3"), ("€ 12", "12"), ("1'234", "1234"), ("0.5", "0.5")],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert rules.number_read(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1,05,4", "abc", "1e5", "NaN", "1.2.3", "--1", "1" * 40, "٣"])
def test_what_is_no_number_is_said(text: str) -> None:
    with pytest.raises(RowProblem):
        rules.number_read(text) if text != "٣" else rules.whole_read("x")


def test_a_date_stands_at_noon_and_only_in_its_format() -> None:
    assert rules.moment_read("20-10-2016", "dd-mm-yyyy") == datetime(2016, 10, 20, 12, tzinfo=UTC)
    assert rules.moment_read("2026-02-01T14:30:00+02:00", "iso") == datetime(2026, 2, 1, 12, 30, tzinfo=UTC)
    for wrong in ("10-20-2016", "2016-10-20", "31-02-2016", "1-1-16x", ""):
        with pytest.raises(RowProblem):
            rules.moment_read(wrong, "dd-mm-yyyy")


def test_only_formats_that_fit_every_value_are_proposed() -> None:
    assert rules.date_formats_of(["01-02-2026", "13-02-2026"]) == ["dd-mm-yyyy"]
    assert rules.date_formats_of(["01-02-2026"]) == ["dd-mm-yyyy", "mm-dd-yyyy"]
    assert rules.date_formats_of(["2026-02-01"])[0] == "yyyy-mm-dd"
    assert rules.date_formats_of(["soon"]) == []


@given(st.text(max_size=30))
def test_an_export_comes_back_as_it_was(text: str) -> None:
    assert cell_plain(csvsafe.cell(text)) == text or text.startswith("'")


@given(st.text(max_size=40), st.sampled_from(list(rules.DATE_FORMATS)))
def test_any_text_is_a_date_or_a_problem(text: str, format_: str) -> None:
    try:
        assert rules.moment_read(text, format_).tzinfo is UTC
    except RowProblem as problem:
        assert len(problem.reason) <= 400


@pytest.mark.parametrize(
    ("values", "type_"),
    [(["1", "0"], "bool"), (["Yes", "No", ""], "bool"), (["1", "2.5", "1,000"], "number"), (["01234", "1"], "text"),
     (["2026-01-31", "2025-01-01"], "date"), (["a", "1"], "text"), ([], "text")],
)  # fmt: skip
def test_types_of_own_fields(values: list[str], type_: str) -> None:
    assert guess.custom_type(values) == type_


def test_keys_of_own_fields() -> None:
    assert guess.custom_key("TotalVisits") == "total_visits"
    assert guess.custom_key("What is your current occupation") == "what_is_your_current_occupation"
    assert guess.custom_key("!!!") == "column"
    assert len(guess.custom_key("long " * 40)) <= 60
