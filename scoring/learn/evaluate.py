"""How good a card of such rows is on rows it has not seen, beside the baselines on the same rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import Refused
from scoring.learn.baselines import NAMES, baselines_predict
from scoring.learn.card import Card
from scoring.learn.fit import card_learn, enough_check
from scoring.learn.leaks import leaks_find
from scoring.learn.measure import Estimate, Measures, auc_gain, measure
from scoring.learn.regression import FOLDS, folds_of, one_thread
from scoring.learn.table import Table

OURS = "scorecard"
NEWEST = 0.2  # the part of dated rows that a card of the older ones is tried on


@dataclass
class Evaluation:
    how: str
    measures: dict[str, Measures]
    gains: dict[str, Estimate] = field(default_factory=dict)  # AUC of the card beside each baseline


def cleaned(table: Table, keep: list[str] | None = None) -> tuple[Table, list[str]]:
    """The table without columns that know the answer, and what a person should look at."""
    enough_check(table.wins)
    out, look = leaks_find(table, 20, keep or [])
    left = table.without(out)
    if not left.columns:
        raise Refused("No input is left to learn from.")
    return left, look


def evaluate(
    table: Table, *, seed: int = 0, baselines: bool = True, tell: Callable[[int], None] = lambda fold: None
) -> Evaluation:
    """Five-fold cross-validation: each row is told by a card, and by baselines, of the other four folds. ``tell`` is
    called before each."""
    splits = folds_of(table.wins, seed)
    said = _predict(table, splits, baselines, tell)
    return _measured(f"{FOLDS}-fold cross-validation", said, table.wins)


def evaluate_newest(table: Table, *, baselines: bool = True) -> Evaluation | None:
    """A card of the older rows tried on the newest fifth; None without dates or with too few outcomes there."""
    if table.moments is None:
        return None
    order = sorted(range(len(table)), key=table.moments.__getitem__)
    cut = round(len(order) * (1 - NEWEST))
    older, newest = order[:cut], order[cut:]
    wins = [table.wins[i] for i in newest]
    if min(sum(wins), len(wins) - sum(wins)) < 20 or table.moments[older[0]] == table.moments[newest[-1]]:
        return None
    day = table.moments[newest[0]].date()
    return evaluate_on(
        *(table.rows(older), table.rows(newest)),
        how=f"learned before {day}, tried on what came from then",
        baselines=baselines,
    )


def evaluate_on(
    train: Table, test: Table, *, how: str = "learned from other rows", baselines: bool = True
) -> Evaluation:
    """Cards and baselines of one table, tried on another."""
    said = {OURS: card_learn(train).chances_of(test)}
    if baselines:
        with one_thread():
            said |= baselines_predict(train, test)
    return _measured(how, said, test.wins)


def evaluate_card(card: Card, table: Table) -> Evaluation:
    """A card as it is, tried on a table. Needs no library."""
    return _measured("a card learned before", {OURS: card.chances_of(table)}, table.wins)


def _predict(
    table: Table, splits: list[tuple[list[int], list[int]]], baselines: bool, tell: Callable[[int], None]
) -> dict[str, list[float]]:
    said = {name: [0.0] * len(table) for name in (OURS, *(NAMES if baselines else ()))}
    for fold, (train, test) in enumerate(splits, 1):
        tell(fold)
        older, newer = table.rows(train), table.rows(test)
        found = {OURS: card_learn(older).chances_of(newer)}
        if baselines:
            with one_thread():
                found |= baselines_predict(older, newer)
        for name, chances in found.items():
            for i, chance in zip(test, chances, strict=True):
                said[name][i] = chance
    return said


def _measured(how: str, said: dict[str, list[float]], wins: list[bool]) -> Evaluation:
    if not 0 < sum(wins) < len(wins):
        raise Refused("To measure anything, some must have converted and some not.", field="label")
    measures = {name: measure(chances, wins) for name, chances in said.items()}
    gains = {name: auc_gain(said[OURS], chances, wins) for name, chances in said.items() if name != OURS}
    return Evaluation(how, measures, gains)
