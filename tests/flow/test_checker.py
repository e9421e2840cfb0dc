"""Is the judge of the chaos run any good? What is sound passes; every damage and every broken build does not."""

import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import F

from bench.chaos.check import Case, check
from bench.chaos.ledger import Book, Promise, read
from core.clock import db_now
from core.models import OutboxMessage
from deals.models import Deal
from funnels.models import Transition
from handoff.models import Assignment, Handoff
from insights.models import DayCount
from leads.models import Activity, InboxItem, Lead, Standing
from team.models import Notice
from tests.flow.test_twins import BROKEN, without
from tests.flow.world import Client, drained, reps
from tests.machinery.stack import free_port

pytestmark = pytest.mark.slow


def judged(client: Client, people: list, **more) -> list[str]:
    """What the judge says, with the client's list of what was accepted as the ledger."""
    promises = {key: Promise(key, "capture", email, True, [202]) for key, email in client.accepted.items()}
    mails = Path(settings.VAR_DIR) / "mail"
    return check(Case(promises, f"api:{client.user.pk}", mails, reps=[one.pk for one in people], **more)).findings


def _unknown() -> None:
    InboxItem.objects.create(source=InboxItem.objects.first().source, key="nobody", body={"activities": []})


def _another_rep() -> None:
    rep = Assignment.objects.first().rep
    Assignment.objects.update(rep=rep)
    Handoff.objects.update(rep=rep)


def _handoff_without_a_pass() -> None:
    Handoff.objects.create(lead=Lead.objects.first(), cycle=9, score=1, why="x")


def _held() -> None:
    past = db_now() - timedelta(minutes=5)
    OutboxMessage.objects.filter(pk=OutboxMessage.objects.first().pk).update(state="pending", lease_until=past)


# What is done to a sound database, and what the judge's finding must begin with.
DAMAGES: dict[str, tuple[Callable[[], object], str]] = {
    "a capture is gone": (lambda: InboxItem.objects.first().delete(), "I1: capture"),
    "a capture that nobody sent": (_unknown, "I1: nobody is there"),
    "a lead is gone": (lambda: Lead.objects.first().delete(), "I2:"),
    "a capture is put aside": (lambda: InboxItem.objects.update(state="quarantined"), "I2: capture"),
    "a deed is gone": (lambda: Activity.objects.first().delete(), "I2: 12 deeds"),
    "a deal is gone": (lambda: Deal.objects.first().delete(), "I3: lead"),
    "nobody has it any more": (lambda: Assignment.objects.update(ended_at=db_now()), "I3: lead"),
    "a handoff without a pass over the bar": (_handoff_without_a_pass, "I3: lead"),
    "a bell did not ring": (lambda: Notice.objects.first().delete(), "I4: handoff:"),
    "a letter was never meant": (lambda: OutboxMessage.objects.first().delete(), "I4: handoff:"),
    "a letter was given up": (lambda: OutboxMessage.objects.update(state="dead"), "I4: handoff:"),
    "one rep has them all": (_another_rep, "I5: equals got 0 to 12"),
    "the ledger has a gap": (lambda: Transition.objects.filter(seq=1).delete(), "doctor: funnels: ledger"),
    "a sum is wrong": (lambda: DayCount.objects.update(n=F("n") + 1), "doctor: config: insights"),
    "a score is no fold": (lambda: Standing.objects.update(score=F("score") + 1), "doctor: scoring: scoring"),
    "a lease is over": (_held, "doctor: core: outbox: no lease"),
    "a lead of tomorrow": (
        lambda: Lead.objects.update(created_at=db_now() + timedelta(days=1)),
        "doctor: 12 of leads",
    ),
}


def test_every_damage_is_found(stack, client):
    people = reps(3)
    worker, beat = stack.start_worker(wait=False), stack.start_beat()
    client.captures("sound", 12)
    stack.wait_until(drained, seconds=40)
    for one in (beat, worker):
        stack.kill(one)
    assert judged(client, people) == []
    for name, (damage, expected) in DAMAGES.items():
        with transaction.atomic():
            damage()
            found = judged(client, people)
            transaction.set_rollback(True)
        assert [one for one in found if one.startswith(expected)], f"{name}: {found}"
    assert judged(client, people) == []

    folder = Path(settings.VAR_DIR) / "mail"
    letter = next(folder.glob("*"))
    shutil.copy(letter, folder / "again.log")
    assert [one for one in judged(client, people) if one.startswith("I6: 1 e-mails")]
    assert judged(client, people, mails_again_most=1) == []
    letter.unlink()
    (folder / "again.log").unlink()
    assert [one for one in judged(client, people) if "no e-mail went out" in one]


def test_a_promise_that_was_not_kept_to_the_sender_is_found(stack, client):
    people = reps(2)
    client.accepted["never-sent"] = "never@sent.example"
    assert [one for one in judged(client, people) if one.startswith("I1: capture never-sent")]


def test_a_second_copy_of_a_capture_is_found(stack, client):
    """The inbox without its unique key, and a sender who sends again because the answer was lost."""
    people = reps(2)
    with without("leads", "InboxItem", "inbox_once"):
        for _ in range(2):
            client.capture("twice")
        found = judged(client, people)
        InboxItem.objects.all().delete()
    assert [one for one in found if one.startswith("I1: capture twice is there 2 times")]


def test_a_server_that_answers_before_it_wrote_is_found(stack, client):
    people = reps(2)
    port = free_port()
    words = [
        "-m",
        "gunicorn",
        "-c",
        "python:config.gunicorn",
        "-b",
        f"127.0.0.1:{port}",
        "tests.flow.broken_web:application",
    ]
    web = stack.start("web", [sys.executable, *words], env={"WEB_CONCURRENCY": "1"})
    stack._url = f"http://127.0.0.1:{port}"
    stack.wait_until(lambda: stack.answers(f"{stack.url}/healthz/"))
    client.capture("early")
    stack.kill(web)
    assert [one for one in judged(client, people) if one.startswith("I1: capture early")]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ("apart", "I3: lead"),
        ("early", "I2: early-0@early-0.example"),
        ("again", "I6: 8 e-mails"),
        ("unfair", "I5: equals got"),
    ],
)
def test_a_broken_build_is_found(stack, client, tmp_path, build, expected):
    people = reps(4)
    env = {"BROKEN": build, "BROKEN_MARKS": str(tmp_path)}
    stack.start_beat()
    _ = stack.url
    with ExitStack() as held:
        held.callback(Lead.objects.all().delete)
        if build != "unfair":
            client.captures(build, 8)
        stack.start_worker(app=BROKEN, env=env)
        if build == "unfair":
            for number in range(8):  # one at a time: in one batch the turns are kept in mind
                client.capture(f"{build}-{number}")
                stack.wait_until(lambda n=number: Assignment.objects.count() == n + 1)
        stack.wait_until(drained, seconds=40)
        found = judged(client, people)
    assert [one for one in found if one.startswith(expected)], found


def test_the_ledger_knows_what_was_answered(tmp_path):
    book = Book(tmp_path / "ledger")
    book.meant("a", "capture", "a@a.example", True)
    book.answered("a", 0)
    book.answered("a", 202)
    book.meant("b", "form", "b@b.example", False)
    with (tmp_path / "ledger").open("a") as file:
        file.write('{"key": "b", "sta')  # killed while it wrote
    found = read(tmp_path / "ledger")
    assert (found["a"].accepted, found["a"].retried, found["a"].answers) == (True, True, [0, 202])
    assert (found["b"].accepted, found["b"].answers) == (False, [])
