"""The contract's numbers against a slow count of the same rows that shares no code with it: weeks by the calendar on
the wall (years end in them, summer time begins and ends), turns that ran out, second cycles, unanswered leads."""

import csv
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from handoff.models import Assignment, Handoff
from insights.metrics import contract as metric
from insights.metrics.scope import Scope
from insights.models import Contract
from insights.rules.weeks import Weeks, week_name
from insights.selectors import terms_of
from leads.models import Activity
from tests.insights.contract_world import STATES, handoff
from tests.insights.test_contract import promised
from tests.personas import persona

pytestmark = pytest.mark.django_db
NEEDED, DAYS = 2, 3  # attempts within working days
PLACES = [
    ("Europe/Berlin", date(2025, 3, 24)),  # summer time begins on the Sunday of the first week
    ("America/New_York", date(2025, 10, 20)),  # and ends on the Sunday of the second
    ("Pacific/Auckland", date(2020, 12, 21)),  # weeks 52, 53 and 1
]


def world(start, seed):
    """Forty handoffs in some four weeks from ``start`` on; half had been with somebody else, who let the time run out
    or not."""
    dice, reps = Random(seed), [persona("rep"), persona("other_rep")]
    for place, rep in enumerate(reps):
        rep.time_zone, rep.working_hours = ("Asia/Kolkata", "America/Los_Angeles")[place], {}
        rep.save()
    made: list[Handoff] = []
    for _ in range(40):
        at = start + timedelta(seconds=dice.randrange(27 * 86400))
        again = [one.lead for one in made if one.state == STATES.REJECTED and one.decided_at < at]
        state = dice.choice([STATES.ACCEPTED, STATES.ACCEPTED, STATES.REJECTED, STATES.ASSIGNED])
        one = handoff(
            at,
            rep=dice.choice(reps),
            lead=dice.choice(again) if again and dice.random() < 0.3 else None,
            answered=dice.choice([None, 1, 30, 239, 240, 241, 900]),
            state=state,
            decided=at + timedelta(hours=dice.randrange(1, 90)) if state != STATES.ASSIGNED else None,
            why=dice.choice(["no_budget", "unreachable"]) if state == STATES.REJECTED else "",
            calls=[dice.randrange(1, 7) for _ in range(dice.randrange(3))],
            source=dice.choice(["web", "ads"]),
        )
        began = at - timedelta(hours=dice.choice([5, 30, 200]))
        if dice.random() < 0.5:  # somebody else had it before: some let the deadline pass, some passed it on in time
            ended = began + timedelta(hours=dice.choice([1, 4, 5]))
            due = began + timedelta(hours=4)
            answered = began + timedelta(hours=3) if dice.random() < 0.2 else None
            other = reps[one.rep == reps[0]]
            Assignment.objects.create(
                handoff=one, rep=other, turn=1, at=began, due_at=due, ended_at=ended, responded_at=answered
            )
            Handoff.objects.filter(pk=one.pk).update(turn=2, opened_at=began - timedelta(minutes=3))
        Assignment.objects.create(handoff=one, rep=one.rep, turn=one.turn + 1, at=at, due_at=one.due_at)
        made.append(one)


def by_hand(zone, now):
    """Every number of every week, a row at a time: {(ISO year, ISO week): {name: number}}."""
    found: dict = {}

    def week(moment):
        year, number, _ = moment.astimezone(zone).date().isocalendar()
        zero = {"spans": [], **dict.fromkeys(NAMES, 0)}
        return found.setdefault((year, number), zero)

    for one in Handoff.objects.all():
        cycles = [other.cycle for other in Handoff.objects.filter(lead=one.lead)]
        week(one.opened_at)["mqls" if one.cycle == min(cycles) else "again"] += 1
        if one.decided_at:
            week(one.decided_at)[one.state] += 1
        mine = week(one.assigned_at)
        mine["assigned"] += 1
        ran_out = [
            turn
            for turn in Assignment.objects.filter(handoff=one, at__lt=one.assigned_at)
            if turn.ended_at >= turn.due_at and (turn.responded_at is None or turn.responded_at > turn.due_at)
        ]
        if one.responded_at:
            mine["answered"] += 1
            mine["judged"] += 1
            mine["in_time"] += not ran_out and one.responded_at <= one.due_at
            since = min([one.assigned_at, *(turn.at for turn in ran_out)])
            mine["spans"].append((one.responded_at - since).total_seconds())
        elif ran_out or one.due_at < now:
            mine["judged"] += 1
            mine["never"] += 1
        made, enough = tries(one)
        mine["tries"] += made
        mine["tried"] += 1
        mine["tried_enough"] += enough
    return found


NAMES = (
    *("mqls", "again", "accepted", "rejected", "assigned", "answered", "judged", "in_time", "never"),
    *("tries", "tried", "tried_enough"),
)


def tries(one):
    """Attempts until the end of the last of so many working days where the rep is, and whether they are enough."""
    place = ZoneInfo(one.rep.time_zone)
    day, left = one.assigned_at.astimezone(place).date(), DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    calls = Activity.objects.filter(lead=one.lead, kind="call")
    made = sum(one.assigned_at <= call.at and call.at.astimezone(place).date() <= day for call in calls)
    decided = one.decided_at is not None and one.decided_at.astimezone(place).date() <= day
    gave_up = one.reject_reason is not None and one.reject_reason.code == "unreachable"
    return made, made >= NEEDED or (made > 0 and decided and not gave_up)


def near(said, spans, percent):
    """The nearest rank, to the width of its bin: ten seconds, a minute, an hour."""
    right = sorted(spans)[max(1, -(-len(spans) * percent // 100)) - 1]
    return abs(said - right) <= (10 if right < 600 else 60 if right < 7200 else 3600)


@pytest.mark.parametrize("place", range(3))
def test_every_number_is_what_a_slow_count_of_the_rows_says(place, login):
    name, first = PLACES[place]
    zone = ZoneInfo(name)
    world(datetime.combine(first, datetime.min.time(), zone), seed=place)
    promised(since=first - timedelta(days=70), attempts=NEEDED, attempt_days=DAYS)
    Contract.objects.create(pk=1, time_zone=name)
    now = datetime(2027, 3, 1, tzinfo=zone)
    slow = by_hand(zone, now)
    scope = Scope(user=persona("admin"), period=Weeks.of(first, zone, 4), now=now, view="activity")
    weeks = dict(metric.record(scope, terms_of()).weeks)
    assert sum(one["assigned"] for one in slow.values()) == 40
    late = 0
    for monday, cell in weeks.items():
        mine = slow.get(monday.isocalendar()[:2])
        kept = {one: getattr(cell, one) for one in NAMES if one != "rejected"} | {"rejected": cell.rejects.total()}
        assert kept == {one: mine[one] for one in NAMES}, monday
        assert near(cell.spread.median, mine["spans"], 50) and near(cell.spread.p90, mine["spans"], 90)
        assert sum(cell.used.values()) == cell.answered
        assert sum(n for used, n in cell.used.items() if used < 4) == cell.in_time
        late += cell.answered - cell.in_time
    assert late > 3
    # the same for a spreadsheet
    until = week_name(first + timedelta(weeks=3))
    text = login("admin").get(f"/contract/weeks.csv?weeks=4&until={until}").content.decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["week"] for row in rows] == [week_name(monday) for monday in weeks]
    for row, cell in zip(rows, weeks.values(), strict=True):
        assert (int(row["mqls"]), int(row["accepted"]), int(row["judged"])) == (cell.mqls, cell.accepted, cell.judged)
