"""Writing leads. One module a subject; import from here."""

from leads.services.activities import activities_record, activity_record, leads_mark
from leads.services.capture import capture_accept, inbox_drain
from leads.services.people import captures_apply, sources_copy
from leads.services.standing import owner_set, stage_move, tag_get, tags_add, tags_remove

__all__ = [
    "activities_record",
    "activity_record",
    "capture_accept",
    "captures_apply",
    "inbox_drain",
    "leads_mark",
    "owner_set",
    "sources_copy",
    "stage_move",
    "tag_get",
    "tags_add",
    "tags_remove",
]
