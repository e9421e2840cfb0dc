"""Reading leads. One module a subject; import from here."""

from leads.selectors.timeline import TimelinePage, timeline

__all__ = ["TimelinePage", "timeline"]
