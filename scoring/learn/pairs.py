"""Two facts that tell more together than each alone: a few cells of the two, each a rule that can still be read."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from scoring.learn.groups import Evidence, Group, Trait
from scoring.learn.merge import parts_alike
from scoring.learn.regression import Coded, design_of, libraries, regress
from scoring.learn.table import Kind

MOST_PAIRS, AMONG = 2, 6  # so many pairs, out of the strongest facts
GAIN = 8.0  # by how much chance must be beaten (chi-square beside what so many cells give by chance)
SURE, ALIKE = 2.5, 2.0  # standard errors from nothing, and between two groups of cells
MOST_CELLS = 4  # in one rule


def pairs_find(facts: Sequence[Coded], wins: Sequence[bool], strength: float, min_count: int) -> list[Coded]:
    """The pairs worth having, as facts of their own whose groups are cells; most often one or none."""
    np, _ = libraries()
    design = design_of(facts)
    fit = regress(design, wins, strength, sure=False)
    chance = 1 / (1 + np.exp(-(design @ fit.weights + fit.intercept)))
    missed, room = np.array(wins) - chance, chance * (1 - chance)
    spread = [(float(np.std(design[:, span] @ fit.weights[span])), one) for one, span in fit.spans(facts)]
    strongest = [one for _, one in sorted(spread, key=lambda pair: -pair[0])[:AMONG]]
    found = []
    for left, right in combinations(strongest, 2):
        cells = _cells(left, right)
        n, off, most = (np.bincount(cells, weights=one) for one in (None, missed, room))
        enough = n >= min_count
        gain = float((off[enough] ** 2 / most[enough]).sum() - 2 * enough.sum())
        if gain > GAIN:
            sure = enough & (abs(off) >= SURE * np.maximum(most, 1e-9) ** 0.5)
            found.append((gain, left, right, cells, np.flatnonzero(sure)))
    found.sort(key=lambda one: -one[0])
    made = [_pair(facts, wins, strength, *one[1:]) for one in found[:MOST_PAIRS]]
    return [one for one in made if one is not None]


def _cells(left: Coded, right: Coded) -> Any:
    """One number a cell; rows that are in no group of either fact are cell 0."""
    return (left.codes + 1) * (len(right.trait.groups) + 1) + right.codes + 1


def _pair(
    facts: Sequence[Coded], wins: Sequence[bool], strength: float, left: Coded, right: Coded, cells: Any, told: Any
) -> Coded | None:
    """The cells that differ from what both facts alone say, those alike put together; None when none does."""
    np, _ = libraries()
    came, wide = np.array(wins), len(right.trait.groups) + 1
    groups, kept = [], []
    for cell in map(int, told):
        a, b = divmod(cell, wide)
        if a and b:
            rows = cells == cell
            seen = Evidence(int(rows.sum()), int(came[rows].sum()))
            groups.append(Group(values=(f"{a - 1}-{b - 1}",), evidence=seen))
            kept.append(cell)
    if not groups:
        return None
    name = f"{left.trait.name} with {right.trait.name}"
    one = Coded(Trait(name, "", Kind.PAIR, tuple(groups), (left.trait, right.trait)), _codes(cells, kept))
    fit = regress(design_of([*facts, one]), wins, strength)
    span = fit.spans([*facts, one])[-1][1]
    parts = parts_alike(one.trait, fit.weights[span], fit.covariance[span, span], ALIKE)
    return one.merged([part[i : i + MOST_CELLS] for part in parts for i in range(0, len(part), MOST_CELLS)])


def _codes(cells: Any, kept: Sequence[int]) -> Any:
    np, _ = libraries()
    codes = np.full(len(cells), -1)
    for index, cell in enumerate(kept):
        codes[cells == cell] = index
    return codes
