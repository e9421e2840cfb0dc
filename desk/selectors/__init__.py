"""What the desk's pages show. One module a subject; import from here."""

from desk.selectors.brief import brief_of
from desk.selectors.lead import LOG_KINDS, lead_context, lead_page, timeline_context
from desk.selectors.queue import Queue, QueueItem, queue_get, queue_item_get

__all__ = [
    "LOG_KINDS",
    "Queue",
    "QueueItem",
    "brief_of",
    "lead_context",
    "lead_page",
    "queue_get",
    "queue_item_get",
    "timeline_context",
]
