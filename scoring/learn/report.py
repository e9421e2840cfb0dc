"""Evaluations and cards as plain text, for the command line and the desk. Pure."""

from scoring.learn.card import Card, curve_at, rules_of
from scoring.learn.evaluate import OURS, Evaluation
from scoring.learn.measure import Estimate, Measures
from scoring.learn.table import Table


def evaluation_lines(found: Evaluation) -> list[str]:
    """The measures of the card and the baselines, each with its 95 % interval, then the card's tenths."""
    ours = found.measures[OURS]
    lines = [
        f"{found.how}; {ours.n:,} rows, {ours.wins:,} converted ({_percent(ours.wins / ours.n)}). 95 % intervals.",
        "",
        f"{'':22}{'AUC':26}{'Brier':26}{'top fifth converted':28}worst tenth off by",
        *(_measures_line(name, one) for name, one in found.measures.items()),
    ]
    if found.gains:
        lines += ["", "AUC of the scorecard beside"]
        lines += [f"  {name:20}{_signed(gain)}" for name, gain in found.gains.items()]
    lines += [
        "",
        "Calibration of the scorecard, in tenths by rising chance:",
        "  said     came     95 %            rows",
    ]
    lines += [
        f"  {_percent(one.said):9}{_percent(one.came.value):9}"
        f"{_percent(one.came.low)} to {_percent(one.came.high):9}{one.n:,}"
        for one in ours.tenths
    ]
    return lines


def _measures_line(name: str, one: Measures) -> str:
    return (
        f"{name:22}{_plain(one.auc):26}{_plain(one.brier):26}"
        f"{_shares(one.top_fifth):28}{100 * one.worst_tenth:.1f} points"
    )


def _plain(one: Estimate) -> str:
    return f"{one.value:.4f} ({one.low:.4f}-{one.high:.4f})"


def _signed(one: Estimate) -> str:
    return f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"


def _shares(one: Estimate) -> str:
    return f"{_percent(one.value)} ({_percent(one.low)}-{_percent(one.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def input_lines(table: Table, look: list[str]) -> list[str]:
    """What is learned from, what was left out and why."""
    lines = [f"Inputs: {', '.join(one.name for one in table.columns)}."]
    lines += [f"Left out: {name}: {why}." for name, why in table.left_out.items()]
    return lines + [f"Look at: {one}" for one in look]


def card_lines(card: Card) -> list[str]:
    """The card as points with their evidence, and what share converts at which score."""
    lines = [f"{'points':>6}  {'95 %':>14}  {'leads':>6}  {'won':>6}  rule"]
    for one in rules_of(card):
        seen = one.evidence
        between = f"{seen['low']:.0f} to {seen['high']:.0f}"
        lines.append(f"{one.points:+6d}  {between:>14}  {seen['n']:6,}  {_percent(seen['rate']):>6}  {one.name}")
    lines += ["", "score   converts"]
    return lines + [f"{points:5d}   {_percent(curve_at(card.curve, points))}" for points in range(0, 101, 10)]
