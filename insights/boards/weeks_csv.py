"""The contract's weeks as a table for a spreadsheet, a row a week."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from insights.boards.contract import Line, week_lines
from insights.boards.links import WeekLinks
from insights.metrics import contract as metric
from insights.metrics.scope import Scope
from insights.rules.weeks import week_name

HEAD = [
    *("week", "from", "to", "over", "handoffs of"),
    *("mqls", "mqls again", "mqls promised", "mqls verdict"),
    *("accepted", "rejected", "accepted % promised", "accepted verdict"),
    *("assigned", "answered", "answered in time", "judged", "in time % promised", "in time verdict"),
    *("median seconds", "90 % within seconds", "past a deadline, no answer"),
    *("attempts made", "judged by attempts", "enough attempts"),
    *("attempts promised", "within working days", "attempts verdict"),
]


def weeks_rows(scope: Scope, terms: metric.TermsOf, who: str) -> Iterator[list[Any]]:
    """The head and the weeks of ``scope.period``, the oldest first. Shares are left to the spreadsheet: what they are
    of stands beside."""
    yield HEAD
    for one in week_lines(scope, metric.record(scope, terms), terms, WeekLinks({})):
        yield _row(one, who)


def _row(one: Line, who: str) -> list[Any]:
    cell, terms, spread = one.cell, one.terms, one.cell.spread
    return [
        *(week_name(one.monday), one.monday, one.monday + timedelta(days=6), one.over, who),
        *(cell.mqls, cell.again, terms.mqls, one.mqls.verdict.said),
        *(cell.accepted, cell.rejects.total(), terms.accept_share, one.accepted.verdict.said),
        *(cell.assigned, cell.answered, cell.in_time, cell.judged, terms.answer_share, one.answered.verdict.said),
        *(spread.median, spread.p90, cell.never),
        *(cell.tries, cell.tried, cell.tried_enough),
        *(terms.attempts, terms.attempt_days if terms.attempts else 0, one.attempts.verdict.said),
    ]
