"""The web server's settings: threads in few processes, the application loaded once and shared by them.

WEB_CONCURRENCY is the number of processes (gunicorn reads it itself; 2 when it is not set).
"""

import gc
import os
from importlib import import_module
from typing import Any

from django.conf import settings

from core.processes import follow_parent

wsgi_app = "config.wsgi:application"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
preload_app = True
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None


def when_ready(server: Any) -> None:
    """Load the pages too, once for all workers. What is loaded now stays: a collection that looks at it halts a
    worker for 60 ms, finds nothing, and copies the memory that the workers share."""
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A worker never outlives its master, not even one that was killed."""
    follow_parent()
