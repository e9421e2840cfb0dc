"""What the card is measured against, fitted on the very same rows and inputs. Needs scikit-learn.

* logistic regression: numbers in ten bins of equal size, one-hot, rare values together, as it comes
* gradient boosting: histogram trees over numbers and categories
* naive Bayes: over the same bins and values as the logistic regression
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from scoring.learn.regression import libraries
from scoring.learn.table import RANGED, UNSEEN, Column, Table

BINS, RARE = 10, 20
NAMES = ("logistic regression", "gradient boosting", "naive Bayes")


def baselines_predict(train: Table, test: Table) -> dict[str, list[float]]:
    """The chance of every test row by each baseline."""
    np, sk = libraries()
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.naive_bayes import CategoricalNB

    wins = np.array(train.wins, dtype=int)
    pairs = [_codes(column, test.columns[index]) for index, column in enumerate(train.columns)]
    seen, unseen = (np.column_stack([pair[side] for pair in pairs]) for side in (0, 1))
    wide = seen.max(axis=0) + 1
    unseen = np.minimum(unseen, wide - 1)
    hot, cold = (np.hstack([np.eye(w)[codes[:, i]] for i, w in enumerate(wide)]) for codes in (seen, unseen))
    linear = sk.linear_model.LogisticRegression(max_iter=2000).fit(hot, wins)
    bayes = CategoricalNB(min_categories=wide).fit(seen, wins)
    mixed, other = _mixed(train, seen), _mixed(test, unseen)
    named = [i for i, one in enumerate(train.columns) if one.kind not in RANGED]
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=15, categorical_features=named, random_state=0
    ).fit(mixed, wins)
    said = (linear.predict_proba(cold), trees.predict_proba(other), bayes.predict_proba(unseen))
    return {name: one[:, 1].tolist() for name, one in zip(NAMES, said, strict=True)}


def _codes(train: Column, test: Column) -> tuple[Any, Any]:
    """The bin or value of every row as a number; 0 for the rare, 1 for the unknown."""
    np, _ = libraries()
    if train.kind in RANGED:
        known = [value for value in train.values if isinstance(value, (int, float))]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if known else np.array([])
        return tuple(  # type: ignore[return-value]
            np.array([_bin(np, edges, value) for value in one.values], dtype=int) for one in (train, test)
        )
    common = Counter(value for value in train.values if value is not None and value is not UNSEEN).most_common(200)
    often = [value for value, n in common if n >= RARE]
    place: dict[Any, int] = {value: index for index, value in enumerate(often, 2)} | {None: 1}
    return tuple(  # type: ignore[return-value]
        np.array([place.get(value, 0) for value in one.values], dtype=int) for one in (train, test)
    )


def _bin(np: Any, edges: Any, value: Any) -> int:
    return int(np.searchsorted(edges, value, side="right")) + 2 if isinstance(value, (int, float)) else 1


def _mixed(table: Table, codes: Any) -> Any:
    """Numbers as they are, categories by their code."""
    np, _ = libraries()
    columns: list[Sequence[float]] = []
    for index, one in enumerate(table.columns):
        if one.kind in RANGED:
            columns.append([float(v) if isinstance(v, (int, float)) else float("nan") for v in one.values])
        else:
            columns.append(codes[:, index].astype(float))
    return np.column_stack(columns)
