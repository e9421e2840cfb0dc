"""A rep goes on time off while somebody waits for their answer.

The deadline is a promise to the lead and is not put off. What the rep has not decided goes to a colleague the moment
the time off begins; what nobody else can take, and what the rep has accepted, stays, and the managers are told.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Greatest

from core.clock import db_now
from handoff.models import Handoff
from handoff.services import tell
from handoff.services.clocks import BATCH, Moving
from team.models import TimeOff, User
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell

WENT_OFF = "On time off"


def absent_due(now: datetime) -> Any:
    """Unanswered handoffs whose rep has gone on time off since they got them (or since the managers were told).

    Who was given a lead on purpose while off, keeps it.
    """
    away = TimeOff.objects.filter(starts_at__lte=now, ends_at__gt=now)
    reps = list(away.values_list("user_id", flat=True))
    seen = Greatest("assigned_at", Coalesce("absent_told_at", "assigned_at"))
    since = away.filter(user=OuterRef("rep")).filter(
        Q(starts_at__gt=OuterRef("seen")) | Q(noted_at__gt=OuterRef("seen"))
    )
    return Handoff.objects.unanswered().filter(rep__in=reps).annotate(seen=seen).filter(Exists(since))


@transaction.atomic
def absent_batch(limit: int = BATCH) -> int:
    """Give undecided leads of people who are off to others, and tell the managers of every one."""
    now = db_now()
    moving = Moving.load(absent_due(now), order="due_at", limit=limit, now=now)
    rows = moving.rows
    if not rows:
        return 0
    had = moving.had()
    for one in rows:
        if one.state == Handoff.State.ASSIGNED:
            outcome = moving.routing.choose(one.lead_id, None, excluded=had[one.pk])
            if outcome.rep is not None:
                moving.moved.append((one, outcome.rep, outcome))
    gone = moving.give(why=WENT_OFF)
    Handoff.objects.filter(pk__in=[one.pk for one in rows if one.pk not in gone]).update(absent_told_at=now)
    managers = managers_of([rep.team_id for rep in moving.reps.values() if rep])
    lines: list[NoticeLine] = []
    for one in rows:
        rep = moving.reps[one.pk]
        if rep:
            lines += _lines(one, rep, managers[rep.team_id], one.pk in gone, now)
    notices_tell(lines, kind="absent", now=now)
    return len(rows)


def _lines(one: Handoff, rep: User, told: list[User], moved: bool, now: datetime) -> list[NoticeLine]:
    title = f"{rep.name} is off, and {one.lead.name} waits for an answer"
    if moved:
        then = f"{one.rep} has it now."
    elif one.state == Handoff.State.ACCEPTED:
        then = f"{rep.name} has accepted it. Give it to a colleague, or take it over."
    else:
        then = f"Nobody else can take it now; it stays with {rep.name}. Give it to somebody, or take it over."
    key = tell.key_of(one, one.turn - moved, "absent", f"{now:%Y%m%d%H%M}")
    return [tell.notice_for(who, one, key, title, then) for who in told if who.pk != rep.pk]
