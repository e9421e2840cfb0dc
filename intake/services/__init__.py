"""Bringing files in. Import from here."""

from intake.services.engine import run_execute, runs_drain
from intake.services.runs import run_cancel, run_check, run_create, run_delete, run_map, run_start

__all__ = [
    "run_cancel",
    "run_check",
    "run_create",
    "run_delete",
    "run_execute",
    "run_map",
    "run_start",
    "runs_drain",
]
