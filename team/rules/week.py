"""Days of work as people say them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from team.rules.calendar import Calendar, day_start, zone_get

MIDNIGHT = time()


@dataclass(frozen=True)
class Day:
    """One day: ``words`` are its hours, or why there are none (then ``off``)."""

    day: date
    words: str
    off: bool
    today: bool


def week_of(calendar: Calendar, now: datetime, names: Mapping[date, str], first: date | None = None) -> list[Day]:
    """Seven days from ``first`` on (None: today) as they will be; ``names`` of the days that are closed.

    Times are shown by the person's own clock.
    """
    zone = zone_get(calendar.zone)
    today = now.astimezone(zone).date()
    first = first or today
    last = first + timedelta(days=6)
    found: dict[date, list[str]] = {}
    for opens, closes in calendar.spans(datetime.combine(first, MIDNIGHT, zone)):
        day = opens.astimezone(zone).date()
        if day > last:
            break
        found.setdefault(day, []).append(f"{_shown(opens, zone)}–{_shown(closes, zone, ends=True)}")
    days = [first + timedelta(days=offset) for offset in range(7)]
    return [_day(calendar, day, found.get(day), names, today) for day in days]


def _shown(moment: datetime, zone: ZoneInfo, *, ends: bool = False) -> str:
    text = f"{moment.astimezone(zone):%H:%M}"
    return "24:00" if ends and text == "00:00" else text


def _day(calendar: Calendar, day: date, spans: list[str] | None, names: Mapping[date, str], today: date) -> Day:
    if spans:
        return Day(day, ", ".join(spans), False, day == today)
    if day in calendar.closed:
        words = names.get(day, "Holiday")
    else:
        works = bool(calendar.hours.get(str(day.weekday()))) or not any(calendar.hours.values())
        words = "Time off" if works else "Not a working day"
    return Day(day, words, True, day == today)


def now_said(calendar: Calendar, now: datetime) -> str:
    """'At work until 17:30.' or 'Next at work on Monday 30 November at 09:00.', by the person's own clock."""
    zone = zone_get(calendar.zone)
    first = next(calendar.spans(now), None)
    if first is None:
        return "Never at work."
    opens, closes = first
    if opens <= now:
        if not any(calendar.hours.values()):
            return "At work now; without hours, at any time."
        return f"At work until {_shown(closes, zone, ends=True)}."
    at = opens.astimezone(zone)
    if at.date() == now.astimezone(zone).date():
        return f"Next at work today at {at:%H:%M}."
    return f"Next at work on {at:%A} {at.day} {at:%B} at {at:%H:%M}."


def days_counted(calendar: Calendar, start: datetime, end: datetime, names: Mapping[date, str]) -> list[Day]:
    """Each day from ``start`` to ``end`` with the minutes of work that it gave: how a deadline comes about."""
    zone = zone_get(calendar.zone)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    found: dict[date, list[str]] = {}
    for opens, closes in calendar.spans(start):
        if opens >= end:
            break
        for day, begins, ends in _by_day(opens, min(closes, end), zone):
            minutes = (ends - begins) / timedelta(minutes=1)
            span = f"{_shown(begins, zone)}–{_shown(ends, zone, ends=True)}"
            found.setdefault(day, []).append(f"{span} ({minutes:g} min)")
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [_day(calendar, day, found.get(day), names, today=first) for day in days]


def _by_day(opens: datetime, closes: datetime, zone: ZoneInfo) -> Iterator[tuple[date, datetime, datetime]]:
    """A span cut where the local day ends."""
    while opens < closes:
        day = opens.astimezone(zone).date()
        midnight = day_start(datetime.combine(day + timedelta(days=1), time(12), zone), zone.key)
        ends = min(closes, midnight)
        yield day, opens, ends
        opens = ends
