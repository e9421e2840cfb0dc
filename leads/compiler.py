"""A condition as one query. The same compiler answers for a million leads and for one."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IExact,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
)

from leads.conditions import fact_get
from leads.lookups import CustomKnown, CustomNumber, CustomText, certainly
from leads.models import Activity, Lead
from leads.querysets import LeadQuerySet

_NUMBER = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
_GAPS = ("company__", "last_active__")  # joins to a row that a lead may lack
_POSITIVE = {"is_not": "is", "not_in": "in", "!=": "="}


def condition_q(condition: dict[str, Any], *, now: datetime, root: str = "lead") -> Q:
    """The condition (already checked) as a Q over ``Lead``, or over ``Standing`` with ``root='standing'``.

    Bots' activities never count as deeds.
    """
    return _node(condition, now, root) if condition else Q()


def _path(path: str, root: str) -> str:
    if root == "lead":
        return path
    return path.removeprefix("standing__") if path.startswith("standing__") else f"lead__{path}"


def _node(node: dict[str, Any], now: datetime, root: str) -> Q:
    if "all" in node:
        found = Q()
        for part in node["all"]:
            found &= _node(part, now, root)
        return found
    if "any" in node:
        return _any(node["any"], now, root)
    if "not" in node:
        return ~_node(node["not"], now, root)
    if "did" in node:
        return _did(node, now)
    return _fact(node, now, root)


def _any(parts: list[dict[str, Any]], now: datetime, root: str) -> Q:
    """One of the parts. Words that one text may contain are asked for together."""
    words: dict[str, list[str]] = {}
    found: list[Q] = []
    for part in parts:
        fact = fact_get(part["fact"]) if part.get("op") == "contains" else None
        if fact is not None and fact.type == "text" and part["fact"] != "lead.tag":
            words.setdefault(_path(fact.path, root), []).append(part["value"])
        else:
            found.append(_node(part, now, root))
    found += [_sure(path, Q(**{f"{path}__icontains_any": some})) for path, some in words.items()]
    return reduce(or_, found)


def _did(node: dict[str, Any], now: datetime) -> Q:
    rows: Any = Activity.objects.filter(lead=OuterRef("pk"), kind=node["did"]).exclude(bot=Activity.Bot.BOT)
    if node.get("within_days"):
        rows = rows.filter(at__gte=now - timedelta(days=node["within_days"]))
    times = node.get("times", 1)
    if times > 1:
        rows = rows.values("lead").annotate(times=Count("pk")).filter(times__gte=times)
    return Q(Exists(rows))


def _fact(node: dict[str, Any], now: datetime, root: str) -> Q:
    fact = fact_get(node["fact"])
    assert fact is not None  # condition_check ran when it was saved
    value: Any = node.get("value")
    path, op = _path(fact.path, root), node["op"]
    if node["fact"] == "lead.tag":
        # through the join table, so that two tag conditions do not ask one row to be both
        return _tag(op, value)
    if fact.type == "custom":
        return _custom(path, op, value)
    if op in ("empty", "not_empty"):
        known = Q(**{f"{path}__isnull": False})
        known = _sure(path, known if fact.type == "number" else known & ~Q(**{path: ""}))
        return known if op == "not_empty" else ~known
    if fact.type == "days":
        edge = now - timedelta(days=float(value))
        return _sure(path, Q(**{f"{path}__lte": edge}) if op == ">=" else Q(**{f"{path}__gte": edge}))
    positive = _POSITIVE.get(op, op)
    found = _sure(path, _compare(path, positive, value, exact="exact" if fact.type == "bool" else "iexact"))
    return found if positive == op else ~found


def _sure(path: str, found: Q) -> Q:
    """True or false also of a lead without a company, or that never did anything, wherever in a condition it stands.

    Django minds such gaps where it makes a negation, but by what it knows of the join then; a part beside it may
    still change that. All other facts are there for everybody, and keep their indexes.
    """
    return Q(certainly(found)) if any(gap in path for gap in _GAPS) else found


def _custom(path: str, op: str, value: Any) -> Q:
    column, _, key = path.rpartition("custom__")
    column += "custom"
    if op in ("empty", "not_empty"):
        known = Q(CustomKnown(column, key))
        return known if op == "not_empty" else ~known
    positive = _POSITIVE.get(op, op)
    if positive in _NUMBER or positive in ("=", "between"):
        found = _numbers(CustomNumber(column, key), positive, value)
    else:
        found = _texts(CustomText(column, key), positive, value)
    return found if positive == op else ~found


def _numbers(number: CustomNumber, op: str, value: Any) -> Q:
    if op == "between":
        return Q(certainly(GreaterThanOrEqual(number, value[0]))) & Q(certainly(LessThanOrEqual(number, value[1])))
    lookups = {">=": GreaterThanOrEqual, "<=": LessThanOrEqual, ">": GreaterThan, "<": LessThan, "=": Exact}
    return Q(certainly(lookups[op](number, value)))


def _texts(text: CustomText, op: str, value: Any) -> Q:
    if op == "in":
        among = Q()
        for one in value:
            among |= Q(certainly(IExact(text, one)))
        return among
    lookups = {"is": IExact, "contains": IContains, "starts_with": IStartsWith}
    return Q(certainly(lookups[op](text, value)))


def _compare(path: str, op: str, value: Any, *, exact: str) -> Q:
    """For what says what something is, never what it is not."""
    # Django drops a comparison that every number in the column's range passes ("employees >= -3"): without this the
    # unknown would pass it too.
    known = Q(**{f"{path}__isnull": False})
    if op in _NUMBER:
        return known & Q(**{f"{path}__{_NUMBER[op]}": value})
    if op in ("between", "="):  # a whole number is never 7.5, though Django would round that
        low, high = value if op == "between" else (value, value)
        return known & Q(**{f"{path}__gte": low, f"{path}__lte": high})
    if op == "is":
        return Q(**{f"{path}__{exact}": value})
    if op == "in":
        among = Q()
        for one in value:
            among |= Q(**{f"{path}__{exact}": one})
        return among
    return Q(**{f"{path}__{'icontains' if op == 'contains' else 'istartswith'}": value})


def _tag(op: str, value: Any) -> Q:
    links = Lead.tags.through.objects.filter(lead=OuterRef("pk"))
    if op in ("empty", "not_empty"):
        found = Q(Exists(links))
        return found if op == "not_empty" else ~found
    positive = _POSITIVE.get(op, op)
    found = Q(Exists(links.filter(_compare("tag__name", positive, value, exact="iexact"))))
    return found if positive == op else ~found


def leads_matching(condition: dict[str, Any], *, now: datetime, within: QuerySet[Lead] | None = None) -> Any:
    """The leads for whom the condition holds."""
    base: LeadQuerySet[Lead] | QuerySet[Lead] = Lead.objects.all() if within is None else within
    return base.filter(condition_q(condition, now=now))
