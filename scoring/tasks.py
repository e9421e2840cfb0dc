from celery import shared_task

from scoring import services
from scoring.services.studies import study_drain as studies


@shared_task(name="scoring.tasks.score_drain")
def score_drain() -> int:
    return services.score_drain()


@shared_task(name="scoring.tasks.rescore_drain")
def rescore_drain() -> int:
    return services.rescore_drain()


@shared_task(name="scoring.tasks.backtest_drain")
def backtest_drain() -> int:
    return services.backtest_drain()


@shared_task(name="scoring.tasks.study_drain")
def study_drain() -> int:
    return studies()
