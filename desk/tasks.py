from celery import shared_task

from desk.services import relief


@shared_task(name="desk.tasks.relief_drain")
def relief_drain() -> int:
    """Work given to others, in chunks."""
    return relief.relief_drain()
