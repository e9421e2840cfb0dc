"""Writing the ledger and the floor plan. One module a subject; import from here."""

from funnels.services.journey import journey_chain, journey_move, journey_start, journeys_advance
from funnels.services.plan import (
    funnel_rename,
    pipeline_add,
    pipeline_make_default,
    seed,
    stage_activate,
    stage_add,
    stage_deactivate,
    stage_save,
    stage_shift,
    traveller_models,
)

__all__ = [
    "funnel_rename",
    "journey_chain",
    "journey_move",
    "journey_start",
    "journeys_advance",
    "pipeline_add",
    "pipeline_make_default",
    "seed",
    "stage_activate",
    "stage_add",
    "stage_deactivate",
    "stage_save",
    "stage_shift",
    "traveller_models",
]
