"""A recycled lead whose wait is over is judged anew by itself: it may be over the bar without a new deed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from core.clock import db_now
from handoff.models import Handoff, MqlPolicy
from handoff.selectors.policies import in_force, sort_out
from leads.models import Standing
from leads.services import leads_mark


def ready_at(one: Handoff, policy: MqlPolicy | None) -> datetime:
    """When the wait of a lead that was rejected is over: as the reason says, else as the policy that judges it."""
    assert one.decided_at is not None
    return one.reenter_at or one.decided_at + timedelta(days=policy.recycle_wait_days if policy else 0)


def again_due(now: datetime) -> QuerySet[Handoff]:
    return Handoff.objects.filter(look_again_at__lte=now)


@transaction.atomic
def again_batch(limit: int) -> int:
    """Mark those whose wait is over for scoring, which judges the bar. Twice changes nothing. Whose policy asks for
    a longer wait (it was changed, or the lead is in another segment since) waits on."""
    now = db_now()
    rows = list(
        again_due(now).order_by("look_again_at", "pk").select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    whose = sort_out(in_force(), [one.lead_id for one in rows], now)
    over = []
    for one in rows:
        ready = ready_at(one, whose.get(one.lead_id))
        if ready <= now:
            over.append(one)
        else:
            Handoff.objects.filter(pk=one.pk).update(look_again_at=ready)
    Handoff.objects.filter(pk__in=[one.pk for one in over]).update(look_again_at=None)
    # only those that still are in the pass through marketing that their reject began
    back = Standing.objects.filter(lead__handoffs__in=over, cycle=F("lead__handoffs__cycle") + 1)
    leads_mark(list(back.values_list("pk", flat=True)), now=now)
    return len(rows)


def waits_renew(now: datetime) -> None:
    """A policy waits for another while, or judges others: everybody whose wait it may be is looked at by the sweeper,
    which says when it is over now."""
    Handoff.objects.filter(look_again_at__gt=now, reenter_at=None).update(look_again_at=now)
