"""Long work that somebody waits for: one worker at a time has a job (``core.leases``) and says how far it is; another
goes on when it dies."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from core import leases, outbox
from core.clock import db_now
from core.errors import Refused
from core.models import Leased

Tell = Callable[[int, int, str], None]  # how much is done, of how much (0: not known), what it is at, for people


def drain(jobs: QuerySet[Any], work: Callable[[Any, UUID, float], int], *, seconds: float, lease_seconds: int) -> int:
    """Give the jobs that are due to ``work`` (the job, its token, when to stop by ``time.monotonic()``), one by one,
    for a while; the sum of what it returns. Safe to run many times at once."""
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        claimed = leases.claim(jobs, limit=1, lease_seconds=lease_seconds)
        if not claimed.rows:
            break
        done += work(claimed.rows[0], claimed.token, end)
    return done


def run(job: Any, token: UUID, work: Callable[[Tell], dict[str, Any]], *, lease_seconds: int, tries: int) -> None:
    """Do a job with ``done``, ``total``, ``step`` and ``result`` in one go. ``work`` calls ``tell`` at least every
    ``lease_seconds`` and gives the result. What it refuses fails at once; what breaks is tried so many times."""

    def tell(done: int, total: int, step: str) -> None:
        until = db_now() + timedelta(seconds=lease_seconds)
        said = {"done": done, "total": total, "step": step[:120], "lease_until": until}
        if not leases.held(job, token).update(**said):
            raise leases.LeaseLost("cancelled, or somebody else has it now")

    try:
        found = work(tell)
        leases.held(job, token).update(result=found, step="")
        leases.complete(job, token)
    except leases.LeaseLost:
        pass
    except Refused as refusal:  # trying again would say the same
        dead = {"state": Leased.State.DEAD, "last_error": refusal.message, "lease_until": None, "done_at": db_now()}
        leases.held(job, token).update(**dead)
    except Exception as error:  # kept on the job, tried again later
        leases.fail(job, token, f"{type(error).__name__}: {error}", max_attempts=tries)


def run_parts(
    job: Any,
    token: UUID,
    end: float,
    *,
    part: Callable[[], bool],
    finish: Callable[[], Any],
    topic: str,
    tries: int = 5,
) -> None:
    """Do a job in parts, each in one transaction with the place it reached, until ``end``. ``part`` says whether
    there was something left; ``finish`` comes after the last. ``topic`` wakes whoever goes on; what breaks is
    tried again."""
    try:
        while time.monotonic() < end:
            if not part():
                finish()
                return
        leases.held(job, token).update(lease_until=None, attempts=0)  # time for others; nothing failed
        outbox.poke(topic)
    except leases.LeaseLost:
        pass
    except Exception as error:  # kept on the job, tried again later
        leases.fail(job, token, f"{type(error).__name__}: {error}", max_attempts=tries)
