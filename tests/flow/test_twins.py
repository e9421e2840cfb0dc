"""Are the checks of this folder any good? The same way through a sound and a broken build: only the sound passes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RemoveConstraint

from handoff.models import Handoff
from leads.models import Lead
from tests.flow.world import drained, faults, reps

pytestmark = pytest.mark.slow
SOUND, BROKEN = "config", "tests.flow.broken"


@contextmanager
def without(app: str, model: str, constraint: str) -> Iterator[None]:
    """The database without one of its constraints; whoever uses this leaves no row that breaks it."""
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    drop = RemoveConstraint(model, constraint)
    drop.state_forwards(app, after)
    with connection.schema_editor() as editor:
        drop.database_forwards(app, editor, before, after)
    try:
        yield
    finally:
        Lead.objects.all().delete()
        with connection.schema_editor() as editor:
            drop.database_backwards(app, editor, after, before)


@pytest.mark.parametrize("app", [SOUND, BROKEN])
def test_who_asks_for_a_demo_twice_is_handed_over_once(stack, client, app):
    """The broken twin has no unique (lead, cycle) on handoffs and deals, and no guard before it."""
    reps(2)
    with ExitStack() as held:
        if app == BROKEN:
            held.enter_context(without("handoff", "Handoff", "handoff_once"))
            held.enter_context(without("deals", "Deal", "deal_once_per_handoff"))
        stack.start_worker(app=app, env={"BROKEN": "twice"})
        stack.start_beat()
        for number in (1, 2):
            client.capture(f"demo-{number}", email="dora@keen.example")
            stack.wait_until(drained, seconds=30)
        found = faults(client)
        if app == SOUND:
            assert found == []
            return
        assert Handoff.objects.count() == 2
        assert [one for one in found if one.startswith("dora@keen.example has 2 handoffs")]
        assert [one for one in found if one.startswith("dora@keen.example has 2 deals")]
        assert [one for one in found if one.startswith("handoff: one a lead and cycle")]
        assert [one for one in found if one.startswith("deals: one deal a handoff")]


@pytest.mark.parametrize("app", [SOUND, BROKEN])
def test_an_e_mail_survives_the_loss_of_its_message(stack, client, tmp_path, app):
    """A worker dies right after it gave leads to reps, and the broker loses everything. In the broken twin the e-mail
    was a message only."""
    reps(2)
    client.captures("message", 3)
    env = {"BROKEN": "unsafe", "BATON_STOP_AT": "wake.core", "BATON_STOP_MARKS": str(tmp_path)}
    doomed = stack.start_worker(app=app, pool="solo", concurrency=1, env=env, wait=False)
    stack.start_beat()
    stack.wait_until(lambda: not doomed.alive, seconds=40)
    stack.empty_broker()
    stack.start_worker(app=app, env={"BROKEN": "unsafe"})
    stack.wait_until(drained, seconds=30)
    found = faults(client)
    if app == SOUND:
        assert found == []
        return
    assert sorted(one for one in found if "no e-mail handoff:" in one)[0].startswith("message-0@message-0.example")
    assert len([one for one in found if one.startswith("handoff: the e-mail is on its way")]) == 3
