"""Writing scores and models. One module a subject; import from here."""

from scoring.services.backtest import backtest_cancel, backtest_drain, backtest_execute, backtest_start
from scoring.services.drain import score_drain
from scoring.services.models import (
    model_activate,
    model_discard,
    model_draft,
    model_update,
    rule_delete,
    rule_save,
)
from scoring.services.rescore import rescore_drain, rescore_start, scores_rescore
from scoring.services.shadow import shadow_begin, shadow_end, shadow_forget
from scoring.services.starters import model_start, seed

__all__ = [
    "backtest_cancel",
    "backtest_drain",
    "backtest_execute",
    "backtest_start",
    "model_activate",
    "model_discard",
    "model_draft",
    "model_start",
    "model_update",
    "rescore_drain",
    "rescore_start",
    "rule_delete",
    "rule_save",
    "score_drain",
    "scores_rescore",
    "seed",
    "shadow_begin",
    "shadow_end",
    "shadow_forget",
]
