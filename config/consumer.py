"""How a worker waits for a broker that is gone."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as Usual

RETRY_SECONDS = 2


class Consumer(Usual):  # type: ignore[misc]
    """Celery waits longer after each try, up to half a minute, and has no setting for that: after an outage of some
    minutes the work would lie there for another half. Asking every two seconds costs nothing."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, interval_max=RETRY_SECONDS)
        return super().ensure_connected(conn)
