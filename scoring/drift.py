"""Whether scores still lie, and chances still mean, what they did when the model was activated. Pure."""

from collections.abc import Sequence
from math import log

from scoring.learn.measure import Estimate, wilson

MOVED = 0.2  # PSI above which a population is taken to have changed
LEAST_LEADS = 200  # fewer in either, and chance alone moves the index
LEAST_OUTCOMES, FAR = 100, 0.05
BANDS = 11  # 0-9, 10-19 ... 90-99, 100 and more


def bands_of(counted: dict[int, int]) -> list[int]:
    """Score -> how many leads, as how many in each band."""
    out = [0] * BANDS
    for score, n in counted.items():
        out[min(max(score, 0) // 10, BANDS - 1)] += n
    return out


def psi(then: Sequence[int], now: Sequence[int]) -> float | None:
    """The population stability index: the sum over bands of (now - then) * ln(now / then), in shares; below 0.1 is
    stable, above 0.2 to 0.25 moved. From N. Siddiqi, Credit Risk Scorecards (Wiley 2006), on monitoring; it is the
    symmetrised Kullback-Leibler divergence (B. Yurdakul, Statistical Properties of Population Stability Index,
    Western Michigan University 2018).

    Each band has half a lead more, so that an empty one is not infinitely far. None when there are too few leads.
    """
    if min(sum(then), sum(now)) < LEAST_LEADS:
        return None
    total = 0.0
    for before, after in zip(then, now, strict=True):
        a = (before + 0.5) / (sum(then) + len(then) / 2)
        b = (after + 0.5) / (sum(now) + len(now) / 2)
        total += (b - a) * log(b / a)
    return total


def calibration(said: Sequence[float], came: Sequence[bool]) -> tuple[float, Estimate, bool] | None:
    """(mean chance that was said, share that came with its interval, whether they are apart beyond chance and by more
    than 5 points); None below a hundred outcomes."""
    if len(said) < LEAST_OUTCOMES:
        return None
    mean, share = sum(said) / len(said), wilson(sum(came), len(came))
    return mean, share, abs(mean - share.value) > FAR and not share.low <= mean <= share.high
