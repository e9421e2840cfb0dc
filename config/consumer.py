"""What a worker does about a broker that is gone."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as Usual

RETRY_SECONDS = 2
END_SECONDS = 30  # for the tasks that run; what they had not done is done again

log = logging.getLogger(__name__)


class Consumer(Usual):  # type: ignore[misc]
    def start(self) -> None:
        """A worker that cannot go on ends, and whoever watches over it starts another. Celery ends it in order, and
        may wait without end for children that nobody listens to any more."""
        try:
            super().start()
        except Exception:
            at_last = threading.Timer(END_SECONDS, os._exit, [1])
            at_last.daemon = True
            at_last.start()
            raise

    def ensure_connected(self, conn: Any) -> Any:
        """Celery waits longer after each try, up to half a minute, and has no setting for that: after an outage of
        some minutes the work would lie there for another half. Asking every two seconds costs nothing."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_max=RETRY_SECONDS)
        return super().ensure_connected(conn)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """A lost connection is closed twice, and tasks that still run acknowledge over it at the end. kombu 5.7 takes
        its address away the first time; what then has wake-ups in hand breaks, and for Celery that is the end of the
        worker. With its address it fails as connections do, or reaches the broker that is back."""
        if self.connection:
            self.connection.close = partial(_close, self.connection, self.connection.close, self.connection.transport)
        super().on_connection_error_after_connected(exc)


def _close(connection: Any, close: Callable[[], None], transport: Any) -> None:
    transport.client = connection
    try:
        close()
    except Exception as error:
        log.warning("The lost connection to the broker could not be closed in order: %r", error)
    transport.client = connection
