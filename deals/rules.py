"""What a deal needs before it may stand somewhere, and what the clocks say about it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from funnels.rules import DEAL_FIELDS

OPEN, WON, LOST = "open", "won", "lost"
REJECTED = "rejected_by_sales"
LARGEST_AMOUNT = Decimal("999999999999.99")

# What a stage may ask for (Stage.required), and what people call it.
FIELD_LABELS = DEAL_FIELDS
TEXT_LIMITS: dict[str, int] = {
    "name": 160,
    "budget": 300,
    "authority": 300,
    "need": 300,
    "timeline": 300,
    "next_step": 200,
    "objection": 300,
}


def missing_fields(required: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Names of the required fields that are empty. Zero is a value; a name nobody knows is never missing."""
    return [name for name in required if name in FIELD_LABELS and values.get(name) in (None, "", [], ())]


def labels(names: Sequence[str]) -> list[str]:
    return [FIELD_LABELS.get(name, name) for name in names]


def move_refusal(*, from_kind: str, to_kind: str, waiting: bool) -> str:
    """Why a deal may not be moved so, for people; '' when it may. ``waiting``: its handoff is not answered yet."""
    if waiting:
        return "Accept the handoff first; then the deal can move."
    if from_kind != OPEN:
        return "The deal is closed. Reopen it first."
    if to_kind == WON:
        return "Winning asks for the amount: use Win."
    if to_kind == LOST:
        return "Losing asks for the reason: use Lose."
    return ""


def close_refusal(*, from_kind: str, waiting: bool) -> str:
    """Why a deal may not be won or lost now; '' when it may."""
    if waiting:
        return "Accept or reject the handoff first; then the deal can be closed."
    if from_kind != OPEN:
        return "The deal is closed already. Reopen it first."
    return ""


def amount_refusal(amount: Decimal | None) -> str:
    """Why this is no amount of money; '' when it is (or is empty)."""
    if amount is None:
        return ""
    if not amount.is_finite() or amount < 0:
        return "An amount cannot be negative."
    if amount > LARGEST_AMOUNT:
        return "An amount can have at most 12 digits before the point."
    if amount != amount.quantize(Decimal("0.01")):
        return "An amount has at most two decimals."
    return ""


def deal_name(company: str, person: str) -> str:
    """'Company – Person', or the one that is known, within the column's 160 characters."""
    return " – ".join(part for part in (company.strip()[:90], person.strip()) if part)[:160] or "Deal"


def weighted(amount: Decimal, probability: int) -> Decimal:
    """An amount times its stage's chance (percent), to the cent."""
    return (amount * probability / 100).quantize(Decimal("0.01"))


def days_between(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / 86400


def close_level(expected: date | None, today: date) -> str:
    """'late' once the expected close date has passed."""
    return "late" if expected is not None and expected < today else ""
