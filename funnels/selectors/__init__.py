"""Reading the floor plan and the ledger. One module a subject; import from here."""

from funnels.selectors.chain import Break, chain_breaks
from funnels.selectors.plan import (
    histories,
    history,
    pipelines,
    placed_by_hand,
    stage_at,
    stage_get,
    stage_of_kind,
    stages_all,
)

__all__ = [
    "Break",
    "chain_breaks",
    "histories",
    "history",
    "pipelines",
    "placed_by_hand",
    "stage_at",
    "stage_get",
    "stage_of_kind",
    "stages_all",
]
