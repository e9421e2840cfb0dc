"""Many at once, with real threads and real transactions."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import Refused
from core.models import OutboxMessage
from core.outbox import drain
from deals.models import Deal
from funnels.models import Transition
from handoff.models import Assignment, Handoff, RoutingRule
from handoff.services import (
    assign_drain,
    clock_drain,
    handoff_accept,
    handoff_reassign,
    handoff_reject,
    qualify_scored,
)
from handoff.services.assign import assign_batch
from leads.models import Standing
from leads.services.erase import leads_erase
from team.models import Notice
from team.services import person_save
from tests.handoff.test_clocks import late
from tests.handoff.world import leads_make, mqls, reps, scored
from tests.personas import persona
from tests.threads import assert_none_failed, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_workers_two_hundred_handoffs_fair_and_none_twice() -> None:
    pool = reps(7)
    ids = [one.pk for one in mqls(200)]
    # small batches, each taken by whoever comes: the cursor alone keeps it fair
    chunks = [ids[start::8] for start in range(8)]

    def worker(mine: list[int]) -> Callable[[], int]:
        return lambda: sum(assign_batch(mine[start : start + 5]) for start in range(0, len(mine), 5))

    done = at_once(*(worker(chunk) for chunk in chunks))
    assert sum(done) == 200, done
    counts = Counter(Handoff.objects.values_list("rep", flat=True))
    assert len(counts) == len(pool) and max(counts.values()) - min(counts.values()) <= 1, counts
    assert Assignment.objects.count() == Deal.objects.count() == Notice.objects.filter(kind="handoff").count() == 200
    assert OutboxMessage.objects.filter(topic="handoff.mail").count() == 200


def test_eight_drains_at_once_over_the_same_handoffs() -> None:
    reps(3)
    mqls(60)
    done = at_once(*([lambda: assign_drain(limit=7)] * 8))
    assert_none_failed(done)
    assign_drain()
    assert Assignment.objects.count() == Deal.objects.count() == 60
    counts = Counter(Handoff.objects.values_list("rep", flat=True))
    assert set(counts.values()) == {20}


def test_drains_at_once_in_small_batches_fill_nobody_beyond_their_room() -> None:
    reps(3, capacity_open=5)
    mqls(30)
    done = at_once(*([lambda: assign_drain(limit=2)] * 4))
    assert_none_failed(done)
    assert sum(done) == 15
    counts = Counter(Handoff.objects.filter(state="assigned").values_list("rep", flat=True))
    assert set(counts.values()) == {5}
    assert Handoff.objects.filter(state="waiting", next_try_at__gt=timezone.now()).count() == 15


def test_two_clock_drains_at_once_escalate_once() -> None:
    reps(4)
    rows = mqls(12)
    assign_drain()
    for one in rows:
        late(one)
    done = at_once(*([clock_drain] * 4))
    assert_none_failed(done)
    assert sum(done) == 12
    assert Assignment.objects.filter(turn=2).count() == 12
    assert set(Handoff.objects.values_list("reroutes", flat=True)) == {1}


def test_accept_and_reject_at_once_one_wins() -> None:
    rep = persona("rep")
    RoutingRule.objects.update(team=rep.team)
    one = mqls()[0]
    assign_drain()
    done = at_once(
        lambda: handoff_accept(handoff_id=one.pk, by=rep),
        lambda: handoff_reject(handoff_id=one.pk, by=rep, reason_code="timing"),
        lambda: handoff_accept(handoff_id=one.pk, by=rep),
    )
    refused = [error for error in done if isinstance(error, Exception)]
    assert len(refused) == 2 and all(isinstance(error, Refused) for error in refused), done
    one.refresh_from_db()
    open_deals = Deal.objects.filter(stage__kind="open").count()
    assert open_deals == (1 if one.state == "accepted" else 0)


def test_accepting_at_the_deadline_either_moves_or_stays_never_both() -> None:
    reps(2)
    for _ in range(5):
        one = mqls()[0]
        assign_drain()
        one.refresh_from_db()
        late(one)
        rep = one.rep
        at_once(lambda one=one, rep=rep: handoff_accept(handoff_id=one.pk, by=rep), clock_drain)
        one.refresh_from_db()
        active = Assignment.objects.get(handoff=one, ended_at=None)
        assert active.rep == one.rep == Deal.objects.get(lead=one.lead).owner
        assert Standing.objects.get(pk=one.lead_id).owner == one.rep
        assert (one.state, one.rep == rep) in {("accepted", True), ("assigned", False)}


def test_scored_twice_at_once_opens_one_handoff() -> None:
    leads = leads_make(20, score=90)
    done = at_once(*([lambda: scored(leads)] * 4))
    assert_none_failed(done)
    assert Handoff.objects.count() == 20


def test_an_assign_drain_and_scoring_the_same_leads_do_not_deadlock() -> None:
    reps(2)
    rows = mqls(80)
    leads = [one.lead for one in rows]

    def rescore() -> None:
        for _ in range(5):
            scored(list(reversed(leads)))

    done = at_once(rescore, lambda: assign_drain(limit=10), rescore)
    assert_none_failed(done)
    assign_drain()
    assert Handoff.objects.filter(state="assigned", turn=1).count() == 80


def test_waiting_ones_are_not_looked_at_before_their_time() -> None:
    mqls(3)
    assign_drain()
    assert Handoff.objects.filter(state="waiting", next_try_at__gt=timezone.now()).count() == 3
    with connection.execute_wrapper(lambda run, sql, *rest: pytest.fail(sql) if "UPDATE" in sql else run(sql, *rest)):
        assert assign_drain() == 0
    qualify_scored([])


def test_a_rep_deactivated_in_the_middle_of_a_batch_keeps_nothing() -> None:
    leaving, staying = reps(2)
    mqls(6)
    admin = persona("admin")
    chosen, left = threading.Event(), threading.Event()

    def pause(run: Any, sql: str, *rest: Any) -> Any:
        """Everybody is chosen, nothing is written yet: the moment for the other one."""
        if sql.startswith('UPDATE "handoff_handoff"') and not chosen.is_set():
            chosen.set()
            left.wait(2)
        return run(sql, *rest)

    def assign() -> int:
        with connection.execute_wrapper(pause):
            return assign_drain()

    def leave() -> int:
        chosen.wait(30)
        person_save(person=leaving, by=admin, values={"is_active": False})
        done = drain()  # who left gives back what they had
        left.set()
        return done

    assert_none_failed(at_once(assign, leave))
    assert not Handoff.objects.filter(state="assigned", rep__is_active=False).exists()
    assign_drain()
    assert set(Handoff.objects.values_list("state", "rep")) == {("assigned", staying.pk)}
    assert Assignment.objects.filter(ended_at=None).count() == 6
    assert Deal.objects.count() == 6 and set(Deal.objects.values_list("owner", flat=True)) == {staying.pk}


def test_whoever_leaves_while_others_hand_over_keeps_nothing() -> None:
    pool, admin = reps(4), persona("admin")
    for leaving in pool[:3]:
        rows = mqls(20)
        done = at_once(
            lambda: assign_drain(limit=3),
            lambda leaving=leaving: person_save(person=leaving, by=admin, values={"is_active": False}),
            lambda rows=rows, leaving=leaving: handoff_reassign(handoff_id=rows[0].pk, to=leaving, by=admin),
            drain,
        )
        assert not [one for one in done if isinstance(one, Exception) and not isinstance(one, Refused)], done
    drain()
    assign_drain()
    assert set(Handoff.objects.values_list("state", "rep__is_active")) == {("assigned", True)}


def test_a_lead_erased_in_the_middle_of_a_batch_goes_with_what_the_batch_made_of_it() -> None:
    reps(2)
    rows = mqls(4)
    admin = persona("admin")
    chosen = threading.Event()

    def pause(run: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "handoff_handoff"') and not chosen.is_set():
            chosen.set()
            time.sleep(0.3)  # the other one is at the lead by now, and has to wait
        return run(sql, *rest)

    def assign() -> int:
        with connection.execute_wrapper(pause):
            return assign_drain()

    def erase() -> int:
        chosen.wait(30)
        return leads_erase(lead_ids=[rows[0].lead_id], by=admin)

    assert_none_failed(at_once(assign, erase))
    assert Assignment.objects.count() == Deal.objects.count() == Notice.objects.count() == 3
    assert not Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=rows[0].lead_id).exists()
    assert set(Handoff.objects.values_list("state", flat=True)) == {"assigned"}
