from celery import shared_task

from handoff import services
from handoff.services import replays


@shared_task(name="handoff.tasks.assign_drain")
def assign_drain() -> int:
    return services.assign_drain()


@shared_task(name="handoff.tasks.clock_drain")
def clock_drain() -> int:
    return services.clock_drain()


@shared_task(name="handoff.tasks.replay_drain")
def replay_drain() -> int:
    return replays.replay_drain()
