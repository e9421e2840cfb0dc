"""A person's working calendar: exact in every zone, on both edges of summer time, without holidays and leave."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from team.models import CompanyDay, TimeOff, User, office_hours
from team.rules import (
    AROUND_THE_CLOCK,
    Calendar,
    ClosedDays,
    countries,
    country_check,
    holidays_of,
    regions,
    spans_join,
)
from team.selectors import calendars_of
from tests.team.calendars import MINUTE, clock_changes, walked, working_weeks

ZONES = sorted(available_timezones())
YEARS = (date.today().year, date.today().year + 1)
# around a change of the clock: from the evening before it to the day after, an hour and a half of it skipped or twice
ROUND_THE_CLOCK_CHANGE = {str(day): [["00:15", "02:30"], ["03:10", "23:50"]] for day in range(7)}


def rings(zone: str) -> list[datetime]:
    return [at for year in YEARS for at in clock_changes(zone, year)]


def holds(calendar: Calendar, start: datetime, minutes: int) -> None:
    """Everything a deadline must be, measured by walking there."""
    due = calendar.due_at(start, minutes)
    walk = walked(calendar, start, due)
    assert len(walk) == minutes, (calendar, start, due)
    assert due - MINUTE in walk, "the last minute of the deadline is worked"
    assert calendar.worked_between(start, due) == minutes
    assert calendar.next_opening(start) == min(walk)
    assert calendar.is_working(start) == (start in walk)


def test_every_zone_at_each_of_its_clock_changes() -> None:
    """Of this year and the next; the deadline's own walk is the measure. Zones that tick alike are walked once."""
    seen = set()
    for zone in ZONES:
        changes = tuple(rings(zone)) or (datetime(YEARS[0], 3, 29, 1, tzinfo=UTC),)
        for change in changes:
            offset = (change - MINUTE).astimezone(ZoneInfo(zone)).utcoffset()
            if (change, offset, key := change.astimezone(ZoneInfo(zone)).utcoffset()) in seen:
                continue
            seen.add((change, offset, key))
            start = change - timedelta(hours=5)
            holiday = frozenset({(change + timedelta(days=1)).astimezone(ZoneInfo(zone)).date()})
            leave = ((change + timedelta(minutes=40), change + timedelta(minutes=95)),)
            holds(Calendar(ROUND_THE_CLOCK_CHANGE, zone, holiday, leave), start, 640)
    assert len(seen) > 30


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(ZONES), working_weeks(), st.integers(-2880, 600), st.integers(1, 900))
def test_any_week_around_a_clock_change_with_holidays_and_leave(
    data: Any, zone: str, week: dict[str, Any], offset: int, minutes: int
) -> None:
    changes = rings(zone) or [datetime(YEARS[0], 6, 1, tzinfo=UTC)]
    change = data.draw(st.sampled_from(changes))
    start = change + timedelta(minutes=offset)
    days = data.draw(st.sets(st.integers(-2, 4), max_size=3))
    closed = frozenset((change + timedelta(days=day)).astimezone(ZoneInfo(zone)).date() for day in days)
    pairs = st.tuples(st.integers(-2000, 4000), st.integers(1, 1500))
    leave = [
        (change + timedelta(minutes=begin), change + timedelta(minutes=begin + length))
        for begin, length in data.draw(st.lists(pairs, max_size=3))
    ]
    calendar = Calendar(week, zone, closed, spans_join(leave))
    if calendar.due_at(start, minutes) - start < timedelta(days=7):
        holds(calendar, start, minutes)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),
    st.integers(1, 43_200),
    st.integers(0, 10_000),
)
def test_deadlines_add_up_and_never_run_backwards(zone: str, naive: datetime, minutes: int, later: int) -> None:
    calendar = Calendar(office_hours(), zone, ClosedDays("DE", "BE"))
    start = naive.replace(tzinfo=UTC)
    due = calendar.due_at(start, minutes)
    assert calendar.worked_between(start, due) == minutes
    assert calendar.due_at(calendar.due_at(start, minutes / 2), minutes / 2) == due
    assert calendar.due_at(start + timedelta(minutes=later), minutes) >= due, "who comes later is due later"
    assert calendar.due_at(start, minutes * 0.75) <= due, "the warning is not after the deadline"
    assert calendar.worked_between(due, start) == 0
    assert AROUND_THE_CLOCK.due_at(start, minutes) == start + timedelta(minutes=minutes)


def naive_due(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """The usual mistake: minutes added to what the wall clock shows, a minute at a time."""
    wall = start.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None)
    while minutes:
        shown = f"{wall:%H:%M}"
        minutes -= any(opens <= shown < closes for opens, closes in calendar.hours.get(str(wall.weekday()), []))
        wall += MINUTE
    return wall.replace(tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)


def test_the_measure_finds_the_usual_mistake() -> None:
    """Adding minutes to the wall clock is right on an ordinary day and wrong on a day of 23 or 25 hours."""
    week = {str(day): [["00:00", "24:00"]] for day in range(7)}
    berlin = Calendar(week, "Europe/Berlin")
    ordinary = datetime(2026, 7, 1, 20, tzinfo=UTC)
    assert naive_due(berlin, ordinary, 600) == berlin.due_at(ordinary, 600)
    spring, autumn = datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)
    for start in (spring, autumn):
        wrong = naive_due(berlin, start, 600)
        assert abs(wrong - berlin.due_at(start, 600)) == timedelta(hours=1)
        assert len(walked(berlin, start, wrong)) != 600
        holds(berlin, start, 600)


def test_in_words() -> None:
    """Friday 17:28 in Berlin, five minutes: two are left of the day, three of Monday. On Whit Monday: Tuesday."""
    berlin = Calendar(office_hours(), "Europe/Berlin", ClosedDays("DE", "BE"))

    def due(text: str) -> str:
        start = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        return berlin.due_at(start, 5).astimezone(ZoneInfo("Europe/Berlin")).strftime("%a %d %b %H:%M")

    assert due("2026-11-27 17:28") == "Mon 30 Nov 09:03"
    assert due("2026-05-22 17:28") == "Tue 26 May 09:03"
    assert due("2026-12-24 17:29") == "Mon 28 Dec 09:04"  # Christmas on Friday and Saturday
    assert due("2026-11-27 17:25") == "Fri 27 Nov 17:30"  # the last minute of the day is a minute


def test_leave_counts_by_the_minute_and_without_hours_too() -> None:
    noon = datetime(2026, 6, 3, 12, tzinfo=UTC)
    leave = ((noon, noon + timedelta(hours=2)),)
    calendar = Calendar({}, "UTC", frozenset({date(2026, 6, 4)}), leave)
    assert calendar.is_off(noon) and not calendar.is_off(noon - MINUTE) and not calendar.is_off(leave[0][1])
    assert not calendar.is_working(noon) and calendar.next_opening(noon) == leave[0][1]
    assert calendar.due_at(noon - timedelta(minutes=10), 15) == leave[0][1] + timedelta(minutes=5)
    assert calendar.due_at(noon, 11 * 60) == datetime(2026, 6, 5, 1, tzinfo=UTC)
    assert calendar.is_closed(datetime(2026, 6, 4, 5, tzinfo=UTC)) and not calendar.is_closed(noon)


def test_the_longest_response_time_is_exact_at_an_hour_a_week() -> None:
    calendar = Calendar({"2": [["10:00", "11:00"]]}, "America/New_York")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert calendar.worked_between(start, calendar.due_at(start, 43_200)) == 43_200


def test_every_country_and_region_has_its_holidays() -> None:
    assert len(countries()) > 200 and countries()["DE"] == "Germany" and regions("DE")["BE"] == "Berlin"
    for country in countries():
        assert all(name for name in holidays_of(country, "", 2026).values())
    womens_day = date(2026, 3, 8)
    assert womens_day in holidays_of("DE", "BE", 2026) and womens_day not in holidays_of("DE", "BY", 2026)
    assert holidays_of("XX", "", 2026) == {} == holidays_of("DE", "CA", 2026)
    assert date(2027, 12, 31) in ClosedDays("US"), "observed on a Friday, in the year before"
    for country, region, field in (("XX", "", "country"), ("DE", "CA", "region"), ("", "BE", "region")):
        with pytest.raises(Refused) as refused:
            country_check(country, region)
        assert refused.value.field == field


@pytest.mark.django_db
def test_calendars_of_many_in_two_statements(django_assert_num_queries: Any) -> None:
    """Sixty people of two places, one of them on leave: three calendars, and no query more than for one."""
    now = datetime(2026, 5, 20, 9, tzinfo=UTC)
    people = User.objects.bulk_create(
        User(email=f"p{number}@test.example", name="P", time_zone="Europe/Berlin", country="DE", region=region)
        for number, region in enumerate(["BE", "BY"] * 30)
    )
    for begin in (0, 24):
        start = now + timedelta(hours=begin)
        TimeOff.objects.create(user=people[0], starts_at=start, ends_at=start + timedelta(days=1))
    TimeOff.objects.create(user=people[1], starts_at=now - timedelta(days=3), ends_at=now)
    CompanyDay.objects.create(day=date(2026, 5, 22), name="Summer outing")
    for some in (people, people[:1]):
        with django_assert_num_queries(2):
            found = calendars_of(some, since=now)
        assert found[people[0].pk].off == ((now, now + timedelta(days=2)),)
    found = calendars_of(people, since=now)
    assert len(set(found.values())) == 3
    munich, berlin = found[people[1].pk], found[people[2].pk]
    assert not munich.off, "what is over is over"
    thursday = datetime(2026, 6, 4, 9, tzinfo=UTC)  # Corpus Christi, a holiday in Bavaria
    assert berlin.is_working(thursday) and not munich.is_working(thursday)
    assert not berlin.is_working(datetime(2026, 5, 22, 9, tzinfo=UTC)), "the company's own day off"
    with django_assert_num_queries(0):
        berlin.due_at(now, 40_000)
