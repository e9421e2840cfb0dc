"""Writing leads. One module a subject; import from here."""

from leads.services.activities import activities_record, activity_record, leads_mark
from leads.services.capture import capture_accept, inbox_drain
from leads.services.people import captures_apply

__all__ = [
    "activities_record",
    "activity_record",
    "capture_accept",
    "captures_apply",
    "inbox_drain",
    "leads_mark",
]
