"""What is wrong with a rule before it is saved. Pure."""

from typing import Any

from core.errors import Refused
from leads.rules import KIND_PATTERN
from scoring.rules import DAILY, EACH, ENGAGEMENT, FIT, NEGATIVE

# A score that asks for itself, or for the stage it moves, would never settle.
CIRCULAR = {"standing.score", "standing.fit", "standing.engagement", "standing.stage", "standing.grade"}
MAX_HALF_LIFE = 365


def rule_check(
    *,
    group: str,
    name: str,
    points: int,
    condition: Any,
    kind: str,
    half_life: int,
    cap: int,
    counts: str = EACH,
    a_day: int = 1,
) -> None:
    """Raises Refused naming the field when the rule cannot be."""
    if not name.strip():
        raise Refused("Give the rule a name: it is shown as the reason.", field="name")
    if not -100 <= points <= 100 or points == 0:
        raise Refused("Points from -100 to 100, not 0.", field="points")
    if group not in (FIT, ENGAGEMENT, NEGATIVE):
        raise Refused("A rule is about fit or engagement, or it is negative.", field="group")
    if group == NEGATIVE:
        _negative_check(points, condition, kind)
    if group == ENGAGEMENT or (group == NEGATIVE and kind):
        _deeds_check(kind, half_life, cap, counts, a_day)
    else:
        _facts_check(condition)


def _negative_check(points: int, condition: Any, kind: str) -> None:
    if points > 0:
        raise Refused("A negative rule takes points: from -100 to -1.", field="points")
    if condition and kind:
        raise Refused("A rule is about facts or about an activity: not both.", field="activity_kind")
    if not condition and not kind:
        raise Refused("Say when: a condition, or an activity.", field="condition")


def _facts_check(condition: Any) -> None:
    if not condition:
        raise Refused("An empty condition would give the points to everybody.", field="condition")
    circular = sorted(facts_of(condition) & CIRCULAR)
    if circular:
        raise Refused(f"A score cannot depend on itself: {', '.join(circular)}.", field="condition")
    clash = contradiction(condition)
    if clash:
        raise Refused(clash, field="condition")


def _deeds_check(kind: str, half_life: int, cap: int, counts: str, a_day: int) -> None:
    if not KIND_PATTERN.match(kind):
        raise Refused("Choose an activity.", field="activity_kind")
    if not 1 <= half_life <= MAX_HALF_LIFE:
        raise Refused(f"From 1 to {MAX_HALF_LIFE} days.", field="half_life_days")
    if not 1 <= cap <= 1000:
        raise Refused("A cap from 1 to 1,000 points.", field="cap")
    if counts == DAILY and not 1 <= a_day <= 100:
        raise Refused("From 1 to 100 a day.", field="a_day")


def bounds_check(bounds: list[int], field: str) -> None:
    """Raises Refused unless three bounds fall: 40, 25, 10."""
    if len(bounds) != 3 or not 100 >= bounds[0] > bounds[1] > bounds[2] >= 0:
        raise Refused("Three falling numbers from 100 to 0.", field=field)


def facts_of(node: Any) -> set[str]:
    """Every fact that a condition asks for."""
    if isinstance(node, list):
        return set().union(*(facts_of(one) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if "fact" in node:
        return {str(node["fact"])}
    return set().union(*(facts_of(value) for value in node.values())) if node else set()


def changes_with_time(node: Any) -> bool:
    """True when a condition may turn without anything happening: it asks for an age or a span of days."""
    if isinstance(node, list):
        return any(changes_with_time(one) for one in node)
    if not isinstance(node, dict):
        return False
    if "within_days" in node or str(node.get("fact", "")).endswith("_days"):
        return True
    return any(changes_with_time(value) for value in node.values())


def contradiction(node: dict[str, Any]) -> str:
    """Why the condition can never hold, for people; '' when it can (as far as can be seen)."""
    parts = node.get("all") or node.get("any") or []
    inner = [clash for part in parts if (clash := contradiction(part))]
    if inner and ("all" in node or len(inner) == len(parts)):
        return inner[0]
    if "all" not in node:
        return _single(node)
    facts: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        if part.get("not") in parts:
            return "One part is the opposite of another: this can never hold."
        if "fact" in part:
            facts.setdefault(part["fact"], []).append(part)
    for asked in facts.values():
        clash = _numbers_clash(asked) or _texts_clash(asked)
        if clash:
            return clash
    return ""


def _single(node: dict[str, Any]) -> str:
    return "This can never hold." if node.get("not") == {} else ""


def _numbers_clash(asked: list[dict[str, Any]]) -> str:
    low, high, open_ = float("-inf"), float("inf"), False
    value: Any
    for part in asked:
        op, value = part.get("op"), part.get("value")
        if op == "between":
            low, high = max(low, value[0]), min(high, value[1])
        elif op in (">=", ">", "=") and _number(value) and value >= low:
            low, open_ = float(value), op == ">"
        if op in ("<=", "<", "=") and _number(value) and value <= high:
            high, open_ = float(value), open_ or op == "<"
    if low > high or (low == high and open_):
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
    allowed: set[str] | None = None
    for part in asked:
        if part.get("op") in ("is", "in"):
            value = part["value"]
            these = {str(one).lower() for one in (value if isinstance(value, list) else [value])}
            allowed = these if allowed is None else allowed & these
    for part in asked:
        if allowed is not None and part.get("op") == "is_not":
            allowed = allowed - {str(part["value"]).lower()}
    return "It cannot be two different values at once." if allowed == set() else ""
