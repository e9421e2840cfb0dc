"""Django's PostgreSQL, with a cheaper look at whether a kept connection still lives."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A server that went away, or ended our session, has closed its end: the idle socket is then readable.

    Django asks ``SELECT 1`` at each request instead: a round trip more, and no surer.
    """

    connection: Any
    kept: set[str]  # names of the statements that this session has prepared (core.prepared)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.kept = set()
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        if self.errors_occurred or self.connection is None or self.connection.closed:
            return super().is_usable()
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
