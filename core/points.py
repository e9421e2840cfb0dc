"""Named points between a capture and its notice, where a test may kill the process: at each of them the work is
half done, and nothing may be lost or doubled. Outside such a test ``reached`` does nothing.

``BATON_STOP_AT`` names the point (or several, with commas); ``BATON_STOP_MARKS`` is the folder in which each leaves
a file, so that it kills once only.
"""

import os
import signal
from pathlib import Path

POINTS: dict[str, str] = {
    "wake.leads": "a capture is committed; no worker was woken, and the sender has no answer yet",
    "inbox.claimed": "a worker holds inbox rows and has done nothing with them",
    "inbox.applied": "leads and activities are written, not committed",
    "wake.scoring": "leads are committed; the scorer was not woken",
    "handoff.opened": "leads crossed the bar and have their handoffs, not committed",
    "scoring.written": "scores, moves and handoffs are written, not committed",
    "wake.handoff": "handoffs are committed; routing was not woken",
    "handoff.given": "assignment, deal, notice and e-mail intent are written, not committed",
    "wake.core": "a rep has the lead; the outbox was not woken",
    "outbox.leased": "a worker holds messages and has sent none",
    "outbox.handled": "a message was sent and is not yet marked as done",
}

_wanted = frozenset(filter(None, os.environ.get("BATON_STOP_AT", "").split(",")))
if unknown := _wanted - POINTS.keys():
    raise RuntimeError(f"BATON_STOP_AT: no such point: {', '.join(sorted(unknown))}")


def reached(point: str) -> None:
    """We are at ``point``: SIGKILL to this process, if that is what a test asked for."""
    if point in _wanted:
        _stop(point)


def _stop(point: str) -> None:
    mark = Path(os.environ["BATON_STOP_MARKS"]) / point
    try:
        mark.open("x").close()
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
