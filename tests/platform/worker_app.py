"""Baton's Celery app with one more task, which takes its time: any of our workers, in tests that kill."""

import os
import time
from pathlib import Path

from config.celery import app

if "TEST_VISIBILITY" in os.environ:
    seconds = int(os.environ["TEST_VISIBILITY"])
    app.conf.broker_transport_options = app.conf.broker_transport_options | {"visibility_timeout": seconds}


@app.task(name="tests.nap")
def nap(path: str, seconds: float) -> None:
    with Path(path).open("a") as file:
        file.write(f"begun {os.getpid()}\n")
    time.sleep(seconds)
    with Path(path).open("a") as file:
        file.write("done\n")
