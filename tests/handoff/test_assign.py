"""Giving leads to reps: fair, with capacity, once, and with the reason."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from core.models import OutboxMessage
from core.outbox import drain
from deals.models import Deal
from handoff.models import Assignment, Handoff, RoutingRule
from handoff.selectors import explanation_sentences
from handoff.services import assign_drain, handoff_accept, handoff_reassign, handoff_reject, rep_left
from handoff.services.pool import Routing
from leads.models import Company, Standing
from team.models import Notice, Team, TimeOff, User
from tests.handoff.world import ALWAYS, mqls, reps

pytestmark = pytest.mark.django_db


def counts() -> Counter[int]:
    return Counter(Handoff.objects.exclude(rep=None).values_list("rep", flat=True))


def test_an_assignment_brings_everything_with_it() -> None:
    rep = reps(1)[0]
    one = mqls()[0]
    assert assign_drain() == 1
    one.refresh_from_db()
    assert (one.state, one.rep, one.turn, one.waiting_why) == ("assigned", rep, 1, "")
    assert one.assigned_at and one.due_at and one.warn_at
    assert one.assigned_at < one.warn_at < one.due_at
    assert Standing.objects.get(pk=one.lead_id).owner == rep
    assert Deal.objects.get(lead=one.lead, lead_cycle=1).owner == rep
    assert Notice.objects.get(user=rep).key == f"handoff:{one.pk}:1"
    assert OutboxMessage.objects.get(topic="handoff.mail").key == f"handoff:{one.pk}:1"
    assert drain() == 1
    sent = mail.outbox[0]
    assert sent.to == [rep.email] and sent.subject == f"New lead: {one.lead.name}"
    assert sent.extra_headers["Message-ID"].startswith(f"<handoff-{one.pk}-1@")
    assert "Score 80 passed the bar of 60" in sent.body and "Answer by:" in sent.body


def test_mail_of_a_hostile_name_is_escaped() -> None:
    reps(1)
    mqls(first_name="<script>alert(1)</script>")
    assign_drain()
    drain()
    html = str(mail.outbox[0].alternatives[0][0])
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_no_mail_about_a_lead_that_somebody_else_has_meanwhile(people: Any) -> None:
    first, second = reps(2)
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    handoff_reassign(handoff_id=one.pk, to=second if one.rep == first else first, by=people("admin"))
    assert drain() == 2
    one.refresh_from_db()
    assert [sent.to for sent in mail.outbox] == [[one.rep.email]]


def test_no_mail_for_who_wants_none() -> None:
    rep = reps(1, notify_email=False)[0]
    mqls()
    assign_drain()
    assert not OutboxMessage.objects.filter(topic="handoff.mail").exists()
    assert Notice.objects.filter(user=rep).count() == 1


def test_equals_get_equal_shares_and_weights_count() -> None:
    small, large = reps(1)[0], reps(1, weight=3)[0]
    mqls(40)
    assign_drain()
    assert counts() == {small.pk: 10, large.pk: 30}


def test_three_times_run_is_once() -> None:
    reps(2)
    mqls(5)
    assert [assign_drain() for _ in range(3)] == [5, 0, 0]
    assert Assignment.objects.count() == Notice.objects.count() == Deal.objects.count() == 5


def test_who_comes_back_gets_no_flood() -> None:
    here, away = reps(2)
    off = TimeOff.objects.create(
        user=away, starts_at=timezone.now() - timedelta(days=1), ends_at=timezone.now() + timedelta(days=1)
    )
    mqls(10)
    assign_drain()
    assert counts() == {here.pk: 10}
    off.delete()
    mqls(10)
    assign_drain()
    assert counts()[away.pk] == 5


def test_a_full_rep_is_skipped_and_the_next_waits_with_the_reason() -> None:
    first, second = reps(2, capacity_open=1)
    _, _, left = mqls(3)
    manager = User.objects.create(email="boss@test.example", name="Boss", is_manager=True)
    assign_drain()
    assert counts() == {first.pk: 1, second.pk: 1}
    left = Handoff.objects.get(state="waiting")
    assert left.waiting_why == "Nobody of the pool of “Everybody else” can have it: 2 full."
    assert left.next_try_at > timezone.now()
    assert Notice.objects.filter(user=manager, kind="held").count() == 1
    Handoff.objects.update(next_try_at=timezone.now())
    assign_drain()
    assert Notice.objects.filter(user=manager, kind="held").count() == 1


def test_instant_ones_go_first_then_the_best_score() -> None:
    reps(1, capacity_open=2)
    low, high = mqls(score=61)[0], mqls(score=99)[0]
    demo = mqls(score=1, deed="demo_requested")[0]
    assign_drain()
    states = {one.pk: one.state for one in Handoff.objects.all()}
    assert states == {demo.pk: "assigned", high.pk: "assigned", low.pk: "waiting"}


def test_capacity_of_the_day() -> None:
    reps(1, capacity_day=2)
    mqls(3)
    assert assign_drain() == 2
    assert "1 full" in Handoff.objects.get(state="waiting").waiting_why


def test_the_first_rule_that_holds_decides() -> None:
    east, west = reps(1, team="East")[0], reps(1, team="West")[0]
    RoutingRule.objects.update(position=9, team=west.team)
    RoutingRule.objects.create(
        name="Kenya", condition={"fact": "lead.country", "op": "is", "value": "Kenya"}, team=east.team
    )
    here, there = mqls(country="Kenya")[0], mqls(country="Peru")[0]
    assign_drain()
    assert Handoff.objects.get(pk=here.pk).rep == east
    assert Handoff.objects.get(pk=there.pk).rep == west
    told = explanation_sentences(Assignment.objects.get(handoff=there))
    assert told[0] == "Rule “Kenya” does not hold for this lead."
    assert f"{west.name} has it: next in turn." in told


def test_no_rule_holds_the_lead_waits_and_says_so() -> None:
    reps(1)
    RoutingRule.objects.update(condition={"fact": "lead.country", "op": "is", "value": "Kenya"})
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.waiting_why == "No routing rule matches this lead."


def test_a_team_without_reps_holds() -> None:
    RoutingRule.objects.update(team=Team.objects.create(name="Nobody"))
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.waiting_why == "The pool of “Everybody else” has no active reps."


def test_the_owner_of_the_company_comes_first() -> None:
    _, owner = reps(2)
    one = mqls()[0]
    Company.objects.filter(leads=one.lead).update(owner=owner)
    assign_drain()
    one.refresh_from_db()
    assert one.rep == owner
    told = explanation_sentences(Assignment.objects.get())
    assert f"{owner.name} has it: owns the company." in told


def test_off_hours_assigned_anyway_or_held_as_the_rule_says() -> None:
    never = {str((timezone.now() + timedelta(days=3)).weekday()): [["09:00", "17:00"]]}
    rep = reps(1, working_hours=never)[0]
    one = mqls()[0]
    RoutingRule.objects.update(nobody="hold")
    assign_drain()
    one.refresh_from_db()
    assert one.state == "waiting" and "1 not at work" in one.waiting_why
    RoutingRule.objects.update(nobody="anyway")
    Handoff.objects.update(next_try_at=timezone.now())
    assign_drain()
    one.refresh_from_db()
    assert one.rep == rep and Assignment.objects.get().how == "off_hours"


def test_who_is_at_work_comes_before_who_is_not() -> None:
    never = {str((timezone.now() + timedelta(days=3)).weekday()): [["09:00", "17:00"]]}
    asleep, awake = reps(1, working_hours=never)[0], reps(1, working_hours=ALWAYS)[0]
    mqls(4)
    assign_drain()
    assert counts() == {awake.pk: 4}
    told = explanation_sentences(Assignment.objects.first())
    assert f"{asleep.name} was skipped: is not at work now." in told


def test_one_bad_handoff_does_not_stop_the_others(monkeypatch: Any) -> None:
    """A listener that fails for one lead: that one waits with the error, the rest get their reps."""
    import deals.services

    reps(1)
    bad, *_ = mqls(4)
    real = deals.services.deals_open_for_handoffs

    def failing(payloads: Any) -> Any:
        if any(one["handoff_id"] == bad.pk for one in payloads):
            raise ValueError("no deal for this one")
        return real(payloads)

    monkeypatch.setattr(deals.services, "deals_open_for_handoffs", failing)
    assert assign_drain() == 3
    bad.refresh_from_db()
    assert bad.state == "waiting" and "no deal for this one" in bad.waiting_why
    assert not Notice.objects.filter(key=f"handoff:{bad.pk}:1").exists()


def test_somebody_leaves_and_the_lead_finds_another() -> None:
    leaver, stayer = reps(2)
    mqls(2)
    assign_drain()
    theirs = Handoff.objects.get(rep=leaver)
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    for _ in range(3):
        rep_left("user:1", user_id=leaver.pk)
    assign_drain()
    theirs.refresh_from_db()
    assert (theirs.rep, theirs.turn) == (stayer, 2)
    assert Deal.objects.get(lead=theirs.lead).owner == stayer
    assert list(theirs.assignments.values_list("ended_why", flat=True)) == [f"{leaver} left", ""]


def test_the_managers_hear_of_accepted_leads_of_who_left(people: Any) -> None:
    rep, manager = people("rep"), people("manager")
    RoutingRule.objects.update(team=rep.team)
    one = mqls()[0]
    assign_drain()
    handoff_accept(handoff_id=one.pk, by=rep)
    rep_left("user:1", user_id=rep.pk)
    assert "Accepted leads with their deals and tasks: 1. " in Notice.objects.get(user=manager, kind="left").body


def test_what_was_counted_holds_until_somebody_else_gives_leads_out_or_a_moment_is_over() -> None:
    """A drain counts everybody's leads once for several batches."""
    rep = reps(1, capacity_open=2)[0]
    now = timezone.now()
    kept = Routing.load([], now=now).keep()
    Handoff.objects.filter(pk__in=[one.pk for one in mqls(2)]).update(
        state="assigned", rep=rep
    )  # unseen by the turns
    assert Routing.load([], now=now + timedelta(seconds=1), kept=kept).candidates[rep.pk].open == 0
    assert Routing.load([], now=now + timedelta(seconds=6), kept=kept).candidates[rep.pk].open == 2
    assert Routing.load([], now=now + timedelta(seconds=1)).candidates[rep.pk].open == 2
    User.objects.filter(pk=rep.pk).update(capacity_open=9)
    mqls(1)
    assert assign_drain() == 1
    assert Routing.load([], now=now + timedelta(seconds=1), kept=kept).candidates[rep.pk].open == 3


def test_room_that_is_made_between_two_batches_of_a_drain_is_found_before_anybody_waits() -> None:
    rep = reps(1, capacity_open=1)[0]
    first, second = mqls(1, score=99)[0], mqls(1, score=70)[0]

    def reject(run: Any, sql: str, *rest: Any) -> Any:
        """When the second batch begins, the rep gives the first one's lead back."""
        with_rep = Handoff.objects.filter(pk=first.pk, state="assigned")
        if sql.startswith("SELECT") and 'FROM "handoff_routingrule"' in sql and with_rep.exists():
            handoff_reject(handoff_id=first.pk, by=rep, reason_code="timing")
        return run(sql, *rest)

    with connection.execute_wrapper(reject):
        assert assign_drain(limit=1) == 2
    assert list(Handoff.objects.order_by("pk").values_list("state", "rep")) == [
        ("rejected", rep.pk),
        ("assigned", rep.pk),
    ]
    second.refresh_from_db()
    assert second.waiting_why == ""
