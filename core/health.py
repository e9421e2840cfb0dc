"""Signs of life of the processes that answer no web request: files whose age is the time since the last sign.

``python -m core.health worker`` (or ``beat``) exits with 1 when the last sign is older than 30 seconds.
"""

import os
import socket
import sys
import time
from pathlib import Path

FRESH_SECONDS = 30


def _path(name: str) -> Path:
    from django.conf import settings

    # By host: containers that share one var/ have lives of their own.
    return Path(settings.VAR_DIR) / "run" / f"{name}-{socket.gethostname()}"


def touch(name: str) -> None:
    """This process is well, now."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def age(name: str) -> float:
    """Seconds since the last sign of life; infinite when there never was one."""
    try:
        return time.time() - _path(name).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(any(age(name) > FRESH_SECONDS for name in sys.argv[1:]))
