"""Days of work as people say them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from team.rules.calendar import Calendar, zone_get

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
