"""Two beats by mistake, two workers: what is due is done by both at the same moment, and happens once."""

import signal
from datetime import timedelta

import pytest

from core.clock import db_now
from core.models import OutboxMessage
from handoff.models import Assignment, Handoff
from team.models import Notice, Team, User
from tests.flow.world import ALWAYS, drained, faults, mailed_again, mails, reps

pytestmark = pytest.mark.slow
LEADS = 6


def due(**fields) -> None:
    """All handoffs' clocks, put where the test needs them."""
    Handoff.objects.update(**fields)
    Assignment.objects.filter(ended_at=None).update(due_at=fields["due_at"])


def sweeps(workers) -> int:
    return sum(worker.output().count("Task core.tasks.sweep") for worker in workers)


def over() -> None:
    """Time has run out, and the warning was before that."""
    late = db_now() - timedelta(seconds=1)
    due(warn_at=late, due_at=late)


def test_two_beats_warn_escalate_and_mail_once(stack, client):
    reps(3)
    boss = User.objects.create_user(
        email="boss@test.example", name="Boss", is_manager=True, team=Team.objects.get(), working_hours=ALWAYS
    )
    beats = [stack.start_beat() for _ in range(2)]
    workers = [stack.start_worker(wait=False), stack.start_worker()]
    client.captures("twice", LEADS)
    stack.wait_until(drained, seconds=40)
    assert Handoff.objects.filter(state=Handoff.State.ASSIGNED).count() == LEADS

    now = db_now()
    due(warn_at=now - timedelta(seconds=1), due_at=now + timedelta(hours=1))
    stack.wait_until(lambda: not Handoff.objects.filter(warned_at=None).exists(), message="nobody was warned")
    for turn in (1, 2):  # at the deadline to another rep, and from there to the third
        over()
        again = Handoff.objects.filter(reroutes=turn)
        stack.wait_until(lambda again=again: again.count() == LEADS, message=f"not escalated in turn {turn}")
        stack.wait_until(drained, seconds=40)  # who has lost the lead again before the e-mail goes gets none
    over()  # nobody is left who has not had it: it stays, and is flagged
    stack.wait_until(lambda: not Handoff.objects.filter(escalated_at=None).exists(), message="not flagged")
    stack.wait_until(drained, seconds=40)
    for one in beats:  # each of them alone wakes the workers: they were two all the time
        one.signal(signal.SIGSTOP)
        seen = sweeps(workers)
        stack.wait_until(lambda seen=seen: sweeps(workers) >= seen + 6, message="the other beat wakes nobody")
        one.signal(signal.SIGCONT)

    assert faults(client) == []
    assert Assignment.objects.count() == 3 * LEADS
    assert Assignment.objects.filter(ended_at=None).count() == LEADS
    assert set(Handoff.objects.values_list("reroutes", flat=True)) == {2}
    for kind, times in {"warning": 1, "escalated": 3}.items():
        told = Notice.objects.filter(kind=kind)
        if kind == "escalated":
            assert told.filter(user=boss).count() == times * LEADS
            told = told.exclude(user=boss)
        assert told.count() == times * LEADS, kind
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("done", 1)}
    assert mailed_again() == 0 and sum(mails().values()) == 3 * LEADS
    assert all("Task core.tasks.sweep" in worker.output() for worker in workers)
