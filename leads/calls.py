"""How long a call took: whole minutes in ``Activity.properties["minutes"]`` of a call. Pure."""

from datetime import timedelta
from typing import Any

from core.errors import Refused

LONGEST = 480


def call_checked(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    """``properties`` with the ``minutes`` of a call as a whole number, and without them when nobody said.

    Raises Refused for a call of no minutes or more than ``LONGEST``. What else has minutes is left as it is.
    """
    if kind != "call" or "minutes" not in properties:
        return properties
    said = properties["minutes"]
    if said in (None, ""):
        return {name: value for name, value in properties.items() if name != "minutes"}
    whole = int(said) if str(said).strip().isdecimal() and len(str(said)) < 9 else 0
    if not 1 <= whole <= LONGEST:
        raise Refused(f"A call takes 1 to {LONGEST} whole minutes.", field="minutes")
    return {**properties, "minutes": whole}


def length_of(kind: str, properties: Any) -> timedelta:
    """How long a call took, as far as was said; nothing for all else, also for what somebody else wrote there."""
    said = properties.get("minutes") if kind == "call" and isinstance(properties, dict) else None
    return timedelta(minutes=said) if isinstance(said, int) and 1 <= said <= LONGEST else timedelta()
