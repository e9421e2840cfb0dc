"""Inputs that know the answer: a fact that alone tells the outcome was most likely written after it. Pure.

A warning, never a proof: the exclusions that a person names come first, and facts written after the handoff are kept
out where they are read.
"""

from collections.abc import Sequence

from scoring.learn.bins import trait_fine
from scoring.learn.measure import auc
from scoring.learn.table import UNSEEN, Column, Kind, Table

TELLS_ALL = 0.9  # AUC of the fact alone from which it is left out
LOOK_AT = 0.75  # and from which a person should look
FOLDS = 3


def alone(column: Column, wins: Sequence[bool], min_count: int) -> float:
    """The AUC of this fact alone, each row told by the other folds; 0.5 when it says nothing."""
    base = sum(wins) / len(wins)
    said = [base] * len(wins)
    for fold in range(FOLDS):
        rest = [i for i in range(len(wins)) if i % FOLDS != fold]
        part = Column(column.name, column.kind, [column.values[i] for i in rest], column.fact)
        trait = trait_fine(part, [wins[i] for i in rest], min_count)
        if trait is None:
            continue
        rates = [(one.evidence.wins + 5 * base) / (one.evidence.n + 5) for one in trait.groups]
        for i in range(fold, len(wins), FOLDS):
            index = trait.place(column.values[i])
            if index >= 0:
                said[i] = rates[index]
    value = auc(said, wins).value
    return max(value, 1 - value)


def names_the_row(column: Column) -> bool:
    """True when (nearly) every row has a value of its own: a number of the lead, not a fact about it."""
    values = [value for value in column.values if value is not None and value is not UNSEEN]
    if len(values) < 50 or len(set(values)) < 0.95 * len(values):
        return False
    return column.kind is Kind.CATEGORY or all(float(value).is_integer() for value in values)


def leaks_find(table: Table, min_count: int, keep: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """(columns to leave out with why, what a person should look at). ``keep``: columns somebody answers for."""
    out: dict[str, str] = {}
    look: list[str] = []
    for column in table.columns:
        if column.name in keep:
            continue
        if names_the_row(column):
            out[column.name] = "has another value in every row: it names the row"
            continue
        value = alone(column, table.wins, min_count)
        if value >= TELLS_ALL:
            out[column.name] = f"alone tells the outcome (AUC {value:.3f}): most likely written after it"
        elif value >= LOOK_AT:
            look.append(f"'{column.name}' alone reaches an AUC of {value:.3f}: was it known before the outcome?")
    return out, look
