"""The people and leads that these tests speak of, made through the public doors."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import outbox
from funnels.models import Transition
from funnels.selectors import stage_get, stage_of_kind
from handoff.models import Handoff, MqlPolicy, RoutingRule
from handoff.services import assign_drain
from leads.models import Lead, Standing
from leads.services import capture_accept, inbox_drain
from team.models import Team, User

_number = count(1)
ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}


def leads_make(
    how_many: int = 1, *, score: int | None = 0, grade: str = "A1", deed: str = "", **fields: Any
) -> list[Lead]:
    """Captured leads, scored as scoring would have done (None: not); ``deed``: an activity of each."""
    emails = []
    for _ in range(how_many):
        number = next(_number)
        emails.append(f"lead{number}@firm{number}.example")
        capture_accept(
            source="api",
            key=f"handoff-{number}",
            body={
                "lead": {"email": emails[-1], "first_name": "Lea", "last_name": f"Nr{number}"} | fields,
                "company": {"name": f"Firm {number}", "domain": f"firm{number}.example"},
                "touch": {"source": "webinar", "campaign": "autumn"},
                "activities": [{"kind": deed}] if deed else [],
            },
        )
    inbox_drain()
    found = Lead.objects.filter(email_key__in=emails).select_related("company").order_by("pk")
    if score is not None:
        Standing.objects.filter(pk__in=[one.pk for one in found]).update(score=score, grade=grade)
    return list(found)


def scored(leads: Sequence[Lead]) -> None:
    """What scoring says when it has written scores."""
    with transaction.atomic():
        outbox.emit("leads.scored", "", lead_ids=[one.pk for one in leads])


def mqls(how_many: int = 1, **fields: Any) -> list[Handoff]:
    """Handoffs just opened, nobody has them yet."""
    leads = leads_make(how_many, **{"score": 80, **fields})
    scored(leads)
    return list(Handoff.objects.filter(lead__in=leads).order_by("pk"))


def assigned(rep: User, **fields: Any) -> Handoff:
    """A handoff that ``rep`` (the only one who can) was given."""
    one = mqls(**fields)[0]
    RoutingRule.objects.update(team=rep.team)
    assign_drain()
    one.refresh_from_db()
    assert one.rep == rep, one.waiting_why
    return one


def reps(how_many: int, *, team: str = "East", **fields: Any) -> list[User]:
    """Reps of one team who are always at work."""
    there, _ = Team.objects.get_or_create(name=team)
    made = []
    for _ in range(how_many):
        number = next(_number)
        values = {"capacity_open": 1000, "capacity_day": 1000, "working_hours": ALWAYS} | fields
        made.append(
            User.objects.create(
                email=f"rep{number}@test.example", name=f"Rep {number}", is_rep=True, team=there, **values
            )
        )
    return made


def came_back(leads: Sequence[Lead], *, days: float) -> None:
    """These leads were handed over, rejected and recycled so many days ago, with the score that they have."""
    back = timezone.now() - timedelta(days=days)
    stage = stage_get("marketing", "interest")
    handed = stage_of_kind("marketing", "handed_off")
    policy = MqlPolicy.objects.get(is_default=True)
    for row in Standing.objects.filter(pk__in=[one.pk for one in leads]):
        Handoff.objects.create(
            lead_id=row.pk, cycle=1, state="rejected", why="x", score=row.score, policy=policy, decided_at=back
        )
        Transition.objects.bulk_create(
            Transition(
                kind=Transition.Kind.LEAD,
                traveller_id=row.pk,
                seq=seq,
                cycle=cycle,
                to_stage=to,
                at=back,
                cause=cause,
                score=row.score,
            )
            for seq, cycle, to, cause in ((2, 1, handed, "mql"), (3, 2, stage, "recycled"))
        )
    Standing.objects.filter(pk__in=[one.pk for one in leads]).update(cycle=2, seq=3, stage=stage, stage_since=back)
