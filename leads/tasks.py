from celery import shared_task

from leads.services import capture


@shared_task(name="leads.tasks.inbox_drain")
def inbox_drain() -> int:
    return capture.inbox_drain()
