"""Conditions that no lead can meet, as far as a look at the facts tells. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

_MANY = {"lead.tag"}  # a lead has several, so two demands may both hold
_LOW, _HIGH = float("-inf"), float("inf")


def contradiction(condition: Any) -> str:
    """The fact that this condition asks two things of which exclude each other; '' when none does.

    It looks at what must hold together (``all``, also nested); of ``any`` every branch must be impossible.
    """
    facts = defaultdict(list)
    for part in _together(condition or {}):
        if "any" in part:
            found = [contradiction(one) for one in part["any"]]
            if found and all(found):
                return found[0]
        elif "fact" in part and part["fact"] not in _MANY:
            facts[str(part["fact"])].append((part["op"], part.get("value")))
    return next((name for name, asked in facts.items() if _impossible(asked)), "")


def _together(condition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "all" not in condition:
        yield condition
        return
    for part in condition["all"]:
        yield from _together(part)


def _impossible(asked: list[tuple[str, Any]]) -> bool:
    ops = {op for op, _ in asked}
    if "empty" in ops and ops - {"empty", "is_not", "not_in", "!="}:
        return True
    return _no_value(asked) or _no_number(asked)


def _key(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _no_value(asked: list[tuple[str, Any]]) -> bool:
    """Of the values that one demand allows, the others leave none."""
    allowed: set[Any] | None = None
    barred: set[Any] = set()
    for op, value in asked:
        values = {_key(one) for one in (value if isinstance(value, list) else [value])}
        if op in ("is", "in", "="):
            allowed = values if allowed is None else allowed & values
        elif op in ("is_not", "not_in", "!="):
            barred |= values
    return allowed is not None and not allowed - barred


def _no_number(asked: list[tuple[str, Any]]) -> bool:
    """The bounds leave no number between them."""
    lows, highs = [(_LOW, False)], [(_HIGH, False)]
    for op, value in asked:
        if op == "between":
            lows.append((value[0], False))
            highs.append((value[1], False))
        elif isinstance(value, int | float):
            if op in (">=", ">", "="):
                lows.append((value, op == ">"))
            if op in ("<=", "<", "="):
                highs.append((value, op == "<"))
    low, without_low = max(lows)
    high, without_high = min((top, not without) for top, without in highs)
    return low > high or (low == high and (without_low or not without_high))
