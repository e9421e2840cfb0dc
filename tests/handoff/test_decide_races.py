"""Two people decide at the same moment, with real threads and real transactions: whatever comes out, one owner, one
active assignment, one deal, a ledger without gaps, and the doctor is content."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from core.errors import Refused
from core.models import OutboxMessage
from core.outbox import drain
from deals.models import Deal, LostReason
from deals.services import deal_lose, deal_move, deal_win
from desk.models import Relief
from desk.services import relief as relief_service
from funnels.selectors import stage_get
from handoff.models import Assignment, Decision, Handoff, RoutingRule
from handoff.services import (
    assign_drain,
    handoff_accept,
    handoff_give_back,
    handoff_reassign,
    handoff_reject,
    handoff_take_over,
    handoff_undo,
)
from insights.services import rollup_drain
from leads.models import Standing
from leads.services import activity_record
from scoring.services import score_drain
from team.models import User
from team.services import person_save
from tests.handoff.test_doctor import doctor, honest
from tests.handoff.world import reps
from tests.personas import persona
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4
_number = count(1)


def given(pool: int = 1) -> tuple[Handoff, list[User]]:
    """A handoff with the first of these reps, and the others of the team."""
    mates = reps(pool, team=f"Race {next(_number)}")
    RoutingRule.objects.update(team=mates[0].team)
    one = honest(1)[0]
    User.objects.filter(pk__in=[mate.pk for mate in mates[1:]]).update(weight=0)
    assign_drain()
    User.objects.filter(pk__in=[mate.pk for mate in mates[1:]]).update(weight=1)
    one.refresh_from_db()
    assert one.rep is not None, one.waiting_why
    return one, [mate for mate in mates if mate.pk != one.rep_id]


def whole(one: Handoff, done: list[Any]) -> Handoff:
    """What must hold after any of these races."""
    odd = [error for error in done if isinstance(error, Exception) and not isinstance(error, Refused)]
    assert not odd, odd
    one.refresh_from_db()
    active = list(Assignment.objects.filter(handoff=one, ended_at=None).values_list("rep", flat=True))
    held = one.state in ("assigned", "accepted")
    assert active == ([one.rep_id] if held else []), (one.state, active, done)
    deal = Deal.objects.select_related("stage").get(lead=one.lead_id, lead_cycle=one.cycle)
    if held:
        assert deal.owner_id == one.rep_id == Standing.objects.get(pk=one.lead_id).owner_id
    assert (deal.accepted_at is not None) is (one.state == "accepted"), (one.state, done)
    score_drain()
    drain()
    rollup_drain()
    code, said = doctor()
    assert code == 0, (said, done)
    return one


def by(work: Callable[..., Any], one: Handoff, who: Any, **more: Any) -> Callable[[], Any]:
    return lambda: work(handoff_id=one.pk, by=who, **more)


def test_accept_reject_and_give_back_at_once() -> None:
    for _ in range(ROUNDS):
        one, _ = given(2)
        done = at_once(
            by(handoff_accept, one, one.rep),
            by(handoff_reject, one, one.rep, reason_code="timing"),
            by(handoff_give_back, one, one.rep, why="Not mine"),
        )
        assert sum(isinstance(error, Refused) for error in done) == 2, done
        whole(one, done)


@pytest.mark.parametrize("what", ["move", "win", "lose"])
def test_undo_while_the_deal_moves(what: str) -> None:
    reason = LostReason.objects.exclude(counts=False)[0]
    for _ in range(ROUNDS):
        one, _ = given()
        handoff_accept(handoff_id=one.pk, by=one.rep)
        deal = Deal.objects.get(lead=one.lead_id)
        go = {
            "move": lambda deal=deal, one=one: deal_move(deal=deal, to=stage_get("sales", "demo"), by=one.rep),
            "win": lambda deal=deal, one=one: deal_win(deal=deal, by=one.rep, amount=Decimal(100)),
            "lose": lambda deal=deal, one=one: deal_lose(deal=deal, by=one.rep, reason=reason, nurture=True),
        }[what]
        done = at_once(by(handoff_undo, one, one.rep), go)
        assert sum(isinstance(error, Refused) for error in done) == 1, done
        whole(one, done)


def test_undo_twice_and_while_somebody_calls() -> None:
    for _ in range(ROUNDS):
        one, _ = given()
        handoff_reject(handoff_id=one.pk, by=one.rep, reason_code="timing")
        lead, rep = one.lead, one.rep
        done = at_once(
            by(handoff_undo, one, rep),
            by(handoff_undo, one, persona("admin")),
            lambda lead=lead, rep=rep: activity_record(lead=lead, kind="call", by=rep),
        )
        assert Decision.objects.filter(handoff=one, undone_at__isnull=False).count() <= 1
        whole(one, done)


def test_reassign_while_accepting() -> None:
    for _ in range(ROUNDS):
        one, (other,) = given(2)
        rep = one.rep
        done = at_once(
            by(handoff_accept, one, rep),
            by(handoff_reassign, one, persona("admin"), to=other),
            by(handoff_reject, one, rep, reason_code="timing"),
        )
        whole(one, done)


def test_two_take_over_at_once_one_gets_it() -> None:
    for _ in range(ROUNDS):
        one, (first, second) = given(3)
        Handoff.objects.filter(pk=one.pk).update(due_at=timezone.now())
        done = at_once(by(handoff_take_over, one, first), by(handoff_take_over, one, second))
        whole(one, done)
        assert one.turn == 2 and one.rep in (first, second)
        assert sum(isinstance(error, Refused) for error in done) == 1, done


def test_reassign_while_the_deal_is_won() -> None:
    for _ in range(ROUNDS):
        one, (other,) = given(2)
        handoff_accept(handoff_id=one.pk, by=one.rep)
        deal, rep = Deal.objects.get(lead=one.lead_id), one.rep
        done = at_once(
            by(handoff_reassign, one, persona("admin"), to=other),
            lambda deal=deal, rep=rep: deal_win(deal=deal, by=rep, amount=Decimal(100)),
        )
        whole(one, done)


@pytest.mark.parametrize("who", ["receiver", "giver"])
def test_somebody_is_deactivated_in_the_middle_of_a_bulk(who: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(relief_service, "HANDOFFS", 2)
    leaving, to, third = reps(3, team="North")
    RoutingRule.objects.update(team=leaving.team)
    User.objects.filter(pk__in=[to.pk, third.pk]).update(weight=0)
    rows = honest(8)
    assign_drain()
    for one in rows[:3]:
        handoff_accept(handoff_id=one.pk, by=leaving)
    User.objects.filter(pk=third.pk).update(weight=1)
    admin = persona("admin")
    job = Relief.objects.create(by=admin, rep=leaving, to=to, kinds=list(Relief.Kind.values), why="leave", total=8)
    gone = to if who == "receiver" else leaving
    done = at_once(
        relief_service.relief_drain,
        lambda: person_save(person=User.objects.get(pk=gone.pk), by=admin, values={"is_active": False}),
        relief_service.relief_drain,
    )
    assert not [error for error in done if isinstance(error, Exception)], done
    drain()
    assign_drain()
    job.refresh_from_db()
    assert job.state == "done"
    assert not Handoff.objects.filter(state="assigned", rep__is_active=False).exists()
    for one in rows:
        whole(one, done)
    told = OutboxMessage.objects.filter(topic="user.deactivated", handler="handoff.services.rep_left", state="done")
    assert told.count() == 1


def test_a_bulk_while_the_rep_decides() -> None:
    for _ in range(ROUNDS):
        leaving, to = reps(2, team=f"Race {next(_number)}")
        RoutingRule.objects.update(team=leaving.team)
        User.objects.filter(pk=to.pk).update(weight=0)
        rows = honest(6)
        assign_drain()
        Relief.objects.create(by=persona("admin"), rep=leaving, to=to, kinds=["undecided", "accepted"], total=6)

        def decide(rows: list[Handoff] = rows, leaving: User = leaving) -> None:
            for place, one in enumerate(reversed(rows)):
                try:
                    if place % 2:
                        handoff_accept(handoff_id=one.pk, by=leaving)
                    else:
                        handoff_reject(handoff_id=one.pk, by=leaving, reason_code="timing")
                except Refused:
                    pass

        done = at_once(relief_service.relief_drain, decide)
        for one in rows:
            whole(one, done)
