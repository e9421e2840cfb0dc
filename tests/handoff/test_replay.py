"""The last days once more: who would have had which lead, the truth untouched; begun, watched, cancelled."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from funnels.selectors import stage_get
from handoff.models import Assignment, Handoff, RoutingReplay, RoutingRule
from handoff.rules import Candidate, Desk, LeadFacts, Pool, Route
from handoff.rules.replay import Arrival, Past, Replay, Replayed, edges, midnights
from handoff.services import assign_drain
from handoff.services.replays import replay_drain, replay_start
from handoff.services.routing import draft_begin
from leads.models import Standing
from team.models import TimeOff
from team.rules import Calendar
from tests.handoff.world import mqls, reps

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = {str(day): [["09:00", "17:00"]] for day in range(5)}


def lived(arrivals: list[Arrival], people: list[Candidate], calendar: Calendar, **pool: Any) -> Replayed:
    desk = Desk([Route(1, "All", Pool(people, pointers={}, **pool))], {one.id: one for one in people})
    ids = [one.id for one in people]
    past = Past(
        MONDAY, MONDAY + timedelta(days=14), arrivals, dict.fromkeys(ids, calendar), dict.fromkeys(ids, "UTC")
    )
    return Replay(desk, past).run()


def arrival(hours: float, number: int = 0, busy: float | None = None, score: int = 50) -> Arrival:
    return Arrival(
        MONDAY + timedelta(hours=hours),
        LeadFacts(number),
        False,
        score,
        timedelta(hours=busy) if busy is not None else None,
    )


def test_what_comes_at_night_is_held_until_the_opening_best_first() -> None:
    out = lived(
        [arrival(20, 1, score=50), arrival(21, 2, score=90)],
        [Candidate(7, capacity_open=9)],
        Calendar(HOURS),
        hold_off_hours=True,
    )
    assert out.held == {0, 1}
    assert [out.given[place].at for place in (0, 1)] == [MONDAY + timedelta(hours=33)] * 2
    assert list(out.given) == [1, 0]


def test_room_is_made_when_a_lead_is_done_and_a_day_ends() -> None:
    people = [Candidate(7, capacity_open=1, capacity_day=2)]
    out = lived([arrival(9, 1, busy=1), arrival(9.5, 2, busy=1), arrival(9.6, 3, busy=1)], people, Calendar({}))
    assert [round((out.given[place].at - MONDAY).total_seconds() / 3600, 1) for place in range(3)] == [
        9.0,
        10.0,
        24.0,
    ]


def test_days_off_come_and_go() -> None:
    off = ((MONDAY + timedelta(hours=10), MONDAY + timedelta(days=3)),)
    out = lived([arrival(11)], [Candidate(7)], Calendar({}, off=off))
    assert out.given[0].at == MONDAY + timedelta(days=3)
    assert list(edges(Calendar({}, off=off), MONDAY, MONDAY + timedelta(days=9)))[:2] != []
    assert len(list(midnights("Europe/Berlin", MONDAY, MONDAY + timedelta(days=60)))) == 60


def test_who_has_less_to_do_again_is_seen_so() -> None:
    people = [Candidate(pk, capacity_open=9, capacity_day=9) for pk in (1, 2)]
    leads = [arrival(1, 1, busy=9), arrival(2, 2, busy=1), arrival(4, 3), arrival(5, 4), arrival(6, 5)]
    out = lived(leads, people, Calendar({}), strategy="least_loaded")
    # the second's desk is empty from three o'clock on, so theirs is the third lead, and then it is turn about
    assert [out.given[place].rep for place in range(5)] == [1, 2, 2, 1, 2]


def test_whoever_is_back_at_night_gets_what_does_not_wait_for_the_morning() -> None:
    off = ((MONDAY, MONDAY + timedelta(hours=22)),)
    out = lived([arrival(20)], [Candidate(7)], Calendar(HOURS, off=off))
    assert (out.given[0].at, out.given[0].how) == (MONDAY + timedelta(hours=22), "off_hours")


def test_the_manager_is_off_when_they_were_off() -> None:
    rep, boss = Candidate(7, capacity_open=0), Candidate(8, capacity_open=99, capacity_day=99)
    over = Pool([boss], pointers={}, how="manager", hold_off_hours=True)
    desk = Desk([Route(1, "All", Pool([rep], pointers={}, hold_off_hours=True), fallback=over)], {7: rep})
    off = ((MONDAY - timedelta(days=1), MONDAY + timedelta(hours=5)),)
    calendars = {7: Calendar({}), 8: Calendar(HOURS, off=off)}
    past = Past(MONDAY, MONDAY + timedelta(days=2), [arrival(1), arrival(40)], calendars, {7: "UTC", 8: "UTC"})
    out = Replay(desk, past).run()
    assert [out.given[place].at for place in (0, 1)] == [MONDAY + timedelta(hours=5), MONDAY + timedelta(hours=40)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 330), st.one_of(st.none(), st.floats(0, 100)), st.integers(0, 99)), max_size=60),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5),
    st.booleans(),
)
def test_none_is_lost_or_given_twice_and_nobody_has_more_than_fits(
    leads: list[tuple[float, float | None, int]], room: list[tuple[int, int]], hold: bool
) -> None:
    leads.sort(key=lambda one: one[0])
    arrivals = [arrival(at, place, busy, score) for place, (at, busy, score) in enumerate(leads)]
    people = [Candidate(pk, capacity_open=most, capacity_day=day) for pk, (most, day) in enumerate(room)]
    out = lived(arrivals, people, Calendar(HOURS), hold_off_hours=hold)
    assert set(out.given) | out.held == set(range(len(arrivals)))
    spans = [(one.rep, one.at, arrivals[place].busy) for place, one in out.given.items()]
    for rep, at, _ in spans:
        busy = sum(
            1
            for other, start, length in spans
            if other == rep and start <= at and (length is None or start + length > at)
        )
        assert busy <= people[rep].capacity_open
        assert sum(1 for other, start, _ in spans if other == rep and start.date() == at.date()) <= (
            people[rep].capacity_day
        )
    for place, one in out.given.items():
        assert one.at >= arrivals[place].at
        assert not hold or Calendar(HOURS).is_working(one.at)


def truth() -> list[Any]:
    return [
        list(Handoff.objects.order_by("pk").values_list("pk", "state", "rep", "next_try_at")),
        list(Assignment.objects.order_by("pk").values_list("pk", "rep")),
        list(RoutingRule.objects.in_force().values_list("pk", "cursors", "records")),
    ]


@pytest.mark.django_db
def test_a_draft_is_tried_and_nothing_is_given_to_anybody(people: Any, login: Any) -> None:
    first, second = reps(2)
    mqls(10)
    assign_drain()
    draft = draft_begin(by=people("admin"))
    draft.rules.update(team=None)
    made = draft.rules.get()
    made.named.create(rep=first, weight=4)
    made.named.create(rep=second, weight=1)
    before = truth()
    row = replay_start(by=people("admin"), draft=draft)
    draft.rules.all().delete()  # it is tried as it was when it was asked for
    assert replay_drain() == 1
    row.refresh_from_db()
    found = row.result
    by_rep = {one["id"]: one for one in found["reps"]}
    assert (by_rep[first.pk]["then"], by_rep[second.pk]["then"]) == (5, 5)
    assert (by_rep[first.pk]["now"], by_rep[second.pk]["now"]) == (8, 2)
    assert (by_rep[first.pk]["change"], by_rep[first.pk]["expected"]) == ("+3", 8.0)
    assert (found["off_then"], found["off_live"], found["off_now"]) == (0.0, 0.0, 0.0)
    assert (found["live"]["given"], found["given"]) == (10, 10)
    assert [by_rep[one.pk]["live"] for one in (first, second)] == [5, 5]
    page = login("manager").get(reverse("handoff:replay", args=[row.pk])).content.decode()
    assert "10 by the rules in force, 10 then" in page and "0.0 by the rules in force" in page
    assert truth() == before
    one = Assignment.objects.earliest("pk")
    Assignment.objects.filter(pk=one.pk).update(how="overflow", at=one.handoff.opened_at + timedelta(minutes=5))
    row = replay_start(by=people("admin"), draft=None)
    replay_drain()
    row.refresh_from_db()
    zero = {"waiting": 0, "managers": 0, "off_hours": 0}
    assert row.result["before"] == {"given": 10, "held": 1, "overflowed": 1, "wait": 300} | zero


@pytest.mark.django_db
def test_time_off_of_the_past_counts(people: Any) -> None:
    away, there = reps(2)
    rows = mqls(6)
    long_ago = timezone.now() - timedelta(days=10)
    Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(opened_at=long_ago)
    TimeOff.objects.create(user=away, starts_at=long_ago - timedelta(days=1), ends_at=long_ago + timedelta(days=1))
    row = replay_start(by=people("admin"), draft=None)
    replay_drain()
    row.refresh_from_db()
    assert {one["id"]: one["now"] for one in row.result["reps"]}[there.pk] == 6


@pytest.mark.django_db
@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "best_performer"])
def test_the_rules_in_force_give_again_what_they_gave(people: Any, strategy: str) -> None:
    RoutingRule.objects.update(strategy=strategy, needs_language=True)
    reps(2, languages=["de", "en"], weight=2)
    reps(2, languages=["en"], capacity_open=7)
    for language in ("en", "de", "", "en"):
        mqls(6, language=language)
        assign_drain(limit=4)
    row = replay_start(by=people("admin"), draft=None)
    replay_drain()
    row.refresh_from_db()
    assert [one["change"] for one in row.result["reps"]] == ["0"] * 4, row.result["reps"]


@pytest.mark.django_db
def test_a_lead_that_moved_on_takes_no_room_as_in_truth(people: Any) -> None:
    rep = reps(1, capacity_open=1)[0]
    old, _ = mqls(2)
    long_ago = timezone.now() - timedelta(days=40)
    at = dict.fromkeys(("opened_at", "assigned_at", "decided_at"), long_ago)
    Handoff.objects.filter(pk=old.pk).update(state="accepted", rep=rep, **at)
    interest = stage_get("marketing", "interest")
    Standing.objects.filter(pk=old.lead_id).update(stage=interest, stage_since=long_ago + timedelta(days=1))
    row = replay_start(by=people("admin"), draft=None)
    replay_drain()
    row.refresh_from_db()
    assert (row.result["given"], row.result["waiting"]) == (1, 0)


@pytest.mark.django_db
def test_it_is_begun_watched_and_read(people: Any, login: Any) -> None:
    reps(2)
    mqls(4)
    assign_drain()
    client = login("manager")
    assert "Try on the last 30 days" in client.get(reverse("handoff:routing")).content.decode()
    answer = client.post(reverse("handoff:replay_start"), {"days": "30"})
    row = RoutingReplay.objects.get()
    assert answer.url == reverse("handoff:replay", args=[row.pk])
    status = reverse("handoff:replay_status", args=[row.pk])
    assert "Waiting for a worker" in client.get(answer.url).content.decode()
    assert "HX-Refresh" not in client.get(status).headers
    again = client.post(reverse("handoff:replay_start"), {"days": "30"}, follow=True)
    assert "under way already" in again.content.decode()
    replay_drain()
    assert client.get(status).headers["HX-Refresh"] == "true"
    page = client.get(answer.url).content.decode()
    assert "Leads for each rep" in page and "What the past does not know" in page and "were changed since" not in page
    RoutingRule.objects.update(nobody="hold")
    assert "were changed since" in client.get(answer.url).content.decode()
    refused = client.post(reverse("handoff:replay_start"), {"days": "x"}, follow=True).content.decode()
    assert "From 1 to 90 days" in refused


@pytest.mark.django_db
def test_it_is_cancelled_while_it_is_at_work(people: Any, login: Any, monkeypatch: Any) -> None:
    from handoff.services import replays

    reps(1)
    mqls(2)
    row = replay_start(by=people("admin"), draft=None)
    real = replays.replay_result

    def cancelled(replay: RoutingReplay, tell: Any) -> Any:
        login("manager").post(reverse("handoff:replay_cancel", args=[row.pk]))
        return real(replay, tell)

    monkeypatch.setattr(replays, "replay_result", cancelled)
    replay_drain()
    row.refresh_from_db()
    assert (row.state, row.cancelled, row.result) == ("done", True, {})
    assert "was cancelled" in login("manager").get(reverse("handoff:replay", args=[row.pk])).content.decode()
    assert replay_drain() == 0


def test_counts_of_equals_are_within_one() -> None:
    out = lived(
        [arrival(number / 10, number) for number in range(50)],
        [Candidate(pk, capacity_open=99, capacity_day=99) for pk in range(3)],
        Calendar({}),
    )
    assert sorted(Counter(one.rep for one in out.given.values()).values()) == [16, 17, 17]
