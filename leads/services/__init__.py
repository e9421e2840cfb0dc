"""Writing leads. One module a subject; import from here."""

from leads.services.activities import activities_record, activities_take, activity_record, leads_mark
from leads.services.capture import capture_accept, inbox_drain
from leads.services.editing import lead_create, lead_update
from leads.services.people import captures_apply, lead_in, leads_lookup, sources_copy
from leads.services.standing import owner_set, stage_move, tag_get, tags_add, tags_remove

__all__ = [
    "activities_record",
    "activities_take",
    "activity_record",
    "capture_accept",
    "captures_apply",
    "inbox_drain",
    "lead_create",
    "lead_in",
    "lead_update",
    "leads_lookup",
    "leads_mark",
    "owner_set",
    "sources_copy",
    "stage_move",
    "tag_get",
    "tags_add",
    "tags_remove",
]
