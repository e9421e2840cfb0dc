"""Work that takes its time, for tests that interrupt it."""

import time
from pathlib import Path
from typing import Any


def nap(key: str, *, path: str, seconds: float, **_: Any) -> None:
    """Outbox handler: writes ``begun`` and, after ``seconds``, ``done``."""
    Path(path).write_text("begun")
    time.sleep(seconds)
    Path(path).write_text("done")
