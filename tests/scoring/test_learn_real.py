"""The targets of learning, on the real data: six and a half thousand leads with their outcome."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.learn.evaluate import cleaned, evaluate
from scoring.learn.table import table_read

# written by sales after the fact
LEAKING = ["Tags", "Lead Quality", "Lead Profile", "Asymmetrique*", "Last Notable Activity"]


@pytest.mark.sqlite  # no database at all: once is enough
def test_the_scorecard_holds_its_own_against_the_baselines(sample: Callable[[str], Path]) -> None:
    table = table_read(sample("lead_scoring_leads.csv"), label="Converted", exclude=LEAKING)
    table, _ = cleaned(table)
    assert {"Prospect ID", "Lead Number"} <= set(table.left_out)
    found = evaluate(table)
    ours = found.measures["scorecard"]
    auc = {name: one.auc.value for name, one in found.measures.items()}
    assert ours.auc.value >= 0.888 and ours.auc.value >= auc["logistic regression"]
    assert ours.auc.value >= auc["gradient boosting"] - 0.01
    assert found.gains["naive Bayes"].low > 0.02
    assert ours.brier.value <= 0.130
    assert ours.worst_tenth <= 0.03
    assert ours.top_fifth.value >= 0.88


@pytest.mark.sqlite
def test_the_column_that_tells_all_is_found_without_being_named(sample: Callable[[str], Path]) -> None:
    table, look = cleaned(table_read(sample("lead_scoring_leads.csv"), label="Converted"))
    assert "alone tells the outcome" in table.left_out["Tags"]
    assert any("Lead Quality" in one for one in look)
