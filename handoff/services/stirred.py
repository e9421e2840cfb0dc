"""A lead does more while it waits for a rep: its place goes by today's score, and fresh high intent never waits."""

from typing import Any

from django.db import transaction

from core import outbox
from core.bulk import rows_update
from core.clock import db_now
from core.locks import rows_locked
from handoff.models import Handoff
from handoff.selectors.policies import waits
from handoff.services.qualify import backs_of, instant_activities, instant_deed


@transaction.atomic
def waiting_stirred(key: str, *, lead_ids: list[int], **_: Any) -> None:
    """Outbox handler of ``handoff.stirred``: these leads were scored while they waited for their first rep. In a
    transaction of its own: who gives leads out holds handoffs before standings, scoring the other way round. Doing it
    twice changes nothing."""
    now = db_now()
    found = rows_locked(Handoff.objects.filter(waits(), lead__in=lead_ids))
    rows = list(found.select_related("policy", "lead__standing"))
    deeds = instant_activities([one.policy for one in rows if one.policy], [one.lead_id for one in rows], now)
    backs = backs_of([one.lead.standing for one in rows if one.cycle > 1])
    changed = []
    for one in rows:
        before = (one.score, one.grade, one.instant)
        one.score, one.grade = one.lead.standing.score, one.lead.standing.grade
        deed = instant_deed(one.policy, deeds.get(one.lead_id, ()), backs.get(one.lead_id), now) if one.policy else ""
        if deed and not one.instant:
            one.instant, one.why, one.next_try_at = True, f"{deed}; {one.why}"[:160], now
        if before != (one.score, one.grade, one.instant):
            changed.append(one)
    names = ["score", "grade", "instant", "why", "next_try_at"]
    rows_update(Handoff, names, [(one.pk, *(getattr(one, name) for name in names)) for one in changed])
    if any(one.instant for one in changed):
        outbox.poke("handoff.opened")
