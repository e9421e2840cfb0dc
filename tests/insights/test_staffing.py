"""The staffing simulation: against the closed forms of queueing theory, and with its wrong twins."""

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.models import Handoff
from insights.metrics.scope import Scope
from insights.models import StaffingRun
from insights.rules import staffing
from insights.rules.staffing import (
    HOURS,
    Duty,
    Task,
    begins,
    empirical,
    erlang_reps,
    erlang_share,
    exponential,
    interval,
    required,
    trimmed,
    week_leads,
)
from insights.rules.weeks import weeks_back
from insights.services.staffing import Asked, gather, simulate, staffing_answer
from leads.models import Activity
from team.models import TimeOff, User
from team.rules import zone_get
from tests.insights.contract_world import handoff
from tests.personas import persona

HOUR = 3600.0


def erlang_c(load, reps):
    """The chance to wait in M/M/c, from the textbook's sum."""
    top = load**reps / math.factorial(reps) * reps / (reps - load)
    return top / (sum(load**k / math.factorial(k) for k in range(reps)) + top)


def simulated(rate, takes, reps, seconds, begin=begins, weeks=40):
    """Share in time and its 95 % interval, when every hour is alike."""
    shares = []
    for number in range(8):
        leads = week_leads([rate] * HOURS, weeks // 8, exponential(takes), Random(number))
        starts = begin(leads, Duty([reps] * HOURS))
        good = sum(start - arrives <= seconds for (arrives, _), start in zip(leads, starts, strict=True))
        shares.append(100.0 * good / len(leads))
    low, high = interval(shares)
    return sum(shares) / len(shares), low, high


QUEUES = [(6, 480, 1, 300), (10, 720, 3, 300), (30, 600, 6, 120), (24, 900, 8, 60), (5, 600, 1, 0)]


@pytest.mark.parametrize(("rate", "takes", "reps", "seconds"), QUEUES)
def test_it_is_erlangs_c_where_the_hours_are_alike(rate, takes, reps, seconds):
    load = rate * takes / HOUR
    want = 100 * (1 - erlang_c(load, reps) * math.exp(-(reps - load) * seconds / takes))
    share, low, high = simulated(rate, takes, reps, seconds)
    assert low - 1 <= want <= high + 1, (share, want)
    assert erlang_share(rate, takes, reps, seconds) == pytest.approx(want, abs=1e-9)


def without_queue(leads, duty):
    """A wrong twin: everybody is taken at once."""
    return [arrives for arrives, _ in leads]


def last_come_is_lost(leads, duty):
    """A wrong twin: nobody waits for those before."""
    free = [0.0] * duty.at(0)
    found = []
    for number, (arrives, takes) in enumerate(leads):
        place = number % len(free)  # by turn instead of whoever is free
        found.append(max(arrives, free[place]))
        free[place] = found[-1] + takes
    return found


@pytest.mark.parametrize("twin", [without_queue, last_come_is_lost])
def test_twin_a_wrong_queue_is_no_erlang(twin):
    wrong = 0
    for rate, takes, reps, seconds in QUEUES:
        want = erlang_share(rate, takes, reps, seconds)
        _, low, high = simulated(rate, takes, reps, seconds, twin)
        wrong += not low - 1 <= want <= high + 1
    assert wrong >= 3


def test_mean_wait_of_one_rep_is_the_closed_form():
    """M/M/1: load / (1 - load) x handling time."""
    leads = week_leads([6] * HOURS, 60, exponential(300), Random(5))
    waits = [start - at for (at, _), start in zip(leads, begins(leads, Duty([1] * HOURS)), strict=True)]
    assert sum(waits) / len(waits) == pytest.approx(300, rel=0.1)


REPS = st.lists(st.integers(0, 4), min_size=HOURS, max_size=HOURS).filter(any)


@settings(max_examples=40, deadline=None)
@given(REPS, st.lists(st.integers(0, 2), min_size=HOURS, max_size=HOURS), st.integers(0, 10**6))
def test_more_reps_never_let_anybody_wait_longer(reps, more, seed):
    leads = week_leads([2.0] * HOURS, 1, exponential(1500), Random(seed))
    few = begins(leads, Duty(reps))
    many = begins(leads, Duty([a + b for a, b in zip(reps, more, strict=True)]))
    assert all(after <= before for before, after in zip(few, many, strict=True))


@settings(max_examples=40, deadline=None)
@given(REPS, st.integers(0, 10**6))
def test_first_come_is_first_served_by_who_is_on_duty(reps, seed):
    leads = week_leads([1.5] * HOURS, 1, exponential(2000), Random(seed))
    duty = Duty(reps)
    starts = begins(leads, duty)
    assert starts == sorted(starts)
    for place, ((arrives, _), start) in enumerate(zip(leads, starts, strict=True)):
        assert start >= arrives and duty.at(start) > 0
        busy = sum(one <= start < one + takes for one, (_, takes) in zip(starts[:place], leads, strict=False))
        assert busy < duty.at(start)


def test_the_same_seed_is_the_same_answer_and_the_target_is_met():
    rates = [8.0 if hour % 24 in range(9, 17) and hour < 120 else 0.2 for hour in range(HOURS)]
    judged = [int(hour % 24 in range(9, 17) and hour < 120) for hour in range(HOURS)]
    task = Task(rates, exponential(720), 300, 95, judged)
    samples = task.samples(8, 4)
    assert samples == task.samples(8, 4) != Task(rates, exponential(720), 300, 95, judged, seed=2).samples(8, 4)
    reps = required(task, samples)
    result = task.run(reps, samples)
    assert result.share >= 95 and result.low <= result.share <= result.high
    assert all(bool(many) <= bool(open_) for many, open_ in zip(reps, judged, strict=True))
    fewer = [max(0, many - 1) for many in reps]
    assert task.run(fewer, samples).share < 95


def test_what_gathers_overnight_is_reckoned_with():
    """As many by night as by day: at the opening there is a heap, and those who come then wait behind it."""
    rates = [6.0] * HOURS
    judged = [int(hour % 24 in range(9, 17) and hour < 120) for hour in range(HOURS)]
    task = Task(rates, exponential(720), 300, 95, judged)
    samples = task.samples(4, 1)
    found = required(task, samples)
    assert task.run(found, samples).share >= 95
    less = trimmed(task, samples, found)
    assert task.run(less, samples).share >= 95 and sum(less) <= sum(found)
    assert less[9] > less[12] and less[0] == 0  # Monday morning takes more than noon, and nobody comes at night


def test_edges():
    nobody = Task([0.0] * HOURS, empirical([60]), 300, 95)
    assert required(nobody, nobody.samples(2, 1)) == [0] * HOURS
    assert nobody.run([0] * HOURS, nobody.samples(2, 1)).share is None
    closed = Task([1.0] * HOURS, empirical([60]), 300, 95)
    assert closed.run([0] * HOURS, closed.samples(2, 1)).share == 0
    assert (erlang_reps(0, 60, 60, 95), erlang_share(10, 720, 2, 300)) == (0, 0.0)
    assert interval([50.0]) == (None, None) and interval([100.0, 100.0]) == (100, 100)
    with pytest.raises(ValueError, match="168"):
        Duty([1])


# --- from the real rows ----------------------------------------------------------------------------


def scope(who="admin", zone="UTC", now=None):
    now = now or datetime(2026, 3, 25, 12, tzinfo=UTC)
    return Scope(user=persona(who), period=weeks_back(now, zone_get(zone), 14), now=now, view="activity")


def monday(hour, minute=0, week=0):
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC) + timedelta(weeks=week)


@pytest.mark.django_db
def test_arrivals_are_counted_by_the_companys_hour():
    for week in range(3):
        handoff(monday(9, 30, week))
    handoff(monday(23, 30))
    known = gather(scope())
    assert (known.weeks, known.leads) == (3, 4)  # the running week is left out, and what was before the first
    assert (known.rates[9], known.rates[23], sum(known.rates)) == (1.0, 0.3333, 1.3333)
    there = gather(scope(zone="Asia/Kolkata"))  # five and a half hours ahead
    assert there.rates[15] == 1.0 and there.rates[24 + 5] == 0.3333


@pytest.mark.django_db
def test_reps_on_duty_are_those_of_the_calendars():
    rep, other = persona("rep"), persona("other_rep")
    User.objects.filter(pk=rep.pk).update(working_hours={"0": [["09:00", "12:30"]]})
    User.objects.filter(pk=other.pk).update(working_hours={"0": [["09:00", "11:20"]], "1": [["10:00", "11:00"]]})
    away = datetime(2026, 3, 31, tzinfo=UTC)  # the Tuesday of the week after
    TimeOff.objects.create(user=other, starts_at=away, ends_at=away + timedelta(days=1))
    known = gather(scope())
    assert known.present[8:14] == [0, 2, 2, 1, 1, 0] and sum(known.present[24:]) == 0 and known.people == 2
    assert gather(scope("manager")).present[9] == 1  # of the own team


@pytest.mark.django_db
def test_handling_is_measured_or_said_to_be_assumed(login):
    for number in range(20):
        at = monday(9, number)
        handoff(at, answered=12, decided=at + timedelta(minutes=2))  # taken after two, logged after twelve
    handoff(monday(10), answered=300, decided=monday(10, 1))  # hours later: something else was done between
    known = gather(scope())
    assert known.times == [600] * 20 and known.measured
    assert simulate(known, Asked()).takes == 600
    assert simulate(known, Asked(handling=3)).takes == 180
    few = gather(scope(zone="UTC", now=datetime(2026, 3, 9, 12, tzinfo=UTC)))
    assert few.measured
    StaffingRun.objects.all().delete()
    handoff(datetime.now(UTC) - timedelta(days=10))
    page = login("admin").get("/contract/staffing/?now=1").content.decode()
    assert "Assumed: 12 minutes" in page and "Only 0 could be measured" in page


@pytest.mark.django_db
def test_how_long_calls_took_is_better_than_when_they_were_logged(login):
    for number in range(20):
        at = monday(9, number)
        handoff(at, answered=12, decided=at + timedelta(minutes=2), calls=[1])
    first = Activity.objects.filter(at__date=monday(9).date()).order_by("at")
    for number, one in enumerate(first[:19]):
        Activity.objects.filter(pk=one.pk).update(properties={"minutes": 3 + number % 2})
    Activity.objects.filter(at__date=monday(9).date() + timedelta(days=1)).update(properties={"minutes": 50})
    few = gather(scope())  # nineteen; the calls of the next day answered nobody
    assert few.times == [600] * 20 and not few.calls
    Activity.objects.filter(pk=first[19].pk).update(properties={"minutes": 7})
    known = gather(scope())
    assert known.calls and known.times == [60 * n for n in (7, *([3, 4] * 10)[:19][::-1])]
    assert simulate(known, Asked()).takes == sum(known.times) / 20
    StaffingRun.objects.all().delete()
    shift = datetime.now(UTC) - timedelta(days=20) - monday(9)
    names = ("opened_at", "assigned_at", "responded_at", "decided_at")
    Handoff.objects.update(**{name: F(name) + shift for name in names})
    Activity.objects.update(at=F("at") + shift)
    assert "drawn from 20 first calls" in login("admin").get("/contract/staffing/?now=1").content.decode()


@pytest.mark.django_db
def test_the_same_question_is_worked_out_once():
    for hour in range(9, 15):
        handoff(monday(hour))
    persona("rep")
    known = gather(scope())
    first = staffing_answer(known, Asked())
    assert staffing_answer(known, Asked()) == first and StaffingRun.objects.count() == 1
    more = staffing_answer(known, Asked(plus=2, day=0, first=9, last=12))
    assert StaffingRun.objects.count() == 2
    assert more.present == first.present and more.what_if["share"] >= more.present["share"]
    assert more.changed[9] == known.present[9] + 2 and more.changed[12] == known.present[12]


@pytest.mark.django_db
def test_the_page(login, django_assert_max_num_queries):
    client = login("manager")
    assert "No arrivals to go by yet" in client.get("/contract/staffing/").content.decode()
    for days in range(8, 60):
        handoff(datetime.now(UTC).replace(hour=11) - timedelta(days=days))
    shell = client.get("/contract/staffing/").content.decode()
    assert 'hx-trigger="load"' in shell and "Rep-hours a week" not in shell
    part = client.get("/contract/staffing/?target=90&plus=1&day=2", headers={"HX-Request": "true"}).content.decode()
    assert "Rep-hours a week" in part and "1 more on Wednesday" in part and "<html" not in part
    with django_assert_max_num_queries(20):
        known = client.get("/contract/staffing/?target=90&plus=1&day=2").content.decode()
    assert "Rep-hours a week" in known  # worked out before
    assert client.get("/contract/staffing/?target=nonsense&within=-3&day=9&plus=99&now=1").status_code == 200
    assert login("rep").get("/contract/staffing/").status_code == 403


def test_it_is_quick_at_thousands_a_week():
    rates = [60.0 if hour % 24 in range(8, 18) and hour < 120 else 5.0 for hour in range(HOURS)]
    judged = [int(rate > 5) for rate in rates]
    task = Task(rates, exponential(720), 300, 95, judged)
    samples = task.samples(4, 1)
    reps = required(task, samples, reps=required(task, samples[:2]), rounds=8)
    assert task.run(reps, samples).share >= 94 and reps[34] < 40
    assert staffing.weeks_for(rates, 1500) == 1
