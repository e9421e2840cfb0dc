from celery import shared_task

from insights import services


@shared_task(name="insights.tasks.rollup_drain")
def rollup_drain() -> int:
    """Follow the ledger. Any number of these at once count each row once."""
    return services.rollup_drain()
