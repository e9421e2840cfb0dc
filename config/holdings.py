"""What a person has on the desk, over all rooms (``ASK`` in ``config/flow.py``)."""

from datetime import timedelta

from django.utils import timezone

from deals.models import Task
from desk.models import Relief
from desk.selectors.relief import relief_counts
from handoff.models import Handoff
from team.models import User


def held_by(*, user_id: int) -> list[tuple[str, int]]:
    """(what, how many), without what there is none of: just what the page for giving it to others offers."""
    counts = relief_counts(Relief(rep=User(pk=user_id)))
    return [(label, number) for _, label, number in counts if number]


def waiting_for(*, user_id: int) -> int:
    """How many things wait in this person's queue now: handoffs to decide or answer, and tasks due today (their
    zone). Two counts, each on partial indexes: every open page asks for it."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    tasks = Task.objects.filter(owner=user_id, done_at=None, due_at__lt=today + timedelta(days=1))
    return Handoff.objects.on_desk_of(user_id).count() + tasks.count()
