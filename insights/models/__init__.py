"""Rollups: numbers that are kept so that a page need not count a million rows. Always equal to recomputation.

*Facts* are what is counted of one person: ``Journey`` and ``Reached`` the fold of their ledger (``rules.path.fold``),
``DealFact``, ``OpenFact`` and ``HandoffFact`` their closed deals, their open deals and their handoffs. *Sums* add
facts up over blocks of days (``rules.blocks``), for everybody together and for each owner. A person is a lead (its
id) or a deal that has no lead (minus its id). Nothing outside insights reads or writes these tables; ``manage.py
rollup --rebuild`` makes them anew from the ledger at any time. Money is kept in whole cents, so that both databases
add it exactly. What marketing and sales promise and decide is kept here too (``models.contract``).
"""

from insights.models.contract import AlignmentMail, Contract, ContractWeek, Decision, Promise, StaffingRun
from insights.models.facts import DealFact, HandoffFact, Journey, OpenFact, Reached
from insights.models.state import RollupState, Stale
from insights.models.sums import (
    EVERYBODY,
    AnswerCount,
    DayCount,
    DaySpan,
    DealCount,
    OpenCount,
    ScoreCount,
    VerdictCount,
)

__all__ = [
    "EVERYBODY",
    "AlignmentMail",
    "AnswerCount",
    "Contract",
    "ContractWeek",
    "DayCount",
    "DaySpan",
    "DealCount",
    "DealFact",
    "Decision",
    "HandoffFact",
    "Journey",
    "OpenCount",
    "OpenFact",
    "Promise",
    "Reached",
    "RollupState",
    "ScoreCount",
    "StaffingRun",
    "Stale",
    "VerdictCount",
]
