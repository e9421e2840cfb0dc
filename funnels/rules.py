"""What a move may be, and how long is too long. Pure."""

from datetime import datetime

OPEN = "open"
# causes of rows that lead back: the move before them is as if it had never been
CORRECTIONS = frozenset({"undo", "reopened", "win_undone", "recycling_undone", "reject_undone"})


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


# --- Changing the floor plan ------------------------------------------------------------------------

# What a stage may ask for before somebody enters it, and what people call it.
DEAL_FIELDS: dict[str, str] = {
    "amount": "amount",
    "expected_close": "expected close date",
    "budget": "budget",
    "authority": "authority",
    "need": "need",
    "timeline": "timeline",
    "next_step": "next step",
    "company": "company",
    "products": "products",
}
LEAD_FIELDS: dict[str, str] = {
    "email": "e-mail",
    "phone": "phone",
    "job_title": "job title",
    "persona": "persona",
    "country": "country",
    "company": "company",
    "source": "source",
}
# Stages that a lead is put into by its path, not by a person: without them nobody could come in or back.
FIXED = frozenset({("marketing", "awareness"), ("marketing", "interest")})


def requirable(funnel_kind: str) -> dict[str, str]:
    """The fields that a stage of such a funnel may ask for."""
    return DEAL_FIELDS if funnel_kind == "sales" else LEAD_FIELDS


def removal_refusal(*, funnel: str, key: str, kind: str, open_left: int) -> str:
    """Why a stage may not go out of use, for people; '' when it may. ``open_left``: open stages left without it."""
    if kind != OPEN:
        return "The ends of a funnel stay: without them nothing could be won, lost or handed off."
    if (funnel, key) in FIXED:
        return "New and recycled leads start here: this stage stays."
    if open_left < 1:
        return "A funnel needs at least one open stage."
    return ""


def shifted(keys: list[int], key: int, by: int) -> list[int]:
    """``keys`` with one of them moved up (-1) or down (+1); unchanged at the edges."""
    at = keys.index(key)
    to = min(max(at + by, 0), len(keys) - 1)
    rest = [one for one in keys if one != key]
    return [*rest[:to], key, *rest[to:]]
