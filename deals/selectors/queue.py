"""What the desk's queue shows of deals and tasks: only that, for everybody's list is asked for every two seconds.
One or two queries each."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from deals.models import Deal, Task
from deals.selectors.cards import stalled_q
from funnels.models import Funnel, Stage
from leads.rules import lead_name


class TaskDue(NamedTuple):
    """A task, what it is ``about`` (its deal or else its lead, '' for neither), and the lead of either."""

    pk: int
    title: str
    due_at: datetime
    deal_id: int | None
    lead_id: int | None
    about: str


class StalledDeal(NamedTuple):
    """A deal that is too long in its stage."""

    pk: int
    name: str
    lead_id: int | None
    stage_since: datetime
    stage: Stage


def tasks_due(
    user: Any, now: datetime, *, until: datetime | None = None, limit: int = 50, pk: int | None = None
) -> list[TaskDue]:
    """The user's own open tasks (or the one ``pk``) due by ``until`` (default: the end of today in the zone
    pages are shown in), oldest first."""
    tomorrow = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    rows = Task.objects.filter(owner=user, done_at=None, due_at__lt=until or tomorrow)
    if pk is not None:
        rows = rows.filter(pk=pk)
    shown = rows.order_by("due_at", "pk").values_list(
        *("pk", "title", "due_at", "deal_id", "deal__name", "deal__lead_id", "lead_id"),
        *("lead__first_name", "lead__last_name", "lead__email", "lead__external_id"),
    )
    out = []
    for key, title, due_at, deal_id, deal, deal_lead, lead_id, first, last, email, other in shown[:limit]:
        about = deal or (lead_name(first, last, email, other, lead_id) if lead_id else "")
        out.append(TaskDue(key, title, due_at, deal_id, lead_id or deal_lead, about))
    return out


def deals_stalled(user: Any, now: datetime, *, limit: int = 50, pk: int | None = None) -> list[StalledDeal]:
    """The user's own open deals (or the one ``pk``) that are too long in their stage, longest first."""
    stages = {one.pk: one for one in Stage.objects.filter(funnel__kind=Funnel.Kind.SALES, kind=Stage.Kind.OPEN)}
    rows = Deal.objects.filter(stalled_q(stages.values(), now), owner=user)
    if pk is not None:
        rows = rows.filter(pk=pk)
    shown = rows.order_by("stage_since", "pk").values_list("pk", "name", "lead_id", "stage_since", "stage_id")
    return [StalledDeal(*row[:4], stages[row[4]]) for row in shown[:limit]]
