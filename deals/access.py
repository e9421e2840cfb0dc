"""Who sees what a deal is worth, and who may work on it."""

from typing import Any


def sees_prices(user: Any) -> bool:
    """Amounts, sums and product prices are for reps, managers and admins. Somebody who is only a marketer sees
    which deals there are and how they went, but not what they are worth."""
    return bool(user.has_role("rep", "manager"))


def works_deals(user: Any) -> bool:
    """May move, close and write deals at all; which ones is ``Deal.objects.editable_by``."""
    return bool(user.has_role("rep", "manager"))
