"""Listeners: facts that change a person's path without a ledger row."""

from collections.abc import Sequence
from typing import Any

from insights.models import Stale


def people_mark(payloads: Sequence[dict[str, Any]]) -> None:
    """Fold these people again soon. Called in the transaction of the fact (flow map), with its ``lead_id`` or, of a
    deal, its ``deal_id`` (a deal without a lead is a person of its own)."""
    people = {one.get("lead_id") or -one.get("deal_id", 0) for one in payloads} - {0}
    Stale.objects.bulk_create([Stale(person=person) for person in sorted(people)])
