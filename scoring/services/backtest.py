"""Running a back-test: in parts of some leads. Each part is read and thought about outside of any transaction, and
written by one statement with the place it reached, so that a run that is killed goes on there."""

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from core import outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from leads.models import Lead
from scoring.backtest.counts import TOP, blank, merge
from scoring.models import BacktestRun, ScoringModel
from scoring.selectors.backtest import Plan, counts_of, first_day_of, left_out, mql_policy, plan_of
from scoring.selectors.cards import active_model, model_rules
from scoring.selectors.explain import mql_bar
from scoring.services.models import COPIED, RULE_FIELDS

log = logging.getLogger(__name__)
CHUNK = 2000
LEASE_SECONDS = 60
MAX_ATTEMPTS = 5
DEFAULT_DAYS = 180
LEAST_DAYS, MOST_DAYS = 7, 730
State = BacktestRun.State


def rules_hash(model: ScoringModel) -> str:
    """Says whether the model scores as it did: not its name, and not who made it."""
    shape: dict[str, Any] = {name: getattr(model, name) for name in COPIED if name != "name"}
    shape["rules"] = [
        {name: getattr(rule, name) for name in RULE_FIELDS if name not in ("evidence", "position")}
        for rule in model_rules(model)
    ]
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def backtest_start(
    *, model: ScoringModel, bar: int, days: int = DEFAULT_DAYS, by: Any = None, hold: bool = False
) -> BacktestRun:
    """Begin to try a model on the last so many days (UTC, today among them), beside the active model at its bar.

    ``hold``: the caller runs it, no worker does. Raises Refused naming the field, Conflict while one of the same
    model is running.
    """
    if not 0 <= bar <= TOP:
        raise Refused(f"A bar from 0 to {TOP}.", field="bar")
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refused(f"From {LEAST_DAYS} to {MOST_DAYS} days.", field="days")
    if not model_rules(model):
        raise Refused("This model has no rules that count: there is nothing to try.")
    if BacktestRun.objects.filter(model=model, state=State.RUNNING).exists():
        raise Conflict("A back-test of this version is running: wait for it, or cancel it.")
    now, against = db_now(), active_model()
    run = BacktestRun(
        model=model,
        bar=bar,
        against=against,
        against_bar=min(mql_bar() or 0, TOP),
        rules_hash=rules_hash(model),
        policy=mql_policy(),
        first_day=first_day_of(now, days),
        until=now,
        by=by,
        total=Lead.objects.count(),
        last_id=Lead.objects.aggregate(last=Max("pk"))["last"] or 0,
        lease_token=uuid.uuid4() if hold else None,
        lease_until=now + timedelta(seconds=LEASE_SECONDS) if hold else None,
    )
    plan = plan_of(run)
    run.left_out = left_out(plan, [run.model, against] if against else [run.model])
    run.counts = blank(plan.period.weeks, len(plan.trials))
    run.save()
    if not hold:
        outbox.wake("scoring.tasks.backtest_drain")
    return run


def backtest_cancel(*, run_id: int) -> None:
    """Stop after the part at work. Raises Conflict when it is not running."""
    if not BacktestRun.objects.filter(pk=run_id, state=State.RUNNING).update(cancel_requested=True):
        raise Conflict("This back-test is not running.")
    outbox.wake("scoring.tasks.backtest_drain")


def backtest_drain(*, seconds: float = 20) -> int:
    """Work on the back-tests that wait, one after the other; returns how many leads were looked at. Safe to run many
    times at once: a run is in one worker's hands, so the others stay free for what cannot wait."""
    end = time.monotonic() + seconds
    done = 0
    while time.monotonic() < end:
        now = db_now()
        running = BacktestRun.objects.filter(state=State.RUNNING)
        if running.filter(lease_until__gte=now).exists():
            return done  # one at a time
        free = running.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        run = free.order_by("id").first()
        if run is None:
            return done
        token = uuid.uuid4()
        if free.filter(pk=run.pk).update(
            lease_token=token, lease_until=now + timedelta(seconds=LEASE_SECONDS), attempts=F("attempts") + 1
        ):
            run.refresh_from_db()
            done += backtest_execute(run, end=end)
    return done


def backtest_execute(
    run: BacktestRun, *, end: float | None = None, progress: Callable[[int, int], None] | None = None
) -> int:
    """Go on with a run that the caller holds by its token; returns how many leads were looked at. ``end``: by
    ``time.monotonic()``, when to put it back for the next worker."""
    before = run.done
    try:
        if run.attempts > MAX_ATTEMPTS:
            raise Refused(run.error or "Given up: the worker died again and again.")
        if rules_hash(run.model) != run.rules_hash:
            raise Refused("The draft was changed while it was being tried: start again.")
        plan = plan_of(run)
        while _step(run, plan):
            if progress:
                progress(run.done, run.total)
            if end is not None and time.monotonic() > end:
                _mine(run).update(lease_until=None)
                break
    except Refused as refusal:
        _finish(run, State.FAILED, refusal.message)
    except Exception as error:
        log.exception("back-test %s is put off", run.pk)
        _mine(run).update(
            error=f"{type(error).__name__}: {error}"[:300]
        )  # the lease runs out, then it is tried again
    return run.done - before


def _mine(run: BacktestRun) -> QuerySet[BacktestRun]:
    """The run, only while it is ours and stands where we left it."""
    return BacktestRun.objects.filter(pk=run.pk, state=State.RUNNING, lease_token=run.lease_token, cursor=run.cursor)


def _step(run: BacktestRun, plan: Plan) -> bool:
    """One part; False when there is nothing more to do, or it is in other hands."""
    if BacktestRun.objects.filter(pk=run.pk, cancel_requested=True).exists():
        _finish(run, State.CANCELLED)
        return False
    ids = Lead.objects.filter(pk__gt=run.cursor, pk__lte=run.last_id).order_by("pk").values_list("pk", flat=True)
    chunk = list(ids[:CHUNK])
    if not chunk:
        _finish(run, State.DONE)
        return False
    counts = merge(run.counts, counts_of(plan, run.cursor + 1, chunk[-1]))
    done, until = run.done + len(chunk), db_now() + timedelta(seconds=LEASE_SECONDS)
    changed = {"counts": counts, "cursor": chunk[-1], "done": done, "lease_until": until, "attempts": 0, "error": ""}
    if not _mine(run).update(**changed):
        return False
    for name, value in changed.items():
        setattr(run, name, value)
    return True


def _finish(run: BacktestRun, state: str, error: str = "") -> None:
    _mine(run).update(state=state, error=error[:300], finished_at=db_now(), lease_until=None, lease_token=None)
    run.refresh_from_db()
