"""Listeners: facts that change a person's path without a ledger row."""

from collections.abc import Sequence
from typing import Any

from insights.models import Stale


def people_mark(payloads: Sequence[dict[str, Any]]) -> None:
    """Fold these leads again soon. Called in the transaction of the fact (flow map), with its ``lead_id``s."""
    Stale.objects.bulk_create([Stale(person=one["lead_id"]) for one in payloads if one.get("lead_id")])
