"""The leads list's filters as they stand in its address, and the rows they keep."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict

from core.errors import Refused
from core.rules import whole_read
from leads.compiler import condition_q
from leads.conditions import condition_check
from leads.models import Lead, Segment, Standing
from leads.selectors.search import people_search

SORTS = {
    "-score": "Highest score",
    "score": "Lowest score",
    "-created": "Newest",
    "created": "Oldest",
    "-active": "Last active",
    "active": "Longest quiet",
}
COLUMNS = {"score": "score", "created": "lead__created_at", "active": "last_active__at"}
NAMES = (
    *("q", "stage", "owner", "source", "tag", "score_min", "score_max", "grade", "created", "active"),
    *("has_email", "company", "segment", "condition"),
)


@dataclass
class LeadFilter:
    """What the address asks for. ``problems`` are values nobody can use: the list is empty then, never wider."""

    values: dict[str, str] = field(default_factory=dict)
    sort: str = "-score"
    segment: Segment | None = None
    problems: list[str] = field(default_factory=list)

    def without(self, *names: str) -> "LeadFilter":
        kept = {name: value for name, value in self.values.items() if name not in names}
        return LeadFilter(kept, self.sort, None if "segment" in names else self.segment)

    def query(self, **more: str) -> str:
        """The address' query string, in one fixed order."""
        pairs = {**self.values, **({"sort": self.sort} if self.sort != "-score" else {}), **more}
        return urlencode({name: value for name, value in pairs.items() if value})

    @property
    def column(self) -> str:
        name = COLUMNS[self.sort.removeprefix("-")]
        return f"-{name}" if self.sort.startswith("-") else name


def filter_read(data: Mapping[str, str] | str, user: Any) -> LeadFilter:
    """The filters of a query string or of ``request.GET``. Unknown names are ignored, bad values are ``problems``."""
    if isinstance(data, str):
        data = QueryDict(data)
    values = {name: text for name in NAMES if (text := str(data.get(name, "")).strip())}
    found = LeadFilter(values)
    sort = str(data.get("sort", "") or "-score")
    found.sort = sort if sort in SORTS else "-score"
    if "segment" in values:
        found.segment = _segment(values["segment"], user)
        if found.segment is None:
            found.problems.append("This segment does not exist, or is somebody else's.")
    return found


def _segment(text: str, user: Any) -> Segment | None:
    visible = segments_visible(user)
    return visible.filter(pk=whole_read(text) or 0).first()


def segments_visible(user: Any) -> QuerySet[Segment]:
    """The person's own segments and those that others share."""
    return Segment.objects.filter(Q(owner=user) | Q(shared=True)).select_related("owner")


def filter_apply(found: LeadFilter, user: Any, now: datetime) -> QuerySet[Standing]:
    """The standings that ``user`` may see and the filters keep. Adds to ``found.problems`` what cannot be used."""
    rows = Standing.objects.visible_to(user)
    kept = _conditions(found.values, user, now, found.problems)
    if found.segment is not None:
        kept &= segment_q(found.segment, user, now, found.problems)
    return rows.none() if found.problems else rows.filter(kept)


def segment_q(segment: Segment, user: Any, now: datetime, problems: list[str]) -> Q:
    """A segment's saved filters and condition, for the person who looks ("mine" is theirs)."""
    saved = QueryDict(segment.query)
    values = {name: text for name in NAMES if name != "segment" and (text := str(saved.get(name, "")).strip())}
    kept = _conditions(values, user, now, problems)
    return kept & condition_q(segment.condition, now=now, root="standing")


def _conditions(values: Mapping[str, str], user: Any, now: datetime, problems: list[str]) -> Q:
    kept = Q()
    for name, text in values.items():
        rule = RULES.get(name)
        if rule is None:
            continue
        try:
            kept &= rule(text, user, now)
        except (ValueError, KeyError, RecursionError):
            problems.append(f"The filter {name.replace('_', ' ')} cannot be “{text[:60]}”.")
        except Refused as refusal:
            problems.append(f"{refusal.field or name}: {refusal.message}")
    return kept


def _whole(text: str, least: int = 0) -> int:
    number = int(text) if text.lstrip("-").isascii() and len(text) < 12 else None
    if number is None or not least <= number < 2**31:
        raise ValueError(text)
    return number


def _owner(text: str, user: Any, now: datetime) -> Q:
    if text == "none":
        return Q(owner__isnull=True)
    return Q(owner=user if text == "me" else _whole(text))


def _stage(text: str, user: Any, now: datetime) -> Q:
    if text.isdigit():
        return Q(stage=_whole(text))
    return Q(stage__key=text) & ~Q(stage__funnel__kind="sales")


def _since(column: str) -> Callable[[str, Any, datetime], Q]:
    return lambda text, user, now: Q(**{f"{column}__gte": now - timedelta(days=min(_whole(text, 1), 36500))})


def _has_email(text: str, user: Any, now: datetime) -> Q:
    return Q(lead__email_key__isnull={"1": False, "0": True}[text])


def _tag(text: str, user: Any, now: datetime) -> Q:
    return Q(lead__in=Lead.tags.through.objects.filter(tag=_whole(text)).values("lead"))


def _condition(text: str, user: Any, now: datetime) -> Q:
    return condition_q(condition_check(json.loads(text)), now=now, root="standing")


RULES: dict[str, Callable[[str, Any, datetime], Q]] = {
    "q": lambda text, user, now: Q(lead__in=people_search(text)),
    "stage": _stage,
    "owner": _owner,
    "source": lambda text, user, now: Q(source=text.replace("\x00", "")),
    "tag": _tag,
    "score_min": lambda text, user, now: Q(score__gte=max(_whole(text, -32768), -32768)),
    "score_max": lambda text, user, now: Q(score__lte=min(_whole(text, -32768), 32767)),
    "grade": lambda text, user, now: Q(grade__startswith=text[:2].upper().replace("\x00", "")),
    "created": _since("lead__created_at"),
    "active": _since("last_active__at"),
    "has_email": _has_email,
    "company": lambda text, user, now: Q(lead__company=_whole(text)),
    "condition": _condition,
}
