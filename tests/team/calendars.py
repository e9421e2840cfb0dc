"""What the working calendar is measured against: weeks drawn at random, and a walk from minute to minute."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from team.rules import Calendar

MINUTE = timedelta(minutes=1)


def clock_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def working_weeks(draw: Any) -> dict[str, list[list[str]]]:
    week: dict[str, list[list[str]]] = {}
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 96).map(lambda quarter: quarter * 15), min_size=2, max_size=4)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        week[str(day)] = [[clock_text(start), clock_text(end)] for start, end in pairs]
    return week


def walked(calendar: Calendar, start: datetime, end: datetime) -> set[datetime]:
    """Every UTC minute of work from ``start`` to ``end``, by looking at what the wall clock shows in each.

    A span of a local day reaches from the first minute that shows its start or later to the last one that shows
    a time before its end.
    """
    zone = ZoneInfo(calendar.zone)
    days: dict[date, list[tuple[datetime, int]]] = {}
    minute = start - timedelta(days=2)
    while minute < end + timedelta(days=2):
        wall = minute.astimezone(zone)
        days.setdefault(wall.date(), []).append((minute, wall.hour * 60 + wall.minute))
        minute += MINUTE
    out: set[datetime] = set()
    for day, minutes in days.items():
        for opens, closes in calendar.hours.get(str(day.weekday()), []) if day not in calendar.closed else []:
            first_wall, last_wall = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
            first = next((at for at, shown in minutes if shown >= first_wall), None)
            last = next((at for at, shown in reversed(minutes) if shown < last_wall), None)
            out |= {at for at, _ in minutes if first and last and first <= at <= last and start <= at < end}
    return {at for at in out if not any(since <= at < until for since, until in calendar.off)}


def clock_changes(zone: str, year: int) -> list[datetime]:
    """The first UTC minute of each other offset that the zone's clock takes in a year."""
    info, out = ZoneInfo(zone), []
    start = datetime(year, 1, 1, tzinfo=UTC)
    for day in range(366):
        low, high = start + timedelta(days=day), start + timedelta(days=day + 1)
        before = low.astimezone(info).utcoffset()
        if high.astimezone(info).utcoffset() == before:
            continue
        while high - low > MINUTE:
            middle = low + (high - low) // 2
            middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
            low, high = (middle, high) if middle.astimezone(info).utcoffset() == before else (low, middle)
        out.append(high)
    return out
