"""The one regularised regression over groups. Needs scikit-learn, imported only here and in ``baselines``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Refused
from scoring.learn.card import trait_values
from scoring.learn.groups import Trait
from scoring.learn.table import Table

STRENGTHS = (0.1, 0.3, 1.0)  # the smaller, the more small groups are drawn to the middle
FOLDS = 5
INSTALL = "Learning needs scikit-learn. Install it with: pip install 'scikit-learn>=1.7'  (the extra 'ml')."


def libraries() -> tuple[Any, Any]:
    """numpy and scikit-learn. Raises Refused with how to install them."""
    try:
        import numpy
        import sklearn
        import sklearn.linear_model
        import sklearn.model_selection
    except ImportError:
        raise Refused(INSTALL) from None
    return numpy, sklearn


def one_thread() -> Any:
    """A context in which the linear algebra uses one thread: on a busy machine many threads only wait."""
    libraries()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


@dataclass(frozen=True)
class Coded:
    """A trait with the group of every row (-1: in none)."""

    trait: Trait
    codes: Any

    def merged(self, parts: Sequence[Sequence[int]]) -> "Coded":
        """With these groups put together."""
        np, _ = libraries()
        places = np.full(len(self.trait.groups) + 1, -1)  # the last stands for -1
        for index, part in enumerate(parts):
            places[list(part)] = index
        return Coded(self.trait.merged(parts), places[self.codes])


def coded(traits: Sequence[Trait], table: Table) -> list[Coded]:
    """Each trait with the groups of the table's rows."""
    np, _ = libraries()
    columns = {one.name: one.values for one in table.columns}
    made = []
    for trait in traits:
        seen: dict[Any, int] = {}
        codes = [
            seen[value] if value in seen else seen.setdefault(value, trait.place(value))
            for value in trait_values(trait, columns)
        ]
        made.append(Coded(trait, np.array(codes, dtype=int)))
    return made


def design_of(facts: Sequence[Coded]) -> Any:
    """One column of 0 and 1 a group; a row that is in no group of a fact has 0 in all of them."""
    np, _ = libraries()
    return np.hstack([np.eye(len(one.trait.groups) + 1)[one.codes][:, :-1] for one in facts])


@dataclass
class Fit:
    """Weights of all groups of all facts in one row, and how sure they are."""

    weights: Any
    intercept: float
    covariance: Any = None

    def spans(self, facts: Sequence[Coded]) -> list[tuple[Coded, slice]]:
        """Each fact with the place of its groups among the weights."""
        made, start = [], 0
        for one in facts:
            made.append((one, slice(start, start + len(one.trait.groups))))
            start += len(one.trait.groups)
        return made


def regress(design: Any, wins: Sequence[bool], strength: float, *, sure: bool = True) -> Fit:
    """Logistic regression with a ridge of 1/strength; with the covariance of its weights unless not ``sure``."""
    np, sk = libraries()
    made = sk.linear_model.LogisticRegression(C=strength, max_iter=1000).fit(design, np.array(wins, dtype=int))
    fit = Fit(made.coef_[0], float(made.intercept_[0]))
    if not sure:
        return fit
    chance = made.predict_proba(design)[:, 1]
    spread = (chance * (1 - chance))[:, None] * design
    bent = design.T @ spread + np.eye(design.shape[1]) / strength
    # the intercept takes its part of what is known
    ones, total = spread.sum(axis=0), float((chance * (1 - chance)).sum())
    fit.covariance = np.linalg.inv(bent - np.outer(ones, ones) / max(total, 1e-9))
    return fit


def folds_of(wins: Sequence[bool], seed: int = 0) -> list[tuple[list[int], list[int]]]:
    """Rows to learn from and rows to test on, five times, each with its share of wins."""
    _, sk = libraries()
    cut = sk.model_selection.StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return [(a.tolist(), b.tolist()) for a, b in cut.split([0] * len(wins), wins)]


def strength_best(design: Any, wins: Sequence[bool], folds: Sequence[tuple[list[int], list[int]]]) -> float:
    """The strength that predicts rows it has not seen best (log loss)."""
    np, sk = libraries()
    came = np.array(wins, dtype=int)

    def loss(strength: float) -> float:
        total = 0.0
        for train, test in folds:
            made = sk.linear_model.LogisticRegression(C=strength, max_iter=1000).fit(design[train], came[train])
            total += float(np.logaddexp(0, (1 - 2 * came[test]) * made.decision_function(design[test])).sum())
        return total

    best: float = min(STRENGTHS, key=loss)
    return best
