"""Working time and deadlines, exact in every IANA zone and across both edges of summer time. Pure.

``hours`` are weekday ("0" = Monday) -> spans of local time: ``{"0": [["09:00", "17:30"]]}``. A span lasts from the
first moment at which the local clock shows its start (or, when that time is skipped, the moment of the skip) to the
end of the last minute that shows a time before its end. An hour that the clock repeats within a span is worked twice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Hours = dict[str, Any]
_LOOK_AHEAD_DAYS = 400


@lru_cache(maxsize=700)
def zone_get(name: str) -> ZoneInfo:
    """The zone, or UTC for a name that is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):
        return ZoneInfo("UTC")


def _instant(naive: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """The UTC moment at which the clock of ``zone`` shows ``naive``; the skip's moment when it never does."""
    moment = naive.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == naive:
        return moment
    low = int(naive.replace(tzinfo=zone, fold=1).timestamp())
    high = int(naive.replace(tzinfo=zone, fold=0).timestamp())
    before = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _closing(naive: datetime, zone: ZoneInfo) -> datetime:
    """The end of the last minute before ``naive``: an hour that is repeated from ``naive`` on lies outside."""
    last = naive - timedelta(minutes=1)
    moment = last.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == last:
        return moment + timedelta(minutes=1)
    return _instant(naive, zone, 1)


def _wall(day: date, text: str) -> datetime:
    if text == "24:00":
        return datetime.combine(day + timedelta(days=1), time())
    return datetime.combine(day, time.fromisoformat(text))


@lru_cache(maxsize=20_000)
def _span(day: date, start: str, end: str, zone_name: str) -> tuple[datetime, datetime]:
    zone = zone_get(zone_name)
    return _instant(_wall(day, start), zone, 0), _closing(_wall(day, end), zone)


def _spans_of(hours: Hours, day: date) -> list[tuple[str, str]]:
    return sorted((str(one[0]), str(one[1])) for one in hours.get(str(day.weekday()), []))


def _spans(hours: Hours, zone_name: str, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans of work that end after ``since``, in order, never overlapping."""
    first = since.astimezone(zone_get(zone_name)).date() - timedelta(days=1)
    edge = since
    for offset in range(_LOOK_AHEAD_DAYS):
        day = first + timedelta(days=offset)
        for start, end in _spans_of(hours, day):
            opens, closes = _span(day, start, end, zone_name)
            opens = max(opens, edge)
            if opens < closes:
                yield opens, closes
                edge = closes


def has_hours(hours: Hours) -> bool:
    return any(start < end for day in hours.values() for start, end in day)


def is_working(moment: datetime, hours: Hours, zone_name: str) -> bool:
    """Somebody without working hours is always at work."""
    return next_opening(moment, hours, zone_name) <= moment


def next_opening(moment: datetime, hours: Hours, zone_name: str) -> datetime:
    """The first moment of work from ``moment`` on; ``moment`` itself when at work, or without any working hours."""
    if not has_hours(hours):
        return moment
    return next((opens for opens, _ in _spans(hours, zone_name, moment)), moment)


def due_at(start: datetime, minutes: float, working_hours: Hours | None, zone: str) -> datetime:
    """When ``minutes`` have passed since ``start`` (aware), in UTC.

    With working hours only their time counts; None (or hours that are empty) counts around the clock.
    """
    left = timedelta(minutes=minutes)
    start = start.astimezone(UTC)
    if not working_hours or not has_hours(working_hours):
        return start + left
    for opens, closes in _spans(working_hours, zone, start):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return start + timedelta(days=_LOOK_AHEAD_DAYS)


def day_start(moment: datetime, zone_name: str) -> datetime:
    """The moment at which the local day of ``moment`` began."""
    zone = zone_get(zone_name)
    return _instant(datetime.combine(moment.astimezone(zone).date(), time()), zone, 0)


def clock_level(now: datetime, warn: datetime | None, due: datetime | None) -> str:
    """'' in time, 'warn' close to the deadline, 'late' after it."""
    if due is not None and now >= due:
        return "late"
    return "warn" if warn is not None and now >= warn else ""


def clock_percent(now: datetime, start: datetime | None, due: datetime | None) -> int:
    """How much of the time is used, 0 to 100."""
    if start is None or due is None or due <= start:
        return 100
    return int(max(0, min(100, 100 * (now - start) / (due - start))))
