"""The contract: weeks in their zone, numbers counted by hand, promises that have versions, who sees what."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import outbox
from core.errors import Conflict, Refused
from handoff.models import Assignment, Handoff
from handoff.services import assign_drain, clock_drain
from insights.metrics import contract as metric
from insights.metrics.scope import Scope
from insights.models import Contract, Promise
from insights.rules.contract import Cell, Verdict, attempts_kept, count_verdict, share_verdict, used_bin
from insights.rules.weeks import Weeks, monday_of, week_name, week_parse
from insights.selectors import terms_of
from insights.services.promises import promise_save, promise_withdraw, zone_save
from leads.services import activity_record
from team.models import Team
from tests.handoff.world import mqls, reps
from tests.insights.contract_world import LATER, STATES, W10, W11, fortnight, handoff, moment
from tests.personas import persona

pytestmark = pytest.mark.django_db
BERLIN = "Europe/Berlin"
VALUES = {"mqls": 5, "accept_share": 70, "answer_share": 90, "attempts": 3, "attempt_days": 5, "note": ""}


def promised(since=W10 - timedelta(days=70), team=None, **values):
    return Promise.objects.create(since=since, team=team, **{**VALUES, **values})


def read(who="admin", zone=BERLIN, weeks=2, now=LATER, **filters):
    period = Weeks.of(W10, ZoneInfo(zone), weeks)
    scope = Scope(user=persona(who), period=period, now=now, view="activity", **filters)
    return dict(metric.record(scope, terms_of()).weeks)


def test_two_weeks_counted_by_hand():
    fortnight()
    promised()
    one, two = read().values()
    # of the eight, one came a week later and one was with sales before
    assert (one.mqls, one.again, two.mqls, two.again) == (6, 1, 1, 0)
    assert (one.assigned, one.answered, one.judged, one.never) == (7, 6, 7, 1)
    assert one.in_time == 5  # 300 minutes are too long, 240 are just in time
    assert one.sources == {"web": 4, "ads": 2} and sum(two.sources.values()) == two.mqls
    # 4 accepted; 2 rejected, on Tuesday and on Saturday
    assert (one.accepted, one.rejects.total(), one.decided) == (4, 2, 6)
    assert {key[2]: n for key, n in one.verdicts.items() if not key[0]} == {"spring": 1, "autumn": 1}
    # minutes: 10 15 30 60 240 300
    assert one.seconds == 60 * (10 + 15 + 30 + 60 + 240 + 300)
    assert one.spread.median == pytest.approx(30 * 60, abs=31) and one.spread.p90 == pytest.approx(300 * 60, abs=1800)
    # enough: those decided after a call, and the one with three calls; not the one nobody called, nor the unreachable
    assert (one.tried, one.tried_enough) == (7, 5)
    assert one.tries == 1 + 1 + 0 + 1 + 1 + 3 + 1 + 1  # the first lead's second call is within five days of the first
    assert sum(one.used.values()) == 6 and sum(n for place, n in one.used.items() if place >= 4) == 1


def test_the_week_begins_where_the_company_is():
    """Sunday 23:30 UTC is Monday in Berlin, and still Sunday evening in New York."""
    handoff(moment(1, 23, 30), answered=5)
    handoff(moment(2, 4, 30), answered=5)
    weeks = {zone: {day: cell.mqls for day, cell in read(zone=zone, weeks=1).items()} for zone in ("UTC", BERLIN)}
    assert weeks == {"UTC": {W10: 1}, BERLIN: {W10: 2}}
    assert read(zone="America/New_York", weeks=1)[W10].mqls == 0
    assert read(zone="Pacific/Kiritimati", weeks=1)[W10].mqls == 2


def test_time_that_runs_is_not_judged():
    handoff(moment(4), state=STATES.ASSIGNED)
    promised()
    early = read(now=moment(4, 12))[W10]
    assert (early.assigned, early.judged, early.tried) == (1, 0, 0)
    assert (read(now=moment(4, 15))[W10].judged, read(now=moment(11, 23))[W10].tried) == (1, 0)
    assert read(now=moment(12, 1))[W10].tried == 1  # Wednesday + five working days: over with the next Wednesday


def test_past_weeks_are_judged_by_what_was_promised_then():
    handoff(moment(2), answered=5, state=STATES.ASSIGNED)
    handoff(moment(9), answered=5, state=STATES.ASSIGNED)
    promised(attempts=1)
    promised(since=W11, attempts=2, mqls=8)
    terms = terms_of()
    assert (terms(W10, None).mqls, terms(W11, None).mqls) == (5, 8)
    cells = read()
    assert (cells[W10].tried_enough, cells[W11].tried_enough) == (1, 0)


def test_a_teams_own_promise_counts_before_the_companys():
    north = persona("rep").team
    promised()
    promised(team=north, mqls=2, attempts=1)
    terms = terms_of()
    assert (terms(W10, north.pk).mqls, terms(W10, None).mqls, terms(date(2020, 1, 6), None).any) == (2, 5, False)


def test_everybody_sees_what_they_may():
    fortnight()
    seen = {who: read(who)[W10].assigned for who in ("admin", "marketer", "manager", "rep", "other_rep", "roleless")}
    assert seen == {"admin": 7, "marketer": 7, "manager": 6, "rep": 6, "other_rep": 1, "roleless": 0}
    assert read("admin", team=persona("other_rep").team_id)[W10].assigned == 1
    assert read("manager", team=persona("other_rep").team_id)[W10].assigned == 0


def test_a_deadline_that_was_missed_is_missed_whoever_answers_then(login):
    """Passing a lead on starts a new clock for the rep, and none for the promise."""
    rep, other = persona("rep"), persona("other_rep")
    for day, due in ((3, moment(3, 10)), (4, moment(4, 20))):  # the second was passed on in time
        one = handoff(moment(day, 12), answered=5)
        began = moment(day, 6)
        Assignment.objects.create(handoff=one, rep=other, turn=1, at=began, due_at=due, ended_at=one.assigned_at)
        Assignment.objects.create(handoff=one, rep=rep, turn=2, at=one.assigned_at, due_at=one.due_at)
    waits = handoff(moment(5, 12), state=STATES.ASSIGNED)
    Assignment.objects.create(
        handoff=waits, rep=other, turn=1, at=moment(5, 6), due_at=moment(5, 10), ended_at=waits.assigned_at
    )
    Handoff.objects.update(turn=2)
    cell = read(now=moment(5, 13))[W10]  # the third rep's own clock runs still
    assert (cell.judged, cell.answered, cell.in_time, cell.never) == (3, 2, 1, 1)
    assert (
        cell.used == {0: 1, 4: 1} and cell.seconds == (5 + 6 * 60 + 5) * 60
    )  # the lead waited from the first rep on
    page = login("admin").get("/contract/rows/?what=judged&week=2026-W10").content.decode()
    assert page.count(" late</td>") == 2


def test_what_the_clock_passes_on_is_late_in_the_contract():
    reps(2)
    one = mqls()[0]
    assign_drain()
    began = datetime.now(UTC) - timedelta(hours=5)
    due = began + timedelta(hours=4)
    Assignment.objects.update(at=began, due_at=due)
    Handoff.objects.update(assigned_at=began, opened_at=began, due_at=due)
    clock_drain()
    one.refresh_from_db()
    assert one.turn == 2 and one.due_at > datetime.now(UTC)
    activity_record(kind="call", lead=one.lead, by=one.rep)
    outbox.drain()
    period = Weeks.of(monday_of(began, ZoneInfo("UTC")), ZoneInfo("UTC"), 2)
    scope = Scope(user=persona("admin"), period=period, now=datetime.now(UTC), view="activity")
    cells = [cell for _, cell in metric.record(scope, terms_of()).weeks]
    assert sum(cell.answered for cell in cells) == sum(cell.judged for cell in cells) == 1
    assert sum(cell.in_time for cell in cells) == 0 and sum(cell.seconds for cell in cells) >= 5 * 3600


def test_one_campaign_alone(login):
    fortnight()
    promised()
    cell = read(campaign="autumn")[W10]
    assert (cell.mqls, cell.assigned, cell.judged, cell.accepted, cell.rejects.total()) == (1, 1, 1, 0, 1)
    client = login("manager")
    page = client.get("/contract/?until=2026-W11&weeks=4&campaign=autumn")
    assert "Campaign autumn" in page.content.decode() and "of 5" not in page.content.decode()  # the company's count
    found = numbers(page)
    assert len(found) > 5
    for link, number in found:
        rows = client.get(html.unescape(link)).content.decode()
        assert re.search(r'data-total="(\d+)"', rows)[1] == number, link
    assert "campaign=autumn" in client.get("/contract/?until=2026-W11&weeks=4").content.decode()


def numbers(page):
    return set(re.findall(r'href="([^"]+)" data-rows="(\d+)"', page.content.decode()))


@pytest.mark.parametrize("who", ["admin", "marketer", "manager", "rep"])
def test_every_number_opens_the_rows_it_counts(login, who):
    fortnight()
    promised()
    client = login(who)
    for address in ("/contract/?until=2026-W11&weeks=4", "/contract/weeks/2026-W10/"):
        found = numbers(client.get(address))
        assert len(found) > 5
        for link, number in found:
            rows = client.get(html.unescape(link)).content.decode()
            assert re.search(r'data-total="(\d+)"', rows)[1] == number, link


def test_the_page_teaches_and_asks_little(login, django_assert_max_num_queries):
    page = login("manager").get("/contract/").content.decode()
    assert "Make the first promise" in page and "Nobody waits" in page
    promised()
    fortnight()
    client = login("admin")
    with django_assert_max_num_queries(26):
        assert client.get("/contract/?until=2026-W11").status_code == 200
    few = read("admin")
    for day in range(2, 7):
        for _ in range(6):
            handoff(moment(day, 12), answered=9)
    with django_assert_max_num_queries(26):
        client.get("/contract/?until=2026-W11")
    assert read("admin")[W10].mqls == few[W10].mqls + 30


def test_a_manager_promises_and_the_second_of_two_is_told(login):
    client, other = login("manager"), login("admin")
    this = monday_of(datetime.now(UTC), ZoneInfo("UTC"))
    sent = {**VALUES, "since": this + timedelta(days=10), "revision": 1, "team": ""}
    assert client.post("/contract/promises/new/", sent).status_code == 302
    row = Promise.objects.get()
    assert row.since == this + timedelta(days=7) and row.made_by == persona("manager")
    answer = other.post("/contract/promises/new/", sent | {"mqls": 9})
    assert answer.status_code == 409 and "Somebody else changed the contract" in answer.content.decode()
    assert Promise.objects.get().mqls == 5
    assert other.post("/contract/promises/new/", sent | {"mqls": 9, "revision": 2}).status_code == 302
    assert Promise.objects.get().mqls == 9  # the same week: that version is replaced
    assert client.post(f"/contract/promises/{row.pk}/withdraw/", {"revision": 3}).status_code == 302
    assert not Promise.objects.exists()


def test_the_past_is_not_rewritten():
    boss = persona("admin")
    this = monday_of(datetime.now(UTC), ZoneInfo("UTC"))
    first = promise_save(by=boss, revision=1, team=None, since=this - timedelta(days=70), values=VALUES)
    with pytest.raises(Refused, match="judged by what was promised then"):
        promise_save(by=boss, revision=2, team=None, since=this - timedelta(days=1), values=VALUES)
    with pytest.raises(Refused, match="first week has begun"):
        promise_withdraw(by=boss, revision=2, promise=first)
    assert Contract.objects.get().revision == 2  # a refusal is no change
    with pytest.raises(Refused, match="0 to 100"):
        promise_save(by=boss, revision=2, team=None, since=this, values=VALUES | {"accept_share": 101})
    with pytest.raises(Conflict):
        zone_save(by=boss, revision=1, zone=BERLIN)


def test_a_teams_first_promise_does_not_rewrite_what_the_companys_judged():
    this = monday_of(datetime.now(UTC), ZoneInfo("UTC"))
    north = persona("manager").team
    early = {"by": persona("manager"), "team": north, "since": this - timedelta(days=70), "values": VALUES}
    promised(since=this)  # only this week's: the weeks before were judged by nothing
    promise_save(revision=1, **early)
    Promise.objects.all().delete()
    promised(since=this - timedelta(days=35))
    with pytest.raises(Refused, match="judged by what was promised then"):
        promise_save(revision=2, **early)
    promise_save(revision=2, **early | {"since": this})


def test_only_the_teams_own_manager_promises_for_it():
    south = Team.objects.get_or_create(name="South")[0]
    this = monday_of(datetime.now(UTC), ZoneInfo("UTC"))
    for who, team in (("manager", south), ("marketer", None), ("rep", None)):
        with pytest.raises(Refused):
            promise_save(by=persona(who), revision=1, team=team, since=this, values=VALUES)
    promise_save(by=persona("manager"), revision=1, team=persona("manager").team, since=this, values=VALUES)


# --- the arithmetic --------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # each zone is read from the disk
@given(st.dates(date(1995, 1, 2), date(2090, 1, 1)), st.sampled_from([BERLIN, "America/New_York", "Asia/Beirut"]))
def test_weeks_follow_each_other_without_gap(day, zone):
    place = ZoneInfo(zone)
    monday = day - timedelta(days=day.weekday())
    week, after = Weeks.of(monday, place), Weeks.of(monday + timedelta(days=7), place)
    assert week.end == after.start and abs((week.end - week.start) - timedelta(days=7)) <= timedelta(hours=1)
    assert monday_of(week.start, place) == monday == monday_of(week.end - timedelta(seconds=1), place)
    assert week_parse(week_name(monday)) == monday


@pytest.mark.parametrize(
    "path",
    [
        *("?week=9999-W52", "?week=0001-W01", "?until=9999-W52", "rows/?what=judged&week=0001-W01"),
        "rows/?what=decided&campaign=%00&source=%00",
    ],
)
def test_what_makes_no_sense_is_no_filter(login, path):
    assert login("admin").get(f"/contract/{path}").status_code == 200


@pytest.mark.parametrize("text", ["9999-W52", "0001-W01", "", "2026", "2026-W54", "2026-W00", "2026-47", "2026-W1x"])
def test_what_is_no_week(text):
    assert week_parse(text) is None


def test_verdicts_at_their_edges():
    assert share_verdict(9, 10, 90, over=True) is Verdict.KEPT
    assert share_verdict(8, 9, 90, over=True) is Verdict.BROKEN
    assert share_verdict(4, 4, 90, over=True) is Verdict.FEW
    assert share_verdict(0, 9, 90, over=False) is Verdict.OPEN
    assert share_verdict(0, 9, 0, over=True) is Verdict.NONE
    assert [count_verdict(n, 5, over=True).value for n in (4, 5)] == ["broken", "kept"]
    assert [used_bin(used, 4.0) for used in (0, 1, 1.01, 4, 4.01, 40)] == [0, 0, 1, 3, 4, 9]


@given(st.integers(0, 5), st.integers(1, 5), st.booleans(), st.booleans(), st.booleans())
def test_one_more_attempt_never_breaks_a_promise(made, needed, decided, gave_up, over):
    ends = datetime(2026, 3, 9, tzinfo=UTC)
    given_ = {
        "decided_by": ends - timedelta(days=1) if decided else None,
        "gave_up": gave_up,
        "ends": ends,
        "now": ends + timedelta(hours=1 if over else -1),
    }
    worth = {False: 0, None: 1, True: 2}
    assert worth[attempts_kept(made, needed, **given_)] <= worth[attempts_kept(made + 1, needed, **given_)]
    assert attempts_kept(needed, needed, **given_) is True


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 500)), max_size=20))
def test_a_cell_is_kept_whole(rows):
    cell, other = Cell(mqls=3, seconds=70), Cell(assigned=2)
    for place, n in rows:
        cell.bins[place] = cell.used[place] = cell.sources[f"s{place}"] = n
        cell.verdicts[place % 2, place, f"c{place}", "web"] = n
    assert Cell.load(cell.dump()) == cell
    other.add(cell)
    assert other.mqls == 3 and other.assigned == 2 and other.bins == cell.bins
