"""What the desk's queue shows of deals and tasks. One or two queries each."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from deals.models import Deal, Task
from deals.selectors.cards import stalled_q
from funnels.models import Funnel, Stage


def tasks_due(
    user: Any, now: datetime, *, until: datetime | None = None, limit: int = 50, pk: int | None = None
) -> list[Task]:
    """The user's own open tasks (or the one ``pk``) due by ``until`` (default: the end of today in the zone
    pages are shown in),
    oldest first, with deal, stage and lead."""
    tomorrow = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    rows = Task.objects.filter(owner=user, done_at=None, due_at__lt=until or tomorrow)
    if pk is not None:
        rows = rows.filter(pk=pk)
    return list(rows.select_related("deal__stage", "lead__company").order_by("due_at", "pk")[:limit])


def deals_stalled(user: Any, now: datetime, *, limit: int = 50, pk: int | None = None) -> list[Deal]:
    """The user's own open deals (or the one ``pk``) that are too long in their stage, longest first."""
    stages = list(Stage.objects.filter(funnel__kind=Funnel.Kind.SALES, kind=Stage.Kind.OPEN))
    rows = Deal.objects.filter(stalled_q(stages, now), owner=user).select_related("stage__funnel", "lead", "company")
    if pk is not None:
        rows = rows.filter(pk=pk)
    return list(rows.order_by("stage_since", "pk")[:limit])
