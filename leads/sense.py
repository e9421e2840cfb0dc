"""Does a condition make sense: can it ever hold, does it always. Pure."""

from typing import Any


def facts_of(node: Any) -> set[str]:
    """Every fact that a condition asks for."""
    if isinstance(node, list):
        return set().union(*(facts_of(one) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if "fact" in node:
        return {str(node["fact"])}
    return set().union(*(facts_of(value) for value in node.values())) if node else set()


def contradiction(node: dict[str, Any]) -> str:
    """Why the condition can never hold, for people; '' when it can (as far as can be seen)."""
    if "not" in node:
        return "This can never hold." if not node["not"] or always(node["not"]) else ""
    parts = _flat(node) if "all" in node else node.get("any") or []
    inner = [clash for part in parts if (clash := contradiction(part))]
    if inner and ("all" in node or len(inner) == len(parts)):
        return inner[0]
    return _clash(parts) if "all" in node else ""


def _clash(parts: list[dict[str, Any]]) -> str:
    """Why these cannot hold together."""
    facts: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        if part.get("not") in parts:
            return "One part is the opposite of another: this can never hold."
        if "fact" in part:
            facts.setdefault(part["fact"], []).append(part)
    if _deeds_clash(parts):
        return "It cannot have been done and not been done: this can never hold."
    clashes = (_numbers_clash(asked) or _texts_clash(asked) for asked in facts.values())
    return next(filter(None, clashes), "")


def _deeds_clash(parts: list[dict[str, Any]]) -> bool:
    """Whether something must have been done that must not have been done so often, or at all."""
    denied = [part["not"] for part in parts if "did" in part.get("not", {})]
    return any(_implies(part, other) for part in parts if "did" in part for other in denied)


def _implies(part: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether who did the one has done the other."""
    if part["did"] != other["did"] or part.get("times", 1) < other.get("times", 1):
        return False
    within = other.get("within_days")
    return within is None or part.get("within_days", within + 1) <= within


def always(node: dict[str, Any]) -> bool:
    """True when the condition holds for everybody (as far as can be seen)."""
    if "not" in node:
        return bool(node["not"]) and bool(contradiction(node["not"]))
    if "all" in node:
        return all(always(part) for part in node["all"])
    parts = node.get("any") or []
    return any(always(part) or part.get("not") in parts or _opposite(part) in parts for part in parts)


def _flat(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts that must all hold, those of an inner 'all' too."""
    return [one for part in node["all"] for one in (_flat(part) if "all" in part else [part])]


OPPOSITES = {"is": "is_not", "in": "not_in", "=": "!=", "empty": "not_empty"}
OPPOSITES |= {right: left for left, right in OPPOSITES.items()}


def _opposite(part: dict[str, Any]) -> dict[str, Any] | None:
    """The same asked the other way round."""
    if isinstance(part.get("value"), bool):
        return part | {"value": not part["value"]}
    op = OPPOSITES.get(str(part.get("op")))
    return part | {"op": op} if op else None


def _numbers_clash(asked: list[dict[str, Any]]) -> str:
    """``lows``, ``highs``: each bound, and whether the number itself is in. Of two equal ones the narrower counts."""
    lows, highs = [(float("-inf"), False)], [(float("inf"), True)]
    for part in asked:
        value: Any = part.get("value")
        op = part.get("op")
        if op == "between" and value:
            lows.append((value[0], False))
            highs.append((value[1], True))
        elif _number(value):
            lows += [(value, op == ">")] if op in (">=", ">", "=") else []
            highs += [(value, op != "<")] if op in ("<=", "<", "=") else []
    (low, above), (high, within) = max(lows), min(highs)
    barred = [part.get("value") for part in asked if part.get("op") == "!="]
    if low > high or (low == high and (above or not within or low in barred)):
        return f"No number is at least {low:g} and at most {high:g} at once: this can never hold."
    return ""


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _texts_clash(asked: list[dict[str, Any]]) -> str:
    ops = {part.get("op") for part in asked}
    if asked[0].get("fact") == "lead.tag":  # a lead has many tags
        return ""
    if "empty" in ops and ops - {"empty", "is_not", "not_in", "!="}:
        return "It cannot be empty and something at once."
    flags = {part["value"] for part in asked if isinstance(part.get("value"), bool)}
    allowed = _allowed(asked)
    return "It cannot be two different values at once." if len(flags) > 1 or allowed == set() else ""


def _allowed(asked: list[dict[str, Any]]) -> set[str] | None:
    """Which values are left, in small letters; None when the parts name none."""
    allowed: set[str] | None = None
    for part in asked:
        if part.get("op") in ("is", "in") and not isinstance(part["value"], bool):
            these = _words(part)
            allowed = these if allowed is None else allowed & these
    if allowed is None:
        return None
    for part in asked:
        allowed = {word for word in allowed if _may_be(word, part)}
    return allowed


def _may_be(word: str, part: dict[str, Any]) -> bool:
    """Whether a value can be this one as far as that part goes."""
    if part.get("op") in ("is_not", "not_in"):
        return word not in _words(part)
    if part.get("op") == "contains":
        return str(part["value"]).lower() in word
    return part.get("op") != "starts_with" or word.startswith(str(part["value"]).lower())


def _words(part: dict[str, Any]) -> set[str]:
    value = part["value"]
    return {str(one).lower() for one in (value if isinstance(value, list) else [value])}
