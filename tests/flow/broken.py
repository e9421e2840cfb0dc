"""Baton's Celery app, deliberately broken: the twins that the checks of this folder must catch.

``BROKEN=twice``: the guards that keep a pass through marketing from being handed over twice are gone.
``BROKEN=unsafe``: an e-mail to a rep is a Celery message and nothing else.
``BROKEN=apart``: a lead moves to *Handed off* in one transaction and gets its handoff after it; it dies in between.
``BROKEN=early``: captures are marked as done before they are; it dies in between.
``BROKEN=again``: each letter is sent twice.
``BROKEN=unfair``: routing forgets whose turn it was.

And what the libraries do now and then, always:

``BROKEN=close``: a lost connection to the broker cannot be closed.
``BROKEN=stuck``: a worker cannot connect anew, and its end never comes.
"""

import inspect
import os
import re
import signal
import textwrap
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import django
from celery import current_app
from celery.concurrency.prefork import TaskPool
from django.db import transaction
from django.utils.module_loading import import_string

from config import consumer
from config.celery import app

django.setup()

from core import outbox  # noqa: E402
from core.bulk import rows_insert  # noqa: E402
from deals.services import handoffs  # noqa: E402
from handoff.services import assign, qualify  # noqa: E402
from leads.services import capture  # noqa: E402


def change(function: Any, old: str, new: str) -> None:
    """Put ``new`` in the place of the one ``old`` in the function's source; whoever holds the function has it too."""
    function = inspect.unwrap(function)
    source = re.sub(r"\A(@.*\n)+", "", textwrap.dedent(inspect.getsource(function)))
    assert source.count(old) == 1, f"{function.__name__} has no such line any more: {old}"
    made: dict[str, Any] = {}
    exec(compile(source.replace(old, new), function.__code__.co_filename, "exec"), function.__globals__, made)
    function.__code__ = made[function.__name__].__code__


if os.environ["BROKEN"] == "twice":
    change(qualify._standings, ", kind=Stage.Kind.OPEN", "")
    change(qualify.judge, "if (one.pk, one.cycle) in known:", "if False:")
    change(handoffs.deals_open_for_handoffs, "wanted.pop((lead or 0, cycle or 0), None)", "pass")

if os.environ["BROKEN"] == "unsafe":
    change(
        outbox.emit_many,
        "    if handlers:\n",
        "    if handlers:\n"
        "        from tests.flow.broken import publish\n"
        "        transaction.on_commit(lambda: publish(listed, handlers))\n"
        "        return\n",
    )


if os.environ["BROKEN"] == "apart":
    change(
        qualify.handoffs_open,
        "    rows_insert(\n        Handoff,",
        "    from tests.flow.broken import insert_apart\n    insert_apart(\n        Handoff,",
    )

if os.environ["BROKEN"] == "early":
    change(
        capture._apply,
        "    with transaction.atomic():\n",
        "    _close([(item.pk, None) for item, _ in understood], token, now)\n"
        "    from tests.flow.broken import die_once\n"
        "    die_once()\n"
        "    with transaction.atomic():\n",
    )

if os.environ["BROKEN"] == "close":
    usual = consumer.Consumer.connect

    def connect(self: Any) -> Any:
        made = usual(self)
        made.close = lambda: made.nothing
        return made

    consumer.Consumer.connect = connect  # type: ignore[method-assign]

if os.environ["BROKEN"] == "stuck":
    consumer.END_SECONDS = 2
    consumer.Consumer.on_close = lambda self: self.nothing
    TaskPool.stop = lambda self: time.sleep(600)

if os.environ["BROKEN"] == "again":
    twice = "    import_string(row.handler)(row.key, **row.payload)\n    " * 2
    change(outbox._deliver, "    import_string(row.handler)(row.key, **row.payload)\n    ", f"{twice}")

if os.environ["BROKEN"] == "unfair":
    change(assign._assign, "    routing.save()\n", "")


def die_once() -> None:
    with suppress(FileExistsError):
        (Path(os.environ["BROKEN_MARKS"]) / "died").open("x").close()
        os.kill(os.getpid(), signal.SIGKILL)


def insert_apart(*args: Any, **more: Any) -> None:
    transaction.on_commit(lambda: (die_once(), rows_insert(*args, **more)))


def publish(facts: list[tuple[str, dict[str, Any]]], handlers: list[str]) -> None:
    for key, payload in facts:
        for handler in handlers:
            current_app.send_task("tests.direct", (handler, key, payload))
    outbox.wake("core.tasks.outbox_drain")


@app.task(name="tests.direct")
def direct(handler: str, key: str, payload: dict[str, Any]) -> None:
    import_string(handler)(key, **payload)
