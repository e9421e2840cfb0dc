"""Counting everything anew: first the facts of all people, chunk by chunk, then the sums over them at once."""

from typing import Any

from django.db import connection
from django.db.models import Max

from core.clock import db_now
from deals.models import Deal
from funnels.models import Transition
from insights.models import DealFact, HandoffFact, Journey, OpenFact, Reached, RollupState
from insights.rules.path import Path, day_number
from insights.services.facts import facts_now, facts_write
from insights.services.recount import sums_make
from insights.services.sums import KEYS
from leads.models import Standing

CHUNK = 5000
MARGIN = 5000  # ledger ids before the start of a rebuild that are looked at again


def restart(state: RollupState, signature: str) -> None:
    """Begin anew: empty tables, first the people, then the ledger from a little before now."""
    _empty(Reached, Journey, DealFact, OpenFact, HandoffFact, *KEYS)
    newest = Transition.objects.aggregate(top=Max("id"))["top"] or 0
    state.signature, state.cursor, state.gaps = signature, max(0, newest - MARGIN), []
    state.rebuilding, state.rebuilt_to = True, 0


def _empty(*models: Any) -> None:
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            return
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")


def rebuild_turn(state: RollupState, path: Path) -> int:
    """The facts of a chunk of people: first leads (``rebuilt_to``: the last id), then deals without a lead (minus the
    id). After the last of them the sums. What the ledger and the marks told meanwhile is folded after that."""
    if state.rebuilt_to >= 0:
        rows = Standing.objects.filter(pk__gt=state.rebuilt_to).order_by("pk")
        people = list(rows.values_list("pk", flat=True)[:CHUNK])
        state.rebuilt_to = people[-1] if people else -1
    else:
        alone = Deal.objects.filter(lead__isnull=True, pk__gte=-state.rebuilt_to).order_by("pk")
        people = [-pk for pk in alone.values_list("pk", flat=True)[:CHUNK]]
        if people:
            state.rebuilt_to = people[-1] - 1
        else:
            state.today = day_number(db_now())
            sums_make(state.today)
            state.rebuilding = False
    facts_write(facts_now(people, path).values())
    return len(people) or 1
