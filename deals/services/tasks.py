"""What people promised to do."""

from datetime import datetime
from typing import Any

from core.clock import db_now
from core.errors import Conflict, Refused
from deals.models import Deal, Task
from leads.models import Lead


def task_create(
    *, owner: Any, title: str, due_at: datetime | None, deal: Deal | None = None, lead: Lead | None = None
) -> Task:
    """Promise something by a time; about a deal (then its lead too), a lead, or neither."""
    title = title.strip()
    if not title:
        raise Refused("What is to be done?", field="title")
    if len(title) > 200:
        raise Refused("At most 200 characters.", field="title")
    if due_at is None:
        raise Refused("By when?", field="due_at")
    lead_id = lead.pk if lead else (deal.lead_id if deal else None)
    return Task.objects.create(owner=owner, title=title, due_at=due_at, deal=deal, lead_id=lead_id)


def _change(task: Task, *, done: bool, **fields: Any) -> Task:
    if not Task.objects.filter(pk=task.pk, done_at__isnull=not done).update(**fields):
        raise Conflict("Somebody did that already." if not done else "The task is open.")
    for name, value in fields.items():
        setattr(task, name, value)
    return task


def task_done(*, task: Task) -> Task:
    """Raises Conflict when it is done already."""
    return _change(task, done=False, done_at=db_now())


def task_undo(*, task: Task) -> Task:
    """It is not done after all. Raises Conflict when it is open."""
    return _change(task, done=True, done_at=None)


def task_snooze(*, task: Task, until: datetime) -> Task:
    """Put it off. Raises Refused for a time that has passed, Conflict when it is done."""
    if until <= db_now():
        raise Refused("Choose a time that is still to come.", field="until")
    return _change(task, done=False, due_at=until)
