"""Reading deals. One module a subject; import from here."""

from deals.selectors.board import BOARD_CARDS, Board, board, board_column
from deals.selectors.listing import deal_rows, deals_list, owners
from deals.selectors.page import deal_page, lost_reasons
from deals.selectors.queue import StalledDeal, TaskDue, deals_stalled, tasks_due

__all__ = [
    "BOARD_CARDS",
    "Board",
    "StalledDeal",
    "TaskDue",
    "board",
    "board_column",
    "deal_page",
    "deal_rows",
    "deals_list",
    "deals_stalled",
    "lost_reasons",
    "owners",
    "tasks_due",
]
