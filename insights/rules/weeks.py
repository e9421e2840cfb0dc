"""ISO weeks in a zone: from Monday 00:00 to Monday 00:00 on the wall there. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from insights.rules.periods import Period
from team.rules import day_start

NAME = re.compile(r"(\d{4})-W(\d{2})\Z", re.ASCII)
YEARS = range(1990, 2200)
WEEK = timedelta(days=7)
UTC_ZONE = ZoneInfo("UTC")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the day begins in the zone; where midnight is skipped, the moment of the skip."""
    return day_start(datetime.combine(day, time(12), zone), zone.key)


def monday_of(moment: datetime, zone: ZoneInfo) -> date:
    """The Monday of the week in which a moment lies, in the zone."""
    day = moment.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def monday_on(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def week_name(monday: date) -> str:
    """2026-W47."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"


def week_parse(text: str) -> date | None:
    """The Monday of '2026-W47'; None for what names no week."""
    match = NAME.match(text)
    if not match or int(match[1]) not in YEARS:
        return None
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None


@dataclass(frozen=True)
class Weeks(Period):
    """Whole weeks as a period of the dashboards: ``first`` is a Monday, ``last`` a Sunday, both in ``zone``."""

    zone: ZoneInfo = UTC_ZONE

    @classmethod
    def of(cls, monday: date, zone: ZoneInfo, count: int = 1) -> "Weeks":
        """``count`` weeks from ``monday`` on."""
        return cls("custom", monday, monday + WEEK * count - timedelta(days=1), zone)

    @property
    def start(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.last + timedelta(days=1), self.zone)

    @property
    def mondays(self) -> list[date]:
        return [self.first + WEEK * index for index in range(self.days // 7)]

    def monday_at(self, moment: datetime) -> date:
        return monday_of(moment, self.zone)


def weeks_back(now: datetime, zone: ZoneInfo, count: int, until: date | None = None) -> Weeks:
    """The ``count`` weeks that end with the week of ``now`` (or with that of ``until``)."""
    last = monday_on(until) if until else monday_of(now, zone)
    return Weeks.of(last - WEEK * (count - 1), zone, count)


def monday_mail_at(monday: date, zone: ZoneInfo, hour: int = 9) -> datetime:
    """09:00 on that Monday, on the wall of the zone."""
    return datetime.combine(monday, time(hour), zone).astimezone(UTC)
