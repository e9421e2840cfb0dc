"""What leads did. Append-only; a repeated key changes nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from core import outbox
from core.clock import db_now
from core.errors import Refused
from leads import rules
from leads.models import Activity, Lead, Standing


def leads_mark(lead_ids: Collection[int], *, now: datetime | None = None) -> None:
    """Mark leads for scoring and wake the scorer. The mark is in the database, so nothing is lost without a wake."""
    if not lead_ids:
        return
    Standing.objects.filter(pk__in=lead_ids).update(score_due_at=now or db_now())
    outbox.poke("leads.marked")


def activities_record(rows: Sequence[Activity], *, now: datetime | None = None) -> None:
    """Append many activities (a known key is skipped) and mark their leads for scoring."""
    if not rows:
        return
    moment = now or db_now()
    Activity.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
    lead_ids = list({row.lead_id for row in rows if row.lead_id is not None})
    if lead_ids:
        newest = Activity.objects.filter(lead=OuterRef("pk")).order_by("-at").values("at")[:1]
        Standing.objects.filter(pk__in=lead_ids).update(last_activity_at=Subquery(newest))
        leads_mark(lead_ids, now=moment)


@transaction.atomic
def activity_record(
    *,
    lead: Lead,
    kind: str,
    at: datetime | None = None,
    properties: dict[str, Any] | None = None,
    key: str | None = None,
    by: Any = None,
    bot: int = Activity.Bot.HUMAN,
) -> Activity:
    """Append one activity. With a key that is known already, the activity of that key is returned unchanged.

    A call, e-mail or meeting by a person of ours is also an answer: it stops the handoff's human clock.
    Raises Refused for a kind that is no slug.
    """
    if not rules.KIND_PATTERN.match(kind):
        raise Refused("A kind is 2 to 40 of a-z, 0-9 and _, starting with a letter.", field="kind")
    now = db_now()
    if key and (known := Activity.objects.filter(key=key).first()):
        return known
    row = Activity(
        lead=lead,
        kind=kind,
        at=min(at or now, now),
        properties=rules.json_clean(properties or {}, "properties"),
        key=key,
        by=by,
        bot=bot,
    )
    activities_record([row], now=now)
    saved = Activity.objects.get(key=key) if key else row
    if by is not None and kind in rules.RESPONSE_KINDS:
        outbox.emit("lead.responded", f"{lead.pk}:{saved.pk}", lead_id=lead.pk, by_id=by.pk, at=row.at.isoformat())
    return saved
