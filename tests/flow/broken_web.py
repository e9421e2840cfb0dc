"""Baton's web server, deliberately broken: it says that a capture is safe, and writes it a moment later."""

import threading
from typing import Any

from config.wsgi import application  # noqa: F401 - what gunicorn asks for
from leads import services
from leads.models import InboxItem

_accept = services.capture_accept


def accept_later(**capture: Any) -> tuple[InboxItem, bool]:
    threading.Timer(2, _accept, kwargs=capture).start()
    return InboxItem(pk=0), True


services.capture_accept = accept_later  # type: ignore[assignment]
