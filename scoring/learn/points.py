"""Weights as whole points. Most leads lie between 0 and 100, so that the points are as fine as they can be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scoring.learn.groups import Evidence, Trait
from scoring.learn.regression import Coded, Fit, libraries

ENDS = (0.005, 0.995)  # of the leads that were learned from; beyond, the score stays at 0 or 100
MOST = 100  # points of one rule


def pointed(facts: Sequence[Coded], fit: Fit, design: Any) -> tuple[list[Trait], float, float]:
    """The traits with points; the points of one log-odds; and the log-odds of somebody with 0 points."""
    np, _ = libraries()
    odds = design @ fit.weights + fit.intercept
    low, high = (float(one) for one in np.quantile(odds, ENDS))
    spans = fit.spans(facts)
    widest = max(float(np.ptp(np.append(fit.weights[span], 0))) for _, span in spans)
    scale = min(100 / max(high - low, 1e-9), MOST / max(widest, 1e-9))
    bases = _bases(spans, fit, low)
    traits = [_with_points(one.trait, fit, span, base, scale) for (one, span), base in zip(spans, bases, strict=True)]
    offset = fit.intercept + sum(
        float(fit.weights[span][base]) for (_, span), base in zip(spans, bases, strict=True) if base >= 0
    )
    # whole points lean a little to one side or the other: the curve must speak of the same scores
    lost = np.zeros(len(odds))
    for (one, _), trait in zip(spans, traits, strict=True):
        lost += np.array([*(group.points for group in trait.groups), 0])[one.codes]
    offset -= float(np.mean(lost / scale - (odds - offset)))
    return [trait for trait in traits if any(group.points for group in trait.groups)], scale, offset


def _bases(spans: Sequence[tuple[Coded, slice]], fit: Fit, low: float) -> list[int]:
    """The group of each fact that gives 0 points: the weakest, or (as far as nobody much falls below 0) the most
    common one. A pair has none: what it does not name gives nothing."""
    bases = [-1 if one.trait.parts else int(fit.weights[span].argmin()) for one, span in spans]
    left = low - fit.intercept
    left -= sum(float(fit.weights[span][base]) for (_, span), base in zip(spans, bases, strict=True) if base >= 0)
    for index, (one, span) in enumerate(spans):
        if one.trait.parts:
            continue
        weights = fit.weights[span] - fit.weights[span][bases[index]]
        common = sorted(range(len(weights)), key=lambda i: -one.trait.groups[i].evidence.n)
        taken = next((i for i in common if 0 < weights[i] <= left), None)
        if taken is not None:
            left -= float(weights[taken])
            bases[index] = taken
    return bases


def _with_points(trait: Trait, fit: Fit, span: slice, base: int, scale: float) -> Trait:
    weights, sure = fit.weights[span], fit.covariance[span, span]
    groups = []
    for index, group in enumerate(trait.groups):
        weight, spread = float(weights[index]), float(sure[index, index])
        if base >= 0:
            weight -= float(weights[base])
            spread += float(sure[base, base] - 2 * sure[index, base])
        half = 1.96 * max(spread, 0.0) ** 0.5 if index != base else 0.0
        seen = Evidence(group.evidence.n, group.evidence.wins, weight, weight - half, weight + half)
        groups.append(replace(group, points=round(weight * scale), evidence=seen))
    return replace(trait, groups=tuple(groups))
