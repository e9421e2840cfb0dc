"""A recycled lead whose wait is over is judged anew by itself: it may be over the bar without a new deed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from core.clock import db_now
from handoff.models import Handoff
from leads.models import Standing
from leads.services import leads_mark


def ready_at(one: Handoff) -> datetime:
    """When the wait of a lead that was rejected is over: as the reason says, else as its policy says."""
    assert one.decided_at is not None
    return one.reenter_at or one.decided_at + timedelta(days=one.policy.recycle_wait_days if one.policy else 0)


def again_due(now: datetime) -> QuerySet[Handoff]:
    return Handoff.objects.filter(look_again_at__lte=now)


@transaction.atomic
def again_batch(limit: int) -> int:
    """Mark those whose wait is over for scoring, which judges the bar. Twice changes nothing. A policy that waits
    longer meanwhile is waited for; one that waits less judges its leads when it is saved."""
    now = db_now()
    rows = list(
        again_due(now)
        .select_related("policy")
        .order_by("look_again_at", "pk")
        .select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    over = [one for one in rows if ready_at(one) <= now]
    for one in rows:
        if ready_at(one) > now:
            Handoff.objects.filter(pk=one.pk).update(look_again_at=ready_at(one))
    Handoff.objects.filter(pk__in=[one.pk for one in over]).update(look_again_at=None)
    # only those that still are in the pass through marketing that their reject began
    back = Standing.objects.filter(lead__handoffs__in=over, cycle=F("lead__handoffs__cycle") + 1)
    leads_mark(list(back.values_list("pk", flat=True)), now=now)
    return len(rows)
