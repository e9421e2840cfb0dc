from celery import shared_task

from intake.services import runs_drain


@shared_task(name="intake.tasks.import_drain")
def import_drain() -> int:
    return runs_drain()
