"""What is due of the clocks, whoever saved or opened what: by the database's time, called by the sweeper."""

import time

from core.clock import db_now
from handoff.services.absence import absent_batch, absent_due
from handoff.services.clocks import BATCH, escalate_batch, late, stuck, stuck_batch, warn_batch, warnable
from handoff.services.reentry import again_batch, again_due


def clock_drain(*, limit: int = BATCH, seconds: float = 20) -> int:
    """Warn, escalate, look after the leads of who is off and after those whose wait is over, until nothing is due;
    returns how many it was."""
    done = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        step = 0
        now = db_now()
        if warnable(now).exists():
            step += warn_batch(limit)
        if late(now).exists():
            step += escalate_batch(limit)
        if stuck(now).exists():
            step += stuck_batch(limit)
        if absent_due(now).exists():
            step += absent_batch(limit)
        if again_due(now).exists():
            step += again_batch(limit)
        if not step:
            break
        done += step
    return done
