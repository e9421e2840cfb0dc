"""The human clock through its drain: warnings, escalation, another rep. Working time: tests/team/test_calendar.py."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from deals.models import Deal
from deals.services import deal_reopen, deal_win
from handoff.models import Assignment, Handoff, RoutingRule, SlaPolicy
from handoff.selectors import handoff_counts, handoff_of_lead, queue_for
from handoff.services import assign_drain, clock_drain, handoff_accept, handoff_reassign
from handoff.services.sla_settings import running_counts
from leads.models import Standing
from leads.services import activity_record
from team.models import Notice, User, office_hours
from team.rules import Calendar
from tests.handoff.world import assigned, mqls, reps


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
    assert one.due_at == Calendar(rep.working_hours, "Asia/Tokyo").due_at(one.assigned_at, 240)


@pytest.mark.django_db
def test_one_warning_before_the_deadline() -> None:
    rep = reps(1, time_zone="Asia/Tokyo")[0]
    one = mqls()[0]
    assign_drain()
    assert clock_drain() == 0
    due = timezone.now() + timedelta(days=2, hours=3, seconds=30)
    Handoff.objects.update(warn_at=timezone.now() - timedelta(seconds=1), due_at=due)
    assert [clock_drain() for _ in range(3)] == [1, 0, 0]
    notice = Notice.objects.get(user=rep, kind="warning")
    assert notice.key == f"handoff:{one.pk}:1:warn"
    assert notice.body.startswith(f"2 d 3 h left, until {due.astimezone(ZoneInfo('Asia/Tokyo')):%a %d %b %H:%M}. ")


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
def test_who_comes_to_work_after_the_deadline_gets_what_nobody_could_take(people: Any) -> None:
    manager, rep = people("manager"), people("rep")
    one = assigned(rep)
    late(one)
    assert [clock_drain() for _ in range(2)] == [1, 0]
    mate = reps(1, team="North")[0]
    assert clock_drain() == 0, "looked at again every quarter of an hour"
    Handoff.objects.update(escalated_at=timezone.now() - timedelta(hours=1), next_try_at=timezone.now())
    assert [clock_drain() for _ in range(2)] == [1, 0]
    one.refresh_from_db()
    assert (one.rep, one.reroutes, one.escalated_at) == (mate, 1, None) and one.due_at > timezone.now()
    bodies = Notice.objects.filter(user=manager, kind="escalated").order_by("pk").values_list("body", flat=True)
    assert list(bodies) == ["It stays there: please look after it.", f"{mate.name} has it now."]
    late(one)
    clock_drain()
    Handoff.objects.update(escalated_at=timezone.now() - timedelta(hours=1), next_try_at=timezone.now())
    assert [clock_drain() for _ in range(2)] == [1, 0], "still nobody: looked at, told of no second time"
    assert Notice.objects.filter(user=manager, kind="escalated").count() == 3
    one.refresh_from_db()
    assert one.next_try_at > timezone.now() and one.rep == mate


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
def test_who_gets_a_lead_that_nobody_called_has_a_clock_of_their_own(people: Any) -> None:
    """Accepted, late, told of once, and given to a colleague: late again, it is told of again."""
    manager, rep = people("manager"), people("rep")
    one = assigned(rep)
    handoff_accept(handoff_id=one.pk, by=rep)
    late(one)
    clock_drain()
    mate = reps(1, team="North")[0]
    handoff_reassign(handoff_id=one.pk, to=mate, by=manager)
    one.refresh_from_db()
    assert (one.state, one.rep, one.escalated_at) == ("accepted", mate, None) and one.due_at > timezone.now()
    assert Assignment.objects.get(handoff=one, turn=2).due_at == one.due_at
    late(one)
    clock_drain()
    told = Notice.objects.filter(user=manager, kind="escalated").order_by("pk").values_list("title", flat=True)
    assert [title.split(" did")[0] for title in told] == [rep.name, mate.name]
    activity_record(lead=one.lead, kind="call", by=mate)
    answered = Handoff.objects.get(pk=one.pk)
    handoff_reassign(handoff_id=one.pk, to=rep, by=manager)
    one.refresh_from_db()
    assert (one.responded_at, one.due_at) == (answered.responded_at, answered.due_at), "what was answered stays so"
    assert Assignment.objects.get(handoff=one, turn=3).due_at is None, "there is nothing to be late with"


@pytest.mark.django_db
def test_a_deal_that_is_won_waits_for_no_answer_until_it_is_open_again(people: Any, login: Any) -> None:
    """Nobody is told that a customer was not called in time, and no list says so."""
    rep = people("rep")
    one = assigned(rep)
    handoff_accept(handoff_id=one.pk, by=rep)
    deal = deal_win(deal=Deal.objects.get(lead=one.lead_id), by=rep, amount=Decimal(100))
    late(one)
    assert clock_drain() == 0 and handoff_counts(rep, timezone.now())["late"] == 0 and running_counts() == (0, 0)
    client, page = login("rep"), reverse("handoff:list") + "?state=late"
    assert one.lead.name not in client.get(page).content.decode()
    shown = client.get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert "stopped without an answer" in shown and 'role="timer"' not in shown
    deal_reopen(deal=deal, by=rep)
    assert one.lead.name in client.get(page).content.decode()
    assert clock_drain() == 1


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
