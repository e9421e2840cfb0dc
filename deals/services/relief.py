"""Deals and tasks of somebody who leaves or is away, given to a colleague: a chunk in the caller's transaction."""

from collections.abc import Sequence

from deals.models import Deal, Task
from deals.services.deals import deals_rewritten
from team.models import User


def deals_give(*, ids: Sequence[int], to: User) -> int:
    """Give these open deals and their open tasks to ``to``; returns how many. Those that wait for their handoff's
    answer follow the handoff."""
    rows = Deal.objects.filter(pk__in=ids, stage__kind="open").exclude(owner=to).select_related("stage")
    deals = [one for one in rows.order_by("pk").select_for_update(of=("self",)) if not one.is_waiting]
    Deal.objects.filter(pk__in=[one.pk for one in deals]).update(owner=to)
    Task.objects.filter(deal__in=deals, done_at=None).update(owner=to)
    deals_rewritten(deals)
    return len(deals)


def tasks_give(*, ids: Sequence[int], to: User) -> int:
    """Give these open tasks to ``to``; returns how many."""
    return Task.objects.filter(pk__in=ids, done_at=None).exclude(owner=to).update(owner=to)
