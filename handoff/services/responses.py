"""What stops the human clock."""

from collections.abc import Sequence
from typing import Any

from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Greatest
from django.utils.dateparse import parse_datetime

from handoff.models import Assignment, Handoff


def handoffs_note_response(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``lead.responded`` ``{lead_id, by_id, at, until}``: the first call, e-mail or meeting by the rep
    who has the lead stops the clock, at the time it began, also when it was logged later. What was over before they
    had it does not; what they were at just then did so at once.

    Nobody else's does, not a manager's either: they take the lead over, and then it is theirs to answer. Who had it
    then and has it no more, has answered it in their own record.
    """
    for one in payloads:
        at, until = parse_datetime(one["at"]), parse_datetime(one.get("until", one["at"]))
        began = Value(at, output_field=DateTimeField())
        first = Q(responded_at=None) | Q(responded_at__gt=at)
        held = Handoff.objects.filter(first, lead_id=one["lead_id"], rep_id=one["by_id"], assigned_at__lte=until)
        held = held.filter(state__in=Handoff.HELD)
        held.update(responded_at=Greatest("assigned_at", began))
        had = Assignment.objects.filter(first, handoff__lead_id=one["lead_id"], rep_id=one["by_id"], at__lte=until)
        had.filter(Q(ended_at=None) | Q(ended_at__gte=at)).update(responded_at=Greatest("at", began))
