"""Segments and custom fields."""

from typing import Any

from django.db import IntegrityError, transaction

from core.ask import ask
from core.errors import Refused
from core.rules import name_read
from leads.conditions import condition_check
from leads.models import CustomField, Segment
from leads.selectors.filters import filter_read

SHOWN = 4  # of what asks for a field, by name


def segment_save(*, by: Any, segment: Segment | None, name: str, condition: Any, query: str, shared: bool) -> Segment:
    """Make or change a segment: a condition, saved list filters, or both. Raises Refused naming the field.

    A segment never contains another one: saving the filters of a list that shows a segment copies that segment in.
    """
    if segment is not None and not segment_may_edit(segment, by):
        raise Refused("Only its owner may change this segment.", code="role")
    row = segment or Segment(owner=by)
    row.name = name_read(name)[:80]
    if not row.name:
        raise Refused("Give the segment a name.", field="name")
    row.condition = condition_check(condition)
    found = filter_read(query, by)
    found.values.pop("segment", None)
    row.query = found.query()
    if len(row.query) > 500:
        raise Refused("These filters are too long to save.", field="query")
    row.shared = shared
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("You have a segment of this name already.", field="name") from None
    return row


def segment_may_edit(segment: Segment, user: Any) -> bool:
    return bool(segment.owner_id == user.pk or (segment.shared and user.is_admin))


def segment_remove(*, segment: Segment, by: Any) -> None:
    """Delete the segment; the leads in it stay. Raises Refused for somebody else's."""
    if not segment_may_edit(segment, by):
        raise Refused("Only its owner may delete this segment.", code="role")
    segment.delete()


def field_delete(field: CustomField) -> None:
    """Stop asking for a field; what leads have in it stays in their records. Raises Refused while a condition asks
    for it: no lead to come could ever meet that."""
    asking: list[str] = ask("fact.asked_by", fact=f"custom.{field.key}") or []
    if asking:
        shown = asking if len(asking) <= SHOWN else [*asking[:SHOWN], f"{len(asking) - SHOWN} more"]
        said = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
        raise Refused(f"{field.label} is still asked for by {said}. Take it out there first.")
    field.delete()


def field_save(
    *, field: CustomField | None, key: str, label: str, type: str, choices: list[str], position: int
) -> CustomField:
    """Make or change a custom field. The key and the type of one that exists stay: values of that type are stored.

    Raises Refused naming the field.
    """
    row = field or CustomField(key=key, type=type)
    row.label, row.choices, row.position = label.strip(), choices, position
    if row.type == CustomField.Type.CHOICE and not choices:
        raise Refused("List at least one choice.", field="choices")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("There is a field with this key already.", field="key") from None
    return row
