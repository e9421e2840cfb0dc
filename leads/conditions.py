"""The one condition language: segments, scoring, routing, stage entry and SLA policies all speak it.

A condition is a JSON tree::

    {"all": [{"fact": "company.employees", "op": ">=", "value": 50},
             {"did": "pricing_viewed", "times": 2, "within_days": 7}]}

with ``all``, ``any``, ``not``, facts and deeds. Empty means everybody. Pure: checking it and saying it as a
sentence live here; ``leads.compiler`` turns it into one query, for many leads and for one alike.
"""

import re
from dataclasses import dataclass
from typing import Any

from core.errors import Refused
from leads.rules import ACTIVITY_KINDS, KIND_PATTERN


@dataclass(frozen=True)
class Fact:
    label: str
    type: str  # text, number, bool, days (age in days of a time)
    path: str  # from Lead


FACTS: dict[str, Fact] = {
    "lead.email": Fact("e-mail", "text", "email_key"),
    "lead.job_title": Fact("job title", "text", "job_title"),
    "lead.persona": Fact("persona", "text", "persona"),
    "lead.language": Fact("language", "text", "language"),
    "lead.country": Fact("country", "text", "country"),
    "lead.city": Fact("city", "text", "city"),
    "lead.phone": Fact("phone", "text", "phone"),
    "lead.source": Fact("first source", "text", "source"),
    "lead.campaign": Fact("first campaign", "text", "campaign"),
    "lead.tag": Fact("tag", "text", "tags__name"),
    "lead.consent_email": Fact("may be e-mailed", "bool", "consent_email"),
    "lead.age_days": Fact("days since first known", "days", "created_at"),
    "company.name": Fact("company name", "text", "company__name"),
    "company.domain": Fact("company domain", "text", "company__domain"),
    "company.industry": Fact("industry", "text", "company__industry"),
    "company.country": Fact("company country", "text", "company__country"),
    "company.employees": Fact("employees", "number", "company__employees"),
    "company.revenue": Fact("revenue a year", "number", "company__revenue"),
    "standing.stage": Fact("stage", "text", "standing__stage__key"),
    "standing.cycle": Fact("times through marketing", "number", "standing__cycle"),
    "standing.fit": Fact("fit", "number", "standing__fit"),
    "standing.engagement": Fact("engagement", "number", "standing__engagement"),
    "standing.score": Fact("score", "number", "standing__score"),
    "standing.grade": Fact("grade", "text", "standing__grade"),
    "standing.idle_days": Fact("days without activity", "days", "standing__last_active__at"),
}
OPS: dict[str, dict[str, str]] = {
    "text": {
        "is": "is",
        "is_not": "is not",
        "in": "is one of",
        "not_in": "is none of",
        "contains": "contains",
        "starts_with": "starts with",
        "empty": "is empty",
        "not_empty": "is known",
    },
    "number": {
        ">=": "is at least",
        "<=": "is at most",
        ">": "is more than",
        "<": "is less than",
        "=": "is",
        "!=": "is not",
        "between": "is between",
        "empty": "is empty",
        "not_empty": "is known",
    },
    "bool": {"is": "is"},
    "days": {">=": "is at least", "<=": "is at most"},
}
MAX_DEPTH, MAX_PARTS = 5, 60
CUSTOM = re.compile(r"custom\.[a-z0-9][a-z0-9_-]{0,59}\Z")


def fact_get(name: str) -> Fact | None:
    """The fact of that name; ``custom.<key>`` is an admin's field (read as text or number by its value)."""
    if CUSTOM.match(name):
        key = name.partition(".")[2]
        return Fact(key.replace("_", " "), "custom", f"custom__{key}")
    return FACTS.get(name)


def ops_of(fact: Fact) -> dict[str, str]:
    return {**OPS["number"], **OPS["text"]} if fact.type == "custom" else OPS[fact.type]


def condition_check(condition: Any) -> dict[str, Any]:
    """The condition, if it is one. Raises Refused naming the part that is wrong (``condition.all[1].value``)."""
    if condition in (None, "", {}):
        return {}
    count = _check(condition, "condition", 0)
    if count > MAX_PARTS:
        raise Refused(f"At most {MAX_PARTS} parts; this has {count}.", field="condition")
    kept: dict[str, Any] = condition
    return kept


def _check(node: Any, where: str, depth: int) -> int:
    if not isinstance(node, dict):
        raise Refused("A condition is an object.", field=where)
    if depth > MAX_DEPTH:
        raise Refused("Nested too deeply.", field=where)
    for word in ("all", "any"):
        if word in node:
            return _check_many(node, word, where, depth)
    if "not" in node:
        _only(node, {"not"}, where)
        return _check(node["not"], f"{where}.not", depth + 1)
    if "did" in node:
        return _check_did(node, where)
    if "fact" in node:
        return _check_fact(node, where)
    raise Refused("A condition is one of all, any, not, fact or did.", field=where)


def _only(node: dict[str, Any], allowed: set[str], where: str) -> None:
    extra = sorted(set(node) - allowed)
    if extra:
        raise Refused(f"Not part of a condition: {', '.join(map(_shown, extra))}.", field=where)


def _shown(typed: Any) -> str:
    """Something that was typed, short and so that any page can show it."""
    return str(typed)[:60].encode("utf-8", "replace").decode()


def _check_many(node: dict[str, Any], word: str, where: str, depth: int) -> int:
    _only(node, {word}, where)
    parts = node[word]
    if not isinstance(parts, list) or not parts:
        raise Refused(f"'{word}' needs at least one condition.", field=f"{where}.{word}")
    return sum(_check(part, f"{where}.{word}[{index}]", depth + 1) for index, part in enumerate(parts))


def _check_did(node: dict[str, Any], where: str) -> int:
    _only(node, {"did", "times", "within_days"}, where)
    if not isinstance(node["did"], str) or not KIND_PATTERN.match(node["did"]):
        raise Refused("Unknown kind of activity.", field=f"{where}.did")
    for name, top in (("times", 1000), ("within_days", 3650)):
        value = node.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= top:
            raise Refused(f"A whole number from 1 to {top:,}.", field=f"{where}.{name}")
    return 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15


def _check_fact(node: dict[str, Any], where: str) -> int:
    _only(node, {"fact", "op", "value"}, where)
    fact = fact_get(str(node["fact"]))
    if fact is None:
        raise Refused(f"Unknown fact: {_shown(node['fact'])}.", field=f"{where}.fact")
    op = node.get("op")
    if not isinstance(op, str) or op not in ops_of(fact):
        raise Refused(f"'{_shown(op)}' cannot be asked of {fact.label}.", field=f"{where}.op")
    if node.get("value") in ("", [], None) and op not in ("empty", "not_empty"):
        raise Refused(f"Say what {fact.label} is to be compared with.", field=f"{where}.value")
    if not _value_fits(fact.type, str(op), node.get("value")):
        raise Refused(f"This value does not fit '{ops_of(fact)[str(op)]}' of {fact.label}.", field=f"{where}.value")
    return 1


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        return False
    return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _value_fits(type_: str, op: str, value: Any) -> bool:
    if op in ("empty", "not_empty"):
        return value is None
    if op in ("in", "not_in"):
        return isinstance(value, list) and 0 < len(value) <= 200 and all(_is_text(one) for one in value)
    if op == "between":
        pair = isinstance(value, list) and len(value) == 2 and all(_is_number(one) for one in value)
        return pair and value[0] <= value[1]
    if type_ == "bool":
        return isinstance(value, bool)
    if type_ == "days":
        return _is_number(value) and 0 <= value <= 36500
    if op in (">=", "<=", ">", "<", "=", "!="):
        return _is_number(value)
    return _is_text(value)


def condition_sentence(condition: dict[str, Any]) -> str:
    """The condition as people say it: 'employees is at least 50 and viewed pricing 2 times within 7 days'."""
    return _say(condition) if condition else "everybody"


def _say(node: dict[str, Any]) -> str:
    for word, glue in (("all", " and "), ("any", " or ")):
        if word in node:
            parts = [_say(part) for part in node[word]]
            pairs = zip(parts, node[word], strict=True)
            return glue.join(f"({text})" if _mixed(part) else text for text, part in pairs)
    if "not" in node:
        return f"not ({_say(node['not'])})"
    if "did" in node:
        return _say_did(node)
    fact = fact_get(str(node.get("fact")))
    if fact is None:
        return "something unknown"
    value: Any = node.get("value")
    if fact.type == "bool":
        return fact.label if value else f"not {fact.label}"
    said = " and ".join(map(str, value)) if node["op"] == "between" else _value(value)
    return f"{fact.label} {ops_of(fact).get(node['op'], node['op'])} {said}".strip()


def _value(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _mixed(node: dict[str, Any]) -> bool:
    return any(len(node.get(word, [])) > 1 for word in ("all", "any"))


def _say_did(node: dict[str, Any]) -> str:
    label = ACTIVITY_KINDS.get(node["did"], node["did"].replace("_", " "))
    times = f" {node['times']} times" if node.get("times", 1) > 1 else ""
    within = f" within {node['within_days']} days" if node.get("within_days") else ""
    return label[0].lower() + label[1:] + times + within
