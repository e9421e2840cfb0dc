"""Reading scores and models. One module a subject; import from here."""

from scoring.selectors.cards import active_model, card_of, model_rules
from scoring.selectors.compute import Basis, basis_of, scores_compute
from scoring.selectors.doctor import score_mismatches
from scoring.selectors.explain import deeds_said, score_explain
from scoring.selectors.history import score_history

__all__ = [
    "Basis",
    "active_model",
    "basis_of",
    "card_of",
    "deeds_said",
    "model_rules",
    "score_explain",
    "score_history",
    "score_mismatches",
    "scores_compute",
]
