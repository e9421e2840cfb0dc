"""The sweeper: whoever died, whatever message was lost, what is due gets done."""

import logging

from celery import current_app, shared_task
from django.conf import settings

from core import forgetting, outbox
from core.flow import flow_map

log = logging.getLogger(__name__)


@shared_task(name="core.tasks.outbox_drain")
def outbox_drain() -> int:
    return outbox.drain()


@shared_task(name="core.tasks.forget_drain")
def forget_drain() -> int:
    """Remove what has had its time. Idle, it is one look at an index."""
    return forgetting.forget()


@shared_task(name="core.tasks.sweep")
def sweep() -> None:
    """Wake every drain named in the flow map. Each looks at the database and returns at once if idle."""
    for task in flow_map().DRAINS:
        current_app.send_task(task, retry=False, expires=settings.WAKES_KEPT)
