from datetime import timedelta

from celery import shared_task

from core.clock import db_now
from core.forgetting import forget_oldest
from team.models import Notice
from team.telling import digest, send

NOTICES_KEPT = timedelta(days=90)


@shared_task(name="team.tasks.notify_drain")
def notify_drain() -> int:
    """What quiet hours kept, the digests that are due, and lines of the bell that have had their time. Idle, it is
    a look at small indexes for each."""
    sent = send.quiet_drain() + digest.digest_drain()
    forget_oldest(Notice.objects.all(), before=db_now() - NOTICES_KEPT)
    return sent
