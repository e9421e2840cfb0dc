from celery import shared_task

from leads.services import bulk, capture


@shared_task(name="leads.tasks.inbox_drain")
def inbox_drain() -> int:
    return capture.inbox_drain()


@shared_task(name="leads.tasks.bulk_drain")
def bulk_drain() -> int:
    """Bulk changes from the leads list, in chunks."""
    return bulk.bulk_drain()
