"""Everything one lead did and every move it made, newest first."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from funnels.models import Transition
from leads import wording
from leads.models import Activity, Lead

ACTIVITY, MOVE = 0, 1
Key = tuple[datetime, int, int]


@dataclass(frozen=True)
class Event:
    """One line. ``group`` is "activity" or "move"; ``kind`` is the activity's kind or the stage's key."""

    group: str
    kind: str
    at: datetime
    title: str
    detail: str
    icon: str
    by: Any
    bot: int
    key: Key
    row: Any


@dataclass
class TimelinePage:
    events: list[Event] = field(default_factory=list)
    next: str = ""


def timeline(
    lead: Lead,
    *,
    cursor: str = "",
    size: int = 30,
    kinds: tuple[str, ...] = (),
    ledger: Iterable[Transition] | None = None,
) -> TimelinePage:
    """A page of the lead's timeline, two queries; ``next`` is the cursor of the page after it, '' at the end.

    ``kinds`` keeps only activities of these kinds and leaves the moves out. ``ledger`` is the lead's whole ledger,
    for a first page whose caller has read it already: one query then. The caller has checked that the reader may
    see the lead. An unreadable cursor gives the first page.
    """
    before = _parse(cursor)
    activities = Activity.objects.filter(lead=lead).select_related("by").order_by("-at", "-pk")
    if kinds:
        activities = activities.filter(kind__in=kinds)
    found = [_activity(row) for row in _before(activities, before, ACTIVITY)[: size + 1]]
    if ledger is not None and before is None and not kinds:
        found += [_move(row) for row in ledger]
    elif not kinds:
        moves = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=lead.pk)
        moves = moves.select_related("to_stage__funnel", "from_stage", "by").order_by("-at", "-pk")
        found += [_move(row) for row in _before(moves, before, MOVE)[: size + 1]]
    found.sort(key=lambda one: one.key, reverse=True)
    page = TimelinePage(found[:size])
    if len(found) > size:
        page.next = _cursor(page.events[-1].key)
    return page


def _before(rows: Any, before: Key | None, group: int) -> Any:
    if before is None:
        return rows
    at, their_group, pk = before
    if group < their_group:
        return rows.filter(at__lte=at)
    if group > their_group:
        return rows.filter(at__lt=at)
    return rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=pk))


def _activity(row: Activity) -> Event:
    return Event(
        group="activity",
        kind=row.kind,
        at=row.at,
        title=wording.kind_label(row.kind),
        detail=wording.properties_said(row.properties),
        icon=wording.kind_icon(row.kind),
        by=row.by,
        bot=row.bot,
        key=(row.at, ACTIVITY, row.pk),
        row=row,
    )


def _move(row: Transition) -> Event:
    why = wording.cause_said(row.cause)
    return Event(
        group="move",
        kind=row.to_stage.key,
        at=row.at,
        title=f"{row.from_stage.name} → {row.to_stage.name}" if row.from_stage else f"Entered {row.to_stage.name}",
        detail=f"{why}: {row.note}" if row.note else why,
        icon="route",
        by=row.by,
        bot=0,
        key=(row.at, MOVE, row.pk),
        row=row,
    )


def _cursor(key: Key) -> str:
    raw = json.dumps([key[0].isoformat(), key[1], key[2]], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _parse(cursor: str) -> Key | None:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, group, pk = json.loads(raw)
        moment = parse_datetime(at)
        if moment is None or moment.tzinfo is None or type(group) is not int or type(pk) is not int:
            return None
        return (moment, group, pk) if abs(pk) < 2**63 else None
    except (ValueError, TypeError, RecursionError):
        return None
