from celery import shared_task

from team.telling import digest, send


@shared_task(name="team.tasks.notify_drain")
def notify_drain() -> int:
    """What quiet hours kept, and the digests that are due. Idle, it is two looks at small indexes."""
    return send.quiet_drain() + digest.digest_drain()
