"""Writing deals. One module a subject; import from here."""

from deals.services.closing import deal_lose, deal_reopen, deal_undo, deal_win
from deals.services.deals import (
    deal_assign,
    deal_create,
    deal_move_with,
    deal_products_set,
    deal_update,
    deals_rewritten,
)
from deals.services.handoffs import (
    deals_close_for_rejected,
    deals_follow_handoffs,
    deals_note_accepted,
    deals_note_touch,
    deals_open_for_handoffs,
)
from deals.services.moves import deal_move
from deals.services.products import product_save
from deals.services.seeds import seed
from deals.services.tasks import task_create, task_done, task_snooze, task_undo
from deals.services.undone import deals_undo_accepted, deals_undo_rejected

__all__ = [
    "deal_assign",
    "deal_create",
    "deal_lose",
    "deal_move",
    "deal_move_with",
    "deal_products_set",
    "deal_reopen",
    "deal_undo",
    "deal_update",
    "deal_win",
    "deals_close_for_rejected",
    "deals_follow_handoffs",
    "deals_note_accepted",
    "deals_note_touch",
    "deals_open_for_handoffs",
    "deals_rewritten",
    "deals_undo_accepted",
    "deals_undo_rejected",
    "product_save",
    "seed",
    "task_create",
    "task_done",
    "task_snooze",
    "task_undo",
]
