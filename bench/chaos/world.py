"""Who works in the house: equal reps who are always at work, a marketer whose token sends captures, a form. And
what can be seen of it from outside: is anything on its way?"""

from dataclasses import dataclass
from typing import Any

REPS = 7
FORM = "chaos"


@dataclass(frozen=True)
class World:
    token: str
    source: str  # of the inbox, for captures by API
    reps: list[int]


def make_world() -> World:
    """The reps are one pool of equals without a limit that would be reached, and nobody's time runs out: then the
    shares must be equal, and each lead has one rep only."""
    from handoff.models import SlaPolicy
    from leads.models import CaptureForm
    from team.models import Team, User
    from team.services import token_create

    always = {str(day): [["00:00", "24:00"]] for day in range(7)}
    room: dict[str, Any] = {"capacity_open": 1_000_000, "capacity_day": 1_000_000, "working_hours": always}
    team = Team.objects.create(name="Chaos")
    fields = {"is_rep": True, "team": team, **room}
    reps = [User.objects.create(email=f"rep{n}@chaos.example", name=f"Rep {n}", **fields) for n in range(REPS)]
    User.objects.create(email="boss@chaos.example", name="Boss", is_manager=True, team=team)
    maya = User.objects.create(email="maya@chaos.example", name="Maya", is_marketer=True)
    CaptureForm.objects.create(slug=FORM, name="Chaos", fields=["message"])
    SlaPolicy.objects.update(minutes=7 * 24 * 60, working_time=False)
    _, secret = token_create(user=maya, name="chaos", scopes=["leads:write"])
    return World(secret, f"api:{maya.pk}", [one.pk for one in reps])


def drained() -> bool:
    """Nothing is on its way any more. Asked in the order of the way, so that nothing slips past."""
    from core.models import Leased, OutboxMessage
    from handoff.models import Handoff
    from leads.models import InboxItem, Standing

    return not (
        InboxItem.objects.filter(state=Leased.State.PENDING).exists()
        or Standing.objects.filter(score_due_at__isnull=False).exists()
        or Handoff.objects.filter(state=Handoff.State.WAITING).exists()
        or OutboxMessage.objects.filter(state=Leased.State.PENDING).exists()
    )


def waiting() -> dict[str, int]:
    """How much of what is still on its way."""
    from core.models import Leased, OutboxMessage
    from handoff.models import Handoff
    from leads.models import InboxItem, Standing

    pending = Leased.State.PENDING
    return {
        "inbox": InboxItem.objects.filter(state=pending).count(),
        "to score": Standing.objects.filter(score_due_at__isnull=False).count(),
        "handoffs": Handoff.objects.filter(state=Handoff.State.WAITING).count(),
        "outbox": OutboxMessage.objects.filter(state=pending).count(),
    }
