"""Many at once, with real threads and real transactions."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment, each with its own connection; what each returned or raised."""
    barrier = threading.Barrier(len(work))
    out: list[Any] = [None] * len(work)

    def run(index: int, one: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            out[index] = one()
        except Exception as error:
            out[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return out


def assert_none_failed(done: list[Any]) -> None:
    assert not [one for one in done if isinstance(one, Exception)], done
