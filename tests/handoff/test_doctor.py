"""The doctor is clean after the whole way, and catches the broken twin of each invariant."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from core.models import OutboxMessage
from deals.models import Deal
from funnels.models import Stage, Transition
from funnels.selectors import stage_get
from handoff.models import Assignment, Handoff
from handoff.services import assign_drain, handoff_accept, handoff_reject
from leads.models import InboxItem, Lead, Standing
from scoring.services import score_drain
from team.models import Held, Notice, NotifyPlan
from tests.handoff.world import leads_make, reps

pytestmark = pytest.mark.django_db


def doctor() -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("doctor", "--json", stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


@pytest.fixture
def whole_way() -> list[Handoff]:
    """Handoffs in every state, as the services leave them; no mark left for scoring."""
    reps(2)
    rows = honest(6)
    assign_drain()
    for one in rows:
        one.refresh_from_db()
    handoff_accept(handoff_id=rows[0].pk, by=rows[0].rep)
    handoff_reject(handoff_id=rows[1].pk, by=rows[1].rep, reason_code="timing")
    handoff_reject(handoff_id=rows[2].pk, by=rows[2].rep, reason_code="bad_fit")
    score_drain()
    for one in rows:
        one.refresh_from_db()
    return rows


def honest(how_many: int) -> list[Handoff]:
    """Handoffs of leads that asked for a demo, scored by the scorer itself."""
    leads = leads_make(how_many, score=None, deed="demo_requested")
    score_drain()
    return list(Handoff.objects.filter(lead__in=leads).order_by("pk"))


def test_clean_after_the_whole_way(whole_way: Any) -> None:
    code, said = doctor()
    assert (code, said) == (0, {"healthy": True, "findings": []})


OLD = timedelta(hours=2)


def ago() -> Any:
    return timezone.now() - OLD


def no_handoff(rows: list[Handoff]) -> None:
    Handoff.objects.filter(pk=rows[3].pk).delete()


def no_move(rows: list[Handoff]) -> None:
    Handoff.objects.create(lead=rows[3].lead, cycle=9, why="x", score=1)


def second_active(rows: list[Handoff]) -> None:
    Assignment.objects.filter(handoff=rows[3]).update(ended_at=timezone.now())


def other_rep(rows: list[Handoff]) -> None:
    Handoff.objects.filter(pk=rows[3].pk).update(rep=rows[4].rep)


def active_on_rejected(rows: list[Handoff]) -> None:
    Assignment.objects.filter(handoff=rows[1]).update(ended_at=None)


def owner_lost(rows: list[Handoff]) -> None:
    Standing.objects.filter(pk=rows[3].lead_id).update(owner=None)


def no_notice(rows: list[Handoff]) -> None:
    Notice.objects.filter(key=f"handoff:{rows[3].pk}:1").delete()


def no_mail(rows: list[Handoff]) -> None:
    OutboxMessage.objects.filter(key=f"handoff:{rows[3].pk}:1").delete()


def not_routed(rows: list[Handoff]) -> None:
    Handoff.objects.filter(pk=honest(1)[0].pk).update(next_try_at=ago())


def not_escalated(rows: list[Handoff]) -> None:
    Handoff.objects.filter(pk=rows[3].pk).update(due_at=ago())


def undated(rows: list[Handoff]) -> None:
    Handoff.objects.filter(pk=rows[0].pk).update(decided_at=None)


def no_deal(rows: list[Handoff]) -> None:
    Deal.objects.filter(lead=rows[3].lead).delete()


def deal_of_nothing(rows: list[Handoff]) -> None:
    Deal.objects.filter(lead=rows[3].lead).update(lead_cycle=7)


def deal_closed_open(rows: list[Handoff]) -> None:
    Deal.objects.filter(lead=rows[3].lead).update(closed_at=timezone.now())


def gap(rows: list[Handoff]) -> None:
    Transition.objects.filter(kind=1, traveller_id=rows[3].lead_id, seq=1).delete()


def torn(rows: list[Handoff]) -> None:
    row = Transition.objects.get(kind=1, traveller_id=rows[3].lead_id, seq=2)
    row.delete()
    row.from_stage = stage_get("marketing", "evaluation")
    row.save(force_insert=True)


def stage_written_by_hand(rows: list[Handoff]) -> None:
    stage = Stage.objects.get(key="evaluation")
    Standing.objects.filter(pk=rows[3].lead_id).update(stage=stage)


def rows_beyond(rows: list[Handoff]) -> None:
    Standing.objects.filter(pk=rows[3].lead_id).update(seq=1)


def lease_lost(rows: list[Handoff]) -> None:
    OutboxMessage.objects.filter(topic="handoff.mail").update(lease_until=ago(), due_at=ago())


def stuck(rows: list[Handoff]) -> None:
    InboxItem.objects.update(state="pending", due_at=ago(), done_at=None)


def done_never(rows: list[Handoff]) -> None:
    InboxItem.objects.update(done_at=None)


def nowhere(rows: list[Handoff]) -> None:
    Lead.objects.create(email="lost@x.example", email_key="lost@x.example")


def unscored(rows: list[Handoff]) -> None:
    Standing.objects.filter(pk=rows[3].lead_id).update(score_due_at=ago())


def held_forgotten(rows: list[Handoff]) -> None:
    rep = rows[3].rep
    assert rep
    Held.objects.create(user=rep, notice=Notice.objects.filter(user=rep)[0], until=ago())


def digest_forgotten(rows: list[Handoff]) -> None:
    NotifyPlan.objects.create(user=rows[3].rep, digest=True, digest_next_at=ago())


def digest_never(rows: list[Handoff]) -> None:
    NotifyPlan.objects.create(user=rows[3].rep, digest=True)


def handler_gone(rows: list[Handoff]) -> None:
    OutboxMessage.objects.create(topic="x", key="x", handler="core.mail.gone")


def half_undone(rows: list[Handoff]) -> None:
    rows[0].decisions.update(undone_at=timezone.now())


def sql_left_behind(rows: list[Handoff]) -> None:
    Deal.objects.filter(lead=rows[3].lead).update(accepted_at=timezone.now())


def sql_forgotten(rows: list[Handoff]) -> None:
    Deal.objects.filter(lead=rows[0].lead).update(accepted_at=None)


TWINS: list[tuple[Callable[[list[Handoff]], None], str]] = [
    (no_handoff, "who passed the bar has one"),
    (no_move, "a handoff has its move"),
    (second_active, "one active assignment"),
    (other_rep, "the rep is the assigned one"),
    (active_on_rejected, "waiting or rejected has no active assignment"),
    (owner_lost, "the lead's owner is the rep"),
    (no_notice, "the rep was told"),
    (no_mail, "the e-mail is on its way"),
    (not_routed, "routing looked in time"),
    (not_escalated, "every missed deadline"),
    (undated, "a decision has its date"),
    (no_deal, "each has one deal"),
    (deal_of_nothing, "one opened by a handoff has it"),
    (deal_closed_open, "won or lost has its date"),
    (half_undone, "a decision taken back"),
    (sql_left_behind, "an SQL's handoff was accepted"),
    (sql_forgotten, "an accepted handoff's deal is an SQL"),
    (gap, "starts where the one before ended"),
    (torn, "starts where the one before ended"),
    (stage_written_by_hand, "stands where its last row says"),
    (rows_beyond, "no rows beyond its last"),
    (lease_lost, "no lease past its limit"),
    (stuck, "nothing is stuck"),
    (done_never, "done is done"),
    (nowhere, "every lead stands somewhere"),
    (unscored, "who is marked is scored soon"),
    (held_forgotten, "what quiet hours kept"),
    (digest_forgotten, "every digest"),
    (digest_never, "has a next one"),
    (handler_gone, "every handler is there"),
]


@pytest.mark.parametrize(("breaks", "check"), TWINS, ids=[breaks.__name__ for breaks, _ in TWINS])
def test_the_broken_twin_is_caught(whole_way: Any, breaks: Any, check: str) -> None:
    breaks(whole_way)
    code, said = doctor()
    assert code == 1 and not said["healthy"]
    assert any(check in one["check"] for one in said["findings"] if one["serious"]), said


UNIQUE = [
    (Handoff, "handoff_once", "one a lead and cycle"),
    (InboxItem, "inbox_once", "each capture once"),
    (OutboxMessage, "outbox_once", "each message once"),
    (Notice, "notice_once", "told once"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "name", "check"), UNIQUE, ids=[name for _, name, _ in UNIQUE])
def test_doubles_are_caught_in_a_build_without_the_constraint(
    whole_way: Any, model: Any, name: str, check: str
) -> None:
    constraints = model._meta.constraints
    constraint = next(one for one in constraints if one.name == name)
    model._meta.constraints = [one for one in constraints if one is not constraint]
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    made = None
    try:
        made = model.objects.order_by("pk").last()
        made.pk = None
        made.save(force_insert=True)
        code, said = doctor()
        assert code == 1
        assert any(check in one["check"] for one in said["findings"] if one["serious"]), said
    finally:
        if made is not None and made.pk:
            model.objects.filter(pk=made.pk).delete()
        model._meta.constraints = constraints
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)


def test_what_was_given_up_is_a_note_and_not_a_failure(whole_way: Any) -> None:
    OutboxMessage.objects.update(state="dead", last_error="mail server said no")
    code, said = doctor()
    assert code == 0 and said["findings"] and not any(one["serious"] for one in said["findings"])


def test_it_speaks_for_people_too(whole_way: Any) -> None:
    out = StringIO()
    call_command("doctor", stdout=out)
    assert "Everything holds." in out.getvalue()
    no_deal(whole_way)
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "has no deal" in out.getvalue()
