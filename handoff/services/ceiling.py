"""The day's ceiling of a policy: leads over it are MQLs and have their handoff, and wait in order of score.

Judged where leads are given out, under the lock of the rules, so that two workers never let one too many through.
What went to a rep today counts, whoever chose the rep; who passed by high intent counts and never waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from core import outbox
from core.clock import db_now
from handoff import rules
from handoff.models import Handoff, MqlPolicy
from handoff.rules.route import MANAGER
from handoff.selectors.policies import line_of, taken_today
from handoff.services.pool import Routing

LOOK_AGAIN = timedelta(minutes=15)  # a rep may be back, or have more room than this morning


def let_through(rows: Sequence[Handoff], routing: Routing, now: datetime) -> list[Handoff]:
    """Those of a batch (best first) that may go to a rep now; the others are put in line. Inside the transaction
    that holds the rules. Without any ceiling: one small query."""
    having = MqlPolicy.objects.filter(is_active=True).exclude(ceiling=MqlPolicy.Ceiling.NONE)
    policies = {one.pk: one for one in having}
    bound = [one for one in rows if one.policy_id in policies and not one.turn]
    if not bound:
        _leave_line([one for one in rows if one.in_line])
        return list(rows)
    held: set[int] = set()
    fixed = {pk for pk, one in policies.items() if one.ceiling == MqlPolicy.Ceiling.FIXED}
    taken = taken_today(fixed, now) if fixed else {}
    for policy_id in sorted({one.policy_id for one in bound if one.policy_id in fixed}):
        policy = policies[policy_id]
        mine = [one for one in bound if one.policy_id == policy_id]
        over = _over_fixed(policy_id, mine, (policy.ceiling_leads or 0) - taken.get(policy_id, 0), now)
        _hold(over, rules.ceiling_said(policy.name, policy.ceiling_leads), next_day(now))
        held |= {one.pk for one in over}
    by_room = [one for one in bound if one.policy_id not in fixed]
    for policy_id, full in _over_room(by_room, routing).items():
        _hold(full, rules.ceiling_said(policies[policy_id].name, None), min(next_day(now), now + LOOK_AGAIN))
        held |= {one.pk for one in full}
    going = [one for one in rows if one.pk not in held]
    _leave_line([one for one in going if one.in_line])
    return going


def next_day(now: datetime) -> datetime:
    """When the company's next day begins; a day lasts about 24 hours."""
    zone = settings.COMPANY_ZONE
    return rules.day_start(rules.day_start(now, zone) + timedelta(hours=36), zone)


def _over_fixed(policy_id: int, rows: Sequence[Handoff], room: int, now: datetime) -> list[Handoff]:
    """Those for whom there is no room. Who stands in line with a better score, and would be looked at tomorrow only,
    goes before them: somebody took a place back."""
    room -= sum(one.instant for one in rows)
    asking = [one for one in rows if not one.instant]
    if room <= 0 or not asking:
        return asking
    line = Handoff.objects.filter(line_of([policy_id]), next_try_at__gt=now).order_by("-score", "pk")
    earlier = line.select_for_update(of=("self",), skip_locked=True).values_list("pk", "score")[:room]
    order = sorted([*earlier, *((one.pk, one.score) for one in asking)], key=lambda one: (-one[1], one[0]))
    first = {pk for pk, _ in order[:room]}
    woken = first - {one.pk for one in asking}
    if woken:
        Handoff.objects.filter(pk__in=woken).update(next_try_at=now)
    return [one for one in asking if one.pk not in first]


def _over_room(rows: Sequence[Handoff], routing: Routing) -> dict[int, list[Handoff]]:
    """By policy, those for whom the reps that routing would choose from have no room left today."""
    out: dict[int, list[Handoff]] = {}
    room: dict[int, int] = {}
    for one in sorted(rows, key=lambda row: not row.instant):
        lead = routing.facts[one.lead_id]
        route = next((route for route in routing.desk.routes if route.holds(lead)), None)
        if route is None:  # routing says so itself
            continue
        if route.id not in room:
            room[route.id] = room_today(route)
        if one.instant or room[route.id] > 0:
            room[route.id] -= 1
        else:
            out.setdefault(one.policy_id or 0, []).append(one)
    return out


def room_today(route: rules.Route) -> int:
    """How many more leads the reps of this rule, and of the team that takes what they cannot, may get today."""
    pools = [route.pool] if route.fallback is None or route.fallback.how == MANAGER else [route.pool, route.fallback]
    reps = {one.id: one for pool in pools for one in pool.reps if pool.own.get(one.id)}
    return sum(max(0, one.capacity_day - one.today) for one in reps.values() if not one.away)


def _leave_line(rows: Sequence[Handoff]) -> None:
    if rows:
        Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(in_line=False, waiting_why="")


def _hold(rows: Sequence[Handoff], why: str, until: datetime) -> None:
    if rows:
        Handoff.objects.filter(pk__in=[one.pk for one in rows]).update(
            in_line=True, waiting_why=why, next_try_at=until
        )


def line_wake(policy_id: int) -> None:
    """The ceiling is another, or gone: who waits behind it is looked at now, the best first."""
    if Handoff.objects.filter(line_of([policy_id])).update(next_try_at=db_now()):
        outbox.poke("handoff.opened")
