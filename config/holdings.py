"""What a person still has on the desk: asked before somebody is deactivated (``ASK`` in ``config/flow.py``)."""

from deals.models import Deal, Task
from funnels.models import Stage
from handoff.models import Handoff
from leads.models import Standing


def held_by(*, user_id: int) -> list[tuple[str, int]]:
    """(what, how many), without what there is none of."""
    counts = [
        ("undecided handoffs", Handoff.objects.filter(rep=user_id, state=Handoff.State.ASSIGNED).count()),
        ("open deals", Deal.objects.filter(owner=user_id, stage__kind=Stage.Kind.OPEN).count()),
        ("open tasks", Task.objects.filter(owner=user_id, done_at=None).count()),
        ("leads", Standing.objects.filter(owner=user_id).count()),
    ]
    return [(what, number) for what, number in counts if number]
