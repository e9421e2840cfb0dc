"""Periods of a dashboard: whole UTC days, both ends included."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

CHOICES = {
    "month": "This month",
    "last-month": "Last month",
    "quarter": "This quarter",
    "last-quarter": "Last quarter",
    "12-months": "12 months",
    "all": "All time",
    "custom": "Custom",
}
ALWAYS = date(1990, 1, 1)


@dataclass(frozen=True)
class Period:
    key: str
    first: date
    last: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, UTC)

    @property
    def end(self) -> datetime:
        """The first moment after the period."""
        return datetime.combine(self.last + timedelta(days=1), time.min, UTC)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period | None":
        """The period of the same length just before; none before all time."""
        if self.key == "all":
            return None
        if self.key in ("month", "last-month", "quarter", "last-quarter"):
            months = 1 if "month" in self.key else 3
            first = months_back(self.first, months)
            return Period("custom", first, min(first + timedelta(days=self.days - 1), self.first - timedelta(days=1)))
        return Period("custom", self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def label(self) -> str:
        if self.key == "all":
            return "All time"
        same = self.first.year == self.last.year
        first = f"{self.first.day} {self.first:%b}" + ("" if same else f" {self.first.year}")
        return f"{first} – {self.last.day} {self.last:%b %Y}"


def month_number(day: date | None) -> int:
    """A month as one number, counted from the year 0; 0 without a day."""
    return 0 if day is None else day.year * 12 + day.month - 1


def month_first(number: int) -> date | None:
    """The first day of a month by its number; None of 0."""
    return date(number // 12, number % 12 + 1, 1) if number else None


def months_back(day: date, months: int) -> date:
    """The first day of the month ``months`` before the month of ``day``."""
    index = month_number(day) - months
    return date(index // 12, index % 12 + 1, 1)


def period_of(key: str, today: date, first: date | None = None, last: date | None = None) -> Period:
    """The period that a choice means today. Unknown: this quarter. Custom dates in the wrong order swap."""
    month = today.replace(day=1)
    quarter = months_back(today, (today.month - 1) % 3)
    if key == "custom" and first and last:
        first, last = (min(max(day, ALWAYS), today + timedelta(days=3660)) for day in sorted((first, last)))
        return Period(key, first, last)
    ends = {
        "month": (month, today),
        "last-month": (months_back(today, 1), month - timedelta(days=1)),
        "last-quarter": (months_back(quarter, 3), quarter - timedelta(days=1)),
        "12-months": (today - timedelta(days=364), today),
        "all": (ALWAYS, today),
    }
    if key not in ends:
        return Period("quarter", quarter, today)
    return Period(key, *ends[key])
