"""What a move may be, and how long is too long. Pure."""

from datetime import datetime

OPEN = "open"


def move_refusal(*, same_stage: bool, from_funnel: str, to_funnel: str, to_active: bool, missing: list[str]) -> str:
    """Why this move may not be, for people; '' when it may.

    ``missing`` are the labels of required fields that are empty.
    """
    if same_stage:
        return "It is already in this stage."
    if not to_active:
        return "This stage is no longer used."
    if from_funnel == "sales" and to_funnel != "sales":
        return "A deal stays in the sales funnel."
    if to_funnel == "sales" and from_funnel != "sales":
        return "Only deals move through the sales funnel."
    if missing:
        return "Fill in first: " + ", ".join(missing) + "."
    return ""


def seconds_between(since: datetime, at: datetime) -> int:
    """Whole seconds in a stage. Raises ValueError when the move would lie before the one before it."""
    seconds = int((at - since).total_seconds())
    if at < since:
        raise ValueError("a move cannot lie before the move before it")
    return seconds


def stall_level(days: float, expected_days: int) -> str:
    """'' while in time, 'amber' from the expected days, 'red' from one and a half times."""
    if expected_days <= 0 or days < expected_days:
        return ""
    return "red" if days >= 1.5 * expected_days else "amber"
