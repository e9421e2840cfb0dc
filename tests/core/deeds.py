"""Outbox handlers that misbehave."""

import os
import signal
from typing import Any

from core.models import OutboxMessage

did: list[str] = []


def note(key: str, **_: Any) -> None:
    did.append(key)


def die(key: str, **_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lose_the_next(key: str, **_: Any) -> None:
    """So slow that somebody else takes over what comes after."""
    import uuid

    did.append(key)
    OutboxMessage.objects.filter(state="pending").exclude(key=key).update(lease_token=uuid.uuid4())
