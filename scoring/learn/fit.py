"""Fitting a scorecard: fine groups, one regularised regression, groups that do not differ put together, points.

Needs scikit-learn (the extra ``ml``). One thread: the data are small, and others work on the machine too.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import Refused
from scoring.learn.bins import trait_fine
from scoring.learn.card import MOST_RULES, Card, bounds_of, curve_of
from scoring.learn.merge import parts_alike, parts_neutral
from scoring.learn.pairs import pairs_find
from scoring.learn.points import pointed
from scoring.learn.regression import Coded, coded, design_of, folds_of, one_thread, regress, strength_best
from scoring.learn.table import Kind, Table

DIFFERS = (0.4, 0.7, 1.0, 1.4, 1.8, 2.3, 3.0, 4.0)  # standard errors between two groups that stay apart
LEAST_ROWS, LEAST_EACH = 200, 50


def enough_check(wins: Sequence[bool]) -> None:
    """Raises Refused when there are too few outcomes to learn from."""
    won, lost = sum(wins), len(wins) - sum(wins)
    if len(wins) < LEAST_ROWS or min(won, lost) < LEAST_EACH:
        raise Refused(
            f"Too few closed outcomes to learn from: {won} converted and {lost} did not. It takes {LEAST_ROWS}, "
            f"with {LEAST_EACH} of each; fewer would make rules out of chance."
        )


def min_count_for(rows: int) -> int:
    """The least rows that a group may rest on."""
    return max(20, min(200, rows // 250))


def card_learn(table: Table, *, seed: int = 0) -> Card:
    """The scorecard of these rows. Raises Refused when they are too few or tell nothing, or without the library."""
    enough_check(table.wins)
    least = min_count_for(len(table))
    found = [trait_fine(column, table.wins, least) for column in table.columns]
    facts = coded([trait for trait in found if trait is not None], table)
    if not facts:
        raise Refused("None of the inputs has two groups with enough rows: there is nothing to learn from.")
    with one_thread():
        folds = folds_of(table.wins, seed)
        strength = strength_best(design_of(facts), table.wins, folds[:3])
        facts = _merged(facts, table, strength)
        if not facts:
            raise Refused("No fact tells those who convert from the others: nothing was learned.")
        design = design_of(facts)
        fit = regress(design, table.wins, strength)
        traits, scale, offset = pointed(facts, fit, design)
        # the share at each score comes from scores that each row got by the other folds: honest about its own fit
        scores = [0.0] * len(table)
        for train, test in folds:
            part = regress(design[train], [table.wins[i] for i in train], strength, sure=False)
            for i, odds in zip(test, design[test] @ part.weights + part.intercept, strict=True):
                scores[i] = min(100.0, max(0.0, (float(odds) - offset) * scale))
    return Card(
        traits=tuple(traits),
        curve=curve_of(scores, table.wins),
        n=len(table),
        wins=sum(table.wins),
        scale=scale,
        left_out=table.left_out,
        bounds=bounds_of(scores),
    )


def _merged(facts: list[Coded], table: Table, strength: float) -> list[Coded]:
    """Groups that do not differ are put together, more so until the rules fit into a model; with the pairs of facts
    that tell more together than each alone."""
    fit = regress(design_of(facts), table.wins, strength)
    for differs in DIFFERS:
        kept = [
            one.merged(parts_alike(one.trait, fit.weights[span], fit.covariance[span, span], differs))
            for one, span in fit.spans(facts)
        ]
        kept = [one for one in kept if len(one.trait.groups) > 1]
        if not kept:
            return []
        again = regress(design_of(kept), table.wins, strength, sure=False)
        kept = [_with_rare(one, again.weights[span]) for one, span in again.spans(kept)]
        kept = [one for one in kept if len(one.trait.groups) > 1]
        if not kept:
            return []
        if sum(len(one.trait.groups) - 1 for one in kept) > MOST_RULES:
            continue
        kept += pairs_find(kept, table.wins, strength, min_count_for(len(table)))
        if sum(len(one.trait.groups) - (not one.trait.parts) for one in kept) <= MOST_RULES:
            return kept
    raise Refused(f"More than {MOST_RULES} rules would be needed: exclude some inputs.")


def _with_rare(one: Coded, weights: Sequence[float]) -> Coded:
    """What was rare with the neutral group; and a value that everybody had when learning: who is without it later
    goes there too."""
    parts, at = parts_neutral(one.trait, weights)
    made = one.merged(parts)
    groups = made.trait.groups
    if made.trait.kind not in (Kind.NUMBER, Kind.KNOWN) or any(group.unknown for group in groups):
        return made
    groups = (*groups[:at], replace(groups[at], unknown=True), *groups[at + 1 :])
    return Coded(replace(made.trait, groups=groups), made.codes)
