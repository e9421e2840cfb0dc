"""The web server's settings: threads in few processes, the application loaded once and shared by them.

WEB_CONCURRENCY is the number of processes (gunicorn reads it itself; 2 when it is not set).
"""

import os
from typing import Any

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


def post_fork(server: Any, worker: Any) -> None:
    """A worker never outlives its master, not even one that was killed."""
    follow_parent()
