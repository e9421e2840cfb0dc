"""The day's ceiling of a policy: leads over it are MQLs and have their handoff, and wait in order of score.

Judged where leads are given out, under the lock of the rules, so that two workers never let one too many through.
What went to a rep today counts, whoever chose the rep; who passed by high intent counts and never waits.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from core import outbox
from core.clock import db_now
from handoff import rules
from handoff.models import Handoff, MqlPolicy
from handoff.rules.route import MANAGER
from handoff.selectors.policies import line_of, taken_today
from handoff.services.pool import Routing

LOOK_AGAIN = timedelta(minutes=15)  # a rep may be back, or have more room than this morning
WOKEN = 500  # of a line at once: a batch


@dataclass
class Gate:
    """Says of each lead of a batch (best first) whether it may be tried. A place is taken by whoever gets a rep: a
    lead that nobody can take now keeps nobody else back. Inside the transaction that holds the rules."""

    now: datetime
    policies: dict[int, MqlPolicy]
    rows: Sequence[Handoff]
    places: dict[int, int]  # by policy with a fixed ceiling
    sleepers: dict[int, list[tuple[int, int]]]  # its line, as (-score, pk) in order, as far as there are places
    routing: Routing | None = None
    left: Counter[tuple[str, int]] = field(default_factory=Counter)
    over: dict[int, list[Handoff]] = field(default_factory=dict)

    @classmethod
    def load(cls, rows: Sequence[Handoff], now: datetime) -> "Gate":
        """Without any ceiling: one small query."""
        having = MqlPolicy.objects.filter(is_active=True).exclude(ceiling=MqlPolicy.Ceiling.NONE)
        policies = {one.pk: one for one in having}
        asking = {one.policy_id for one in rows if not one.turn}
        fixed = [pk for pk, one in policies.items() if one.ceiling == MqlPolicy.Ceiling.FIXED and pk in asking]
        taken = taken_today(fixed, now) if fixed else {}
        places = {pk: (policies[pk].ceiling_leads or 0) - taken.get(pk, 0) for pk in fixed}
        line = {
            pk: [(-score, one) for one, score in _sleeping(pk, now).values_list("pk", "score")[:number]]
            for pk, number in places.items()
            if number > 0
        }
        return cls(now, policies, rows, places, line)

    def begin(self, routing: Routing) -> None:
        """Count from the beginning, by what the reps have now."""
        self.routing, self.over = routing, {}
        self.left = Counter({("policy", pk): number for pk, number in self.places.items()})

    def admits(self, one: Handoff) -> bool:
        """False for a lead that has to wait behind the ceiling. Who passed by high intent never has to. Who stands in
        line with a better score, and would be looked at tomorrow only, goes before it: somebody took a place back."""
        key = self._key(one)
        if key is None or one.instant:
            return True
        line = self.sleepers.get(one.policy_id or 0, [])
        if self.left[key] > bisect_left(line, (-one.score, one.pk)):
            return True
        self.over.setdefault(one.policy_id or 0, []).append(one)
        return False

    def given(self, one: Handoff) -> None:
        """It got a rep."""
        if key := self._key(one):
            self.left[key] -= 1

    def _key(self, one: Handoff) -> tuple[str, int] | None:
        """What its place is taken from; None for a lead that no ceiling is about."""
        policy = self.policies.get(one.policy_id or 0)
        if policy is None or one.turn:
            return None
        if policy.pk in self.places:
            return "policy", policy.pk
        assert self.routing is not None
        lead = self.routing.facts[one.lead_id]
        route = next((route for route in self.routing.desk.routes if route.holds(lead)), None)
        if route is None:  # routing says so itself
            return None
        key = "route", route.id
        if key not in self.left:
            self.left[key] = room_today(route)
        return key

    def close(self) -> None:
        """Put in line whoever may not go. Where places are left, the best of the line are tried next."""
        for policy_id, rows in self.over.items():
            policy = self.policies[policy_id]
            fixed = policy_id in self.places
            until = next_day(self.now) if fixed else min(next_day(self.now), self.now + LOOK_AGAIN)
            _hold(rows, rules.ceiling_said(policy.name, policy.ceiling_leads if fixed else None), until)
        held = {one.pk for rows in self.over.values() for one in rows}
        _leave_line([one for one in self.rows if one.in_line and one.pk not in held])
        for policy_id in self.places:
            if self.left["policy", policy_id] > 0:
                line = _sleeping(policy_id, self.now).select_for_update(of=("self",), skip_locked=True)
                best = list(line.values_list("pk", flat=True)[:WOKEN])
                Handoff.objects.filter(pk__in=best).update(next_try_at=self.now)


def _sleeping(policy_id: int, now: datetime) -> QuerySet[Handoff]:
    """Who stands in this line and would be looked at later only, best first."""
    return Handoff.objects.filter(line_of([policy_id]), next_try_at__gt=now).order_by("-score", "pk")


def next_day(now: datetime) -> datetime:
    """When the company's next day begins; a day lasts about 24 hours."""
    zone = settings.COMPANY_ZONE
    return rules.day_start(rules.day_start(now, zone) + timedelta(hours=36), zone)


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
