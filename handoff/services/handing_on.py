"""Many handoffs at once from one person to a colleague, or back to routing: a chunk in the caller's transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import Refused
from core.locks import rows_locked
from handoff import rules
from handoff.models import Handoff
from handoff.selectors import may_manage
from handoff.services.assign import give, given_back, standings_lock
from handoff.services.clocks import assignments_end
from handoff.services.loads import loads
from handoff.services.passing import receiver_lock, to_routing
from handoff.services.pool import Outcome, Routing, rules_lock
from handoff.services.slas import Slas
from team.models import User

NO_ROOM = "Routing found nobody with room for an accepted lead: choose a colleague."
FORBIDDEN = "It is not your team's: only a manager of the team gives it away."
Given = tuple[Handoff, User, Outcome]


@dataclass
class HandedOn:
    """What became of a chunk: who got how many, how many wait for routing, and why the rest stayed."""

    got: Counter[int] = field(default_factory=Counter)
    waiting: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def handoffs_hand_on(*, ids: Sequence[int], by: Any, to: User | None, why: str, bulk: str, now: datetime) -> HandedOn:
    """Give these handoffs to ``to``, or to whom routing chooses (None). Those not answered yet start a new clock;
    undecided ones whom nobody can have wait. ``bulk`` marks the assignments: the caller tells each receiver once, of
    all.

    Raises Refused when ``to`` is no active rep (any more).
    """
    locked = rules_lock() if to is None else None
    found = Handoff.objects.filter(pk__in=ids, state__in=Handoff.HELD, closed_at=None)
    rows = list(rows_locked(found).select_related("rep"))
    out = HandedOn()
    mine = [one for one in rows if may_manage(by, one.rep)]
    _count(out, FORBIDDEN, len(rows) - len(mine))
    standings_lock([one.lead_id for one in mine])
    if to is not None:
        receiver_lock(to)
        going = [_to_person(one, to, by, why) for one in mine if one.rep_id != to.pk]
        _count(out, f"{to} has it already.", len(mine) - len(going))
        _give(going, by, why, bulk, now, None)
    else:
        routing = Routing.load([one.lead_id for one in mine], now=now, locked=locked)
        going = _chosen(mine, routing, by, why, out, now)
        _give(going, by, why, bulk, now, routing)
        routing.save()
    out.got.update(rep.pk for _, rep, _ in going)
    return out


def _count(out: HandedOn, why: str, number: int) -> None:
    if number > 0:
        out.refused[why] += number


def _to_person(one: Handoff, to: User, by: Any, why: str) -> Given:
    said = f"{by} gave it to {to}, from {one.rep}: {why}."
    return one, to, Outcome(rep=to, how="manual", explanation={"by": str(by), "said": said})


def _chosen(
    rows: Sequence[Handoff], routing: Routing, by: Any, why: str, out: HandedOn, now: datetime
) -> list[Given]:
    """Whom routing chooses for each, never who has it or said "not mine"; the rest waits or stays."""
    back = given_back(rows)
    going: list[Given] = []
    waiting = []
    for one in rows:
        outcome = routing.choose(one.lead_id, None, excluded={one.rep_id or 0} | back.get(one.pk, set()))
        if outcome.rep is not None:
            said = f"{by} gave it back from {one.rep} ({why}); {outcome.rep} was {rules.HOW[outcome.how]}."
            outcome.explanation = {**outcome.explanation, "said": said}
            going.append((one, outcome.rep, outcome))
        elif one.state == Handoff.State.ASSIGNED:
            waiting.append(one)
        else:
            _count(out, NO_ROOM, 1)
    if waiting:
        said = f"Given back by {by}: {why}"
        to_routing(waiting, ended=said, waiting=said, now=now)
    out.waiting = len(waiting)
    return going


def _give(rows: Sequence[Given], by: Any, why: str, bulk: str, now: datetime, routing: Routing | None) -> None:
    if not rows:
        return
    assignments_end([one for one, _, _ in rows], why=f"Given on by {by}: {why}", now=now)
    leads, reps = [one.lead_id for one, _, _ in rows], {rep for _, rep, _ in rows}
    calendars = routing.calendars if routing else None
    give(rows, now=now, slas=Slas.load(leads, now=now, reps=reps, calendars=calendars), bulk=bulk)


def room_of(rep: User, now: datetime) -> int:
    """How many more leads fit into the rep's load; negative when it is over already."""
    return int(rep.capacity_open) - loads(now)[rep.pk]


def receivers_of(ids: Sequence[int], now: datetime) -> tuple[Counter[str], int]:
    """Dry run: whom routing would choose now for these handoffs, by name, and how many nobody could have. Changes
    nothing."""
    rows = list(Handoff.objects.filter(pk__in=ids, state__in=Handoff.HELD, closed_at=None))
    routing = Routing.load([one.lead_id for one in rows], now=now)
    back = given_back(rows)
    names: Counter[str] = Counter()
    for one in rows:
        excluded = {one.rep_id or 0} | back.get(one.pk, set())
        outcome = routing.choose(one.lead_id, None, excluded=excluded)
        names[str(outcome.rep) if outcome.rep else ""] += 1
    nobody = names.pop("", 0)
    return names, nobody


def receiver_refusal(to: User | None) -> None:
    """Raises Refused for somebody who is no active rep."""
    if to is not None and not (to.is_active and to.is_rep):
        raise Refused(f"{to} is not an active rep.", field="to")
