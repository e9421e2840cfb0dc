"""The two clocks: exact deadlines in every zone, warnings, escalation, another rep."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff import rules
from handoff.models import Assignment, Handoff, RoutingRule, SlaPolicy
from handoff.selectors import handoff_counts, handoff_of_lead, queue_for
from handoff.services import assign_drain, clock_drain, handoff_accept
from leads.models import Standing
from leads.services import activity_record
from team.models import Notice, User, office_hours
from tests.handoff.world import assigned, mqls, reps

ZONES = sorted(zone for zone in available_timezones() if zone[0].isupper() or "/" in zone)
EDGY = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Chatham"]
EDGY += ["America/Santiago", "Asia/Tehran", "Pacific/Apia", "Asia/Kathmandu", "Africa/Cairo", "America/Havana"]


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


def working_minutes(start: datetime, end: datetime, week: dict[str, Any], zone: ZoneInfo) -> set[datetime]:
    """The oracle: every UTC minute of work from ``start`` to ``end``, by looking at each day's wall clock.

    A span of a local day reaches from the first minute that shows its start or later to the last one that shows
    a time before its end.
    """
    days: dict[date, list[tuple[datetime, int]]] = {}
    minute = start - timedelta(days=2)
    while minute < end + timedelta(days=2):
        wall = minute.astimezone(zone)
        days.setdefault(wall.date(), []).append((minute, wall.hour * 60 + wall.minute))
        minute += timedelta(minutes=1)
    out: set[datetime] = set()
    for day, minutes in days.items():
        for opens, closes in week.get(str(day.weekday()), []):
            first_wall, last_wall = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
            first = next((at for at, shown in minutes if shown >= first_wall), None)
            last = next((at for at, shown in reversed(minutes) if shown < last_wall), None)
            out |= {at for at, _ in minutes if first and last and first <= at <= last and start <= at < end}
    return out


def near_edges(zone: str, year: int) -> list[datetime]:
    """Moments shortly before the zone's clock changes in a year."""
    info, out = ZoneInfo(zone), []
    for day in range(365):
        noon = datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        if noon.astimezone(info).utcoffset() != (noon + timedelta(days=1)).astimezone(info).utcoffset():
            out.append(noon - timedelta(hours=12))
    return out


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(EDGY), st.integers(2008, 2027), working_weeks(), st.integers(0, 60 * 30), st.integers(1, 700))
def test_due_is_exact_at_both_edges_of_summer_time(
    zone: str, year: int, week: dict[str, Any], offset: int, minutes: int
) -> None:
    starts = near_edges(zone, year) or [datetime(year, 3, 20, tzinfo=UTC)]
    start = starts[offset % len(starts)] + timedelta(minutes=offset)
    due = rules.due_at(start, minutes, week, zone)
    if due - start > timedelta(days=8):
        return
    worked = working_minutes(start, due, week, ZoneInfo(zone))
    assert len(worked) == minutes
    assert due - timedelta(minutes=1) in worked, "the last minute of the deadline is worked"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)), st.integers(1, 2000))
def test_due_holds_in_every_zone(zone: str, naive: datetime, minutes: int) -> None:
    start = naive.replace(tzinfo=UTC)
    due = rules.due_at(start, minutes, office_hours(), zone)
    assert due >= start + timedelta(minutes=minutes)
    wall = due.astimezone(ZoneInfo(zone))
    assert wall.weekday() < 5 and (9, 0) <= (wall.hour, wall.minute) <= (17, 30)
    assert rules.due_at(start, minutes, None, zone) == start + timedelta(minutes=minutes)
    half = rules.due_at(start, minutes / 2, office_hours(), zone)
    assert start < half <= due
    assert rules.due_at(half, minutes / 2, office_hours(), zone) == due, "deadlines add up"


def test_a_span_that_ends_where_the_repeated_hour_begins_is_not_longer_for_it() -> None:
    """Chatham, 6 April 2008: 03:45 becomes 02:45 again; who stops at 02:45 stops the first time."""
    week = {"6": [["02:30", "02:45"], ["03:30", "17:15"]]}
    start = datetime(2008, 4, 5, 12, 0, tzinfo=UTC)
    due = rules.due_at(start, 20, week, "Pacific/Chatham")
    assert len(working_minutes(start, due, week, ZoneInfo("Pacific/Chatham"))) == 20
    assert due == datetime(2008, 4, 5, 13, 50, tzinfo=UTC)  # 15 minutes to 02:45, then 5 from 03:30


def test_due_in_words() -> None:
    friday = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)  # 16:00 in New York
    due = rules.due_at(friday, 240, office_hours(), "America/New_York")
    # 90 minutes on Friday, summer time begins on Sunday, the rest on Monday from 9:00
    assert due.astimezone(ZoneInfo("America/New_York")).isoformat() == "2026-03-09T11:30:00-04:00"


def test_hours_that_are_never_worked_count_around_the_clock() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert rules.due_at(start, 60, {}, "UTC") == start + timedelta(hours=1)
    assert rules.due_at(start, 60, {"0": [["09:00", "09:00"]]}, "No/Where") == start + timedelta(hours=1)


def late(one: Handoff, seconds: int = 60) -> None:
    """As if the deadline was ``seconds`` ago."""
    now = timezone.now()
    Handoff.objects.filter(pk=one.pk).update(
        assigned_at=now - timedelta(hours=5),
        warn_at=now - timedelta(hours=1),
        due_at=now - timedelta(seconds=seconds),
    )


@pytest.mark.django_db
def test_a_demo_request_has_five_minutes_the_rest_four_hours() -> None:
    reps(1)
    demo, other = mqls(deed="demo_requested")[0], mqls()[0]
    assign_drain()
    for one, minutes in ((demo, 5), (other, 240)):
        one.refresh_from_db()
        assert one.due_at - one.assigned_at == timedelta(minutes=minutes)


@pytest.mark.django_db
def test_working_time_is_the_reps_own() -> None:
    rep = reps(1, working_hours=office_hours(), time_zone="Asia/Tokyo")[0]
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.due_at == rules.due_at(one.assigned_at, 240, rep.working_hours, "Asia/Tokyo")


@pytest.mark.django_db
def test_one_warning_before_the_deadline() -> None:
    rep = reps(1)[0]
    one = mqls()[0]
    assign_drain()
    assert clock_drain() == 0
    Handoff.objects.update(warn_at=timezone.now() - timedelta(seconds=1))
    assert [clock_drain() for _ in range(3)] == [1, 0, 0]
    notice = Notice.objects.get(user=rep, kind="warning")
    assert notice.key == f"handoff:{one.pk}:1:warn" and "minutes left" in notice.body


@pytest.mark.django_db
def test_at_the_deadline_the_manager_hears_and_another_rep_has_it(people: Any) -> None:
    first, second, manager = people("rep"), reps(1, team="North")[0], people("manager")
    RoutingRule.objects.update(team=first.team)
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    other = second if one.rep == first else first
    former = one.rep
    late(one)
    assert [clock_drain() for _ in range(3)] == [1, 0, 0]
    one.refresh_from_db()
    assert (one.rep, one.turn, one.reroutes, one.escalated_at) == (other, 2, 1, None)
    assert one.due_at > timezone.now()
    assert Standing.objects.get(pk=one.lead_id).owner == other
    ended = Assignment.objects.get(handoff=one, turn=1)
    assert (ended.rep, ended.ended_why) == (former, "No answer in time")
    told = Notice.objects.get(user=manager, kind="escalated")
    assert told.title == f"{former.name} did not answer {one.lead.name} in time"
    assert told.body == f"{other.name} has it now."


@pytest.mark.django_db
def test_it_moves_at_most_so_often_then_stays_flagged(people: Any) -> None:
    people("manager")
    SlaPolicy.objects.update(max_reroutes=2)
    reps(5, team="North")
    RoutingRule.objects.update(team=people("rep").team)
    one = mqls()[0]
    assign_drain()
    for _ in range(4):
        late(one)
        clock_drain()
    one.refresh_from_db()
    assert (one.reroutes, one.turn, one.state) == (2, 3, "assigned")
    assert one.escalated_at is not None
    assert len(set(Assignment.objects.values_list("rep", flat=True))) == 3, "never back to who let it lie"


@pytest.mark.django_db
def test_with_nobody_else_it_stays_flagged() -> None:
    rep = reps(1)[0]
    one = mqls()[0]
    assign_drain()
    late(one)
    clock_drain()
    one.refresh_from_db()
    assert one.rep == rep and one.escalated_at is not None
    assert clock_drain() == 0


@pytest.mark.django_db
def test_an_answer_stops_warnings_and_escalation(people: Any) -> None:
    one = assigned(people("rep"))
    activity_record(lead=one.lead, kind="call", by=people("rep"))
    late(one)
    assert clock_drain() == 0


@pytest.mark.django_db
def test_accepting_is_no_answer_the_manager_hears_but_the_rep_keeps_it(people: Any) -> None:
    manager, rep = people("manager"), people("rep")
    reps(1, team="North")
    RoutingRule.objects.update(team=rep.team)
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    handoff_accept(handoff_id=one.pk, by=one.rep)
    late(one)
    clock_drain()
    before = one.rep
    one.refresh_from_db()
    assert (one.state, one.rep) == ("accepted", before) and one.escalated_at
    assert Notice.objects.filter(user=manager, kind="escalated").count() == 1


@pytest.mark.django_db
def test_the_queue_shows_the_clock_in_one_query(people: Any, django_assert_num_queries: Any) -> None:
    rep = people("rep")
    User.objects.filter(pk=rep.pk).update(capacity_open=1000, capacity_day=1000)
    one = assigned(rep)
    mqls(9)
    assign_drain()
    late(one)
    now = timezone.now()
    with django_assert_num_queries(1):
        queue = queue_for(rep)
    assert len(queue) == 10 and queue[0].pk == one.pk and -62 <= (queue[0].due_at - now).total_seconds() <= -59
    first: Any = one.lead
    said = (queue[0].name, queue[0].company, queue[0].employees, queue[0].score, queue[0].grade)
    told = (first.name, first.company.name, first.company.employees, first.standing.score, first.standing.grade)
    assert said == told
    shown: Any = handoff_of_lead(one.lead_id, now)
    assert (shown.clock_level, shown.clock_percent) == ("late", 100) and -62 <= shown.seconds_left <= -59
    with django_assert_num_queries(1):
        counts = handoff_counts(rep, now)
    assert counts == {"mine": 10, "mine_late": 1, "waiting": 0, "assigned": 10, "late": 1}
