"""The Celery app. Beat only wakes the sweeper: what is due is in the database, never in the broker."""

import os
from typing import Any

from celery import Celery, signals

from core import health
from core.processes import follow_parent, heap_settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.celeryd_init.connect
def _patient_with_the_broker(conf: Any = None, **_: Any) -> None:
    """A worker reads from the broker all day; half a second, as the publishers have, would drop it under load."""
    conf.broker_transport_options = conf.broker_transport_options | {"socket_timeout": 5, "socket_connect_timeout": 2}


@signals.worker_init.connect
def _people_come_first(**_: Any) -> None:
    """Where both want a core, who waits for a page or an answer goes before what runs in the background."""
    os.nice(5)


@signals.worker_process_init.connect
def _never_outlive_the_worker(**_: Any) -> None:
    follow_parent()
    heap_settle()


@signals.heartbeat_sent.connect
def _worker_lives(**_: Any) -> None:
    health.touch("worker")


@signals.beat_init.connect
def _beat_lives_while_it_publishes(**_: Any) -> None:
    health.touch("beat")
    signals.after_task_publish.connect(lambda **_: health.touch("beat"), weak=False)
