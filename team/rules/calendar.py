"""A person's working time, exact in every IANA zone and across both edges of summer time. Pure.

``hours`` are weekday ("0" = Monday) -> spans of local time: ``{"0": [["09:00", "17:30"]]}``. A span lasts from the
first moment at which the local clock shows its start (or, when that time is skipped, the moment of the skip) to the
end of the last minute that shows a time before its end. An hour that the clock repeats within a span is worked twice.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Hours = dict[str, Any]
Span = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)
# Thirty days of work (the longest response time), kept at an hour a week, end within fourteen years.
_LOOK_AHEAD_DAYS = 15 * 366
_WHOLE_DAY = [("00:00", "24:00")]


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
    last = naive - MINUTE
    moment = last.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == last:
        return moment + MINUTE
    return _instant(naive, zone, 1)


def _wall(day: date, text: str) -> datetime:
    if text == "24:00":
        return datetime.combine(day + timedelta(days=1), time())
    return datetime.combine(day, time.fromisoformat(text))


@lru_cache(maxsize=20_000)
def _span(day: date, start: str, end: str, zone_name: str) -> Span:
    zone = zone_get(zone_name)
    return _instant(_wall(day, start), zone, 0), _closing(_wall(day, end), zone)


def day_start(moment: datetime, zone_name: str) -> datetime:
    """The moment at which the local day of ``moment`` began."""
    zone = zone_get(zone_name)
    return _instant(datetime.combine(moment.astimezone(zone).date(), time()), zone, 0)


def spans_join(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap made one."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return tuple(out)


@dataclass(frozen=True, eq=False)
class Calendar:
    """When somebody works: weekly ``hours`` in ``zone`` (none at all: round the clock), but not on a ``closed`` day
    of theirs (holidays and days off, local dates) nor in a span of time ``off`` (see ``spans_join``).

    Every moment taken or given is aware; those given are UTC. No two are equal, so that one may be a key.
    """

    hours: Hours
    zone: str = "UTC"
    closed: Container[date] = frozenset()
    off: tuple[Span, ...] = ()

    def is_working(self, at: datetime) -> bool:
        return self.next_opening(at) <= at

    def is_off(self, at: datetime) -> bool:
        """Within time off, whatever the hours."""
        return any(start <= at < end for start, end in self.off)

    def is_closed(self, at: datetime) -> bool:
        """On a holiday or a day off of the company, by the person's own date."""
        return at.astimezone(zone_get(self.zone)).date() in self.closed

    def next_opening(self, at: datetime) -> datetime:
        """The first moment of work from ``at`` on: ``at`` itself when at work. The end of the look-ahead (15 years)
        when there is none."""
        at = at.astimezone(UTC)
        first = next(self.spans(at), None)
        return first[0] if first else self._horizon(at)

    def due_at(self, start: datetime, minutes: float) -> datetime:
        """When ``minutes`` of work have passed since ``start``."""
        start = start.astimezone(UTC)
        left = timedelta(minutes=minutes)
        if self._always:
            return start + left
        for opens, closes in self.spans(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return self._horizon(start)

    def worked_between(self, start: datetime, end: datetime) -> float:
        """The minutes of work from ``start`` to ``end``; 0 when the end is not after the start."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if self._always:
            return max(0.0, (end - start) / MINUTE)
        worked = timedelta()
        for opens, closes in self.spans(start):
            if opens >= end:
                break
            worked += min(closes, end) - opens
        return worked / MINUTE

    def spans(self, since: datetime) -> Iterator[Span]:
        """Every span of work that ends after ``since``, cut to it, in order, never overlapping."""
        edge = since
        for opens, closes in self._hours_from(since):
            yield from self._less_off(max(opens, edge), closes)
            edge = max(edge, closes)

    def _hours_from(self, since: datetime) -> Iterator[Span]:
        first = since.astimezone(zone_get(self.zone)).date() - timedelta(days=1)
        for offset in range(_LOOK_AHEAD_DAYS):
            day = first + timedelta(days=offset)
            wanted = self._week[day.weekday()]
            if wanted and day not in self.closed:
                for start, end in wanted:
                    yield _span(day, start, end, self.zone)

    def _less_off(self, opens: datetime, closes: datetime) -> Iterator[Span]:
        for start, end in self.off:
            if end <= opens:
                continue
            if start >= closes:
                break
            if start > opens:
                yield opens, start
            opens = max(opens, end)
        if opens < closes:
            yield opens, closes

    @cached_property
    def _week(self) -> list[list[tuple[str, str]]]:
        if not _has_hours(self.hours):
            return [_WHOLE_DAY] * 7
        return [sorted((str(one[0]), str(one[1])) for one in self.hours.get(str(day), [])) for day in range(7)]

    @cached_property
    def _always(self) -> bool:
        return not self.off and self.closed == frozenset() and not _has_hours(self.hours)

    def _horizon(self, start: datetime) -> datetime:
        return start + timedelta(days=_LOOK_AHEAD_DAYS)


def _has_hours(hours: Hours) -> bool:
    return any(start < end for day in hours.values() for start, end in day)


AROUND_THE_CLOCK = Calendar({})
