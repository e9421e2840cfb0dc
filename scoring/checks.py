"""What is wrong with a rule before it is saved. Pure."""

from typing import Any

from core.errors import Refused
from core.rules import name_read
from leads.rules import KIND_PATTERN
from leads.sense import always, contradiction, facts_of
from scoring.rules import DAILY, EACH, ENGAGEMENT, FIT, NEGATIVE

# A score that asks for itself, or for the stage it moves, would never settle. Conditions cannot name a segment, so no
# cycle can go through one.
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
    if not name_read(name):
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
    if always(condition):
        raise Refused("This always holds: it would give the points to everybody.", field="condition")


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


def changes_with_time(node: Any) -> bool:
    """True when a condition may turn without anything happening: it asks for an age or a span of days."""
    if isinstance(node, list):
        return any(changes_with_time(one) for one in node)
    if not isinstance(node, dict):
        return False
    if "within_days" in node or str(node.get("fact", "")).endswith("_days"):
        return True
    return any(changes_with_time(value) for value in node.values())
