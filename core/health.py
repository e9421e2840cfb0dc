"""Is this process well? The web server answers for itself; for the others the age of a file is the time since their
last sign of life.

``python -m core.health web`` (or ``worker``, ``beat``) exits with 1 when it is not well.
"""

import http.client
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


def forget(name: str) -> None:
    """What an earlier process said does not count for the next one."""
    _path(name).unlink(missing_ok=True)


def age(name: str) -> float:
    """Seconds since the last sign of life; infinite when there never was one."""
    try:
        return time.time() - _path(name).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def web_answers(port: int, *, seconds: float = 2) -> bool:
    """True when the web server on this machine and its database answer."""
    from django.conf import settings

    host = (
        (settings.ALLOWED_HOSTS[0] if settings.ALLOWED_HOSTS else "localhost").lstrip(".").replace("*", "localhost")
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/healthz/", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def well(name: str) -> bool:
    return web_answers(int(os.environ.get("PORT", "8000"))) if name == "web" else age(name) <= FRESH_SECONDS


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.exit(not all(map(well, sys.argv[1:])))
