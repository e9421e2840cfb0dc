"""The last days once more, by other rules: begun by a person, done by a worker under a lease."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core import jobs, outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from handoff.models import RoutingDraft, RoutingReplay, RoutingRule
from handoff.services.replaying import replay_result
from handoff.services.routing import COPIED
from team.access import managers_only

LEASE_SECONDS = 180  # between two words about the progress
TRIES = 3
LEAST_DAYS, MOST_DAYS = 1, 90
ONLY = "Only managers try rules."


def rules_as_now(draft: RoutingDraft | None) -> list[dict[str, Any]]:
    """The rules that are on, as they are now, each with whom it names."""
    rows = RoutingRule.objects.filter(draft=draft, is_active=True).prefetch_related("named")
    out = []
    for rule in rows.order_by("position", "pk"):
        values = {name: getattr(rule, name) for name in COPIED}
        named = {str(one.rep_id): one.weight for one in rule.named.all()}
        out.append({"id": rule.pk, **values, "named": named})
    return out


def replay_start(*, by: Any, draft: RoutingDraft | None, days: int = 30) -> RoutingReplay:
    """Begin to hand over the leads of the last so many days again. Raises Refused, or Conflict while one runs."""
    managers_only(by, ONLY)
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refused(f"From {LEAST_DAYS} to {MOST_DAYS} days.", field="days")
    rules = rules_as_now(draft)
    in_force = rules_as_now(None) if draft else []
    if not rules:
        raise Refused("No rule is on: there is nothing to try.")
    try:
        with transaction.atomic():
            made = RoutingReplay.objects.create(
                by=by, of_draft=draft is not None, days=days, until=db_now(), rules=rules, in_force=in_force
            )
            outbox.poke("handoff.replay")
    except IntegrityError:
        raise Conflict("One is under way already: wait for it, or cancel it.") from None
    return made


def replay_cancel(*, by: Any, pk: int) -> None:
    """Stop it. Raises Conflict when it is not running."""
    managers_only(by, ONLY)
    ended = {"cancelled": True, "state": RoutingReplay.State.DONE, "done_at": db_now(), "lease_until": None}
    if not RoutingReplay.objects.filter(pk=pk, state=RoutingReplay.State.PENDING).update(**ended):
        raise Conflict("It is not running.")


def replay_drain(*, seconds: float = 20) -> int:
    """Do those that are due; returns how many. Safe to run many times at once."""
    return jobs.drain(RoutingReplay.objects.all(), _work, seconds=seconds, lease_seconds=LEASE_SECONDS)


def _work(replay: RoutingReplay, token: UUID, end: float) -> int:
    jobs.run(replay, token, lambda tell: replay_result(replay, tell), lease_seconds=LEASE_SECONDS, tries=TRIES)
    return 1
