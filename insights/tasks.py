from celery import shared_task

from insights import services


@shared_task(name="insights.tasks.rollup_drain")
def rollup_drain() -> int:
    """Follow the ledger. Any number of these at once count each row once."""
    return services.rollup_drain()


@shared_task(name="insights.tasks.contract_drain")
def contract_drain() -> int:
    """Keep the contract's weeks counted, and mail the last one on Mondays."""
    return services.weeks_drain() + services.alignment_drain()
