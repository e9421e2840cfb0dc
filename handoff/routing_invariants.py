"""What should hold of routing: every rule that is on has somebody to give leads to. When the last one left nothing is
lost (what the rule catches waits and says why), so that is worth knowing, and no broken promise."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from core.invariants import Broken, found
from handoff.models import PoolPointer, RoutingRule, RulePerson
from team.models import User


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    on = RoutingRule.objects.in_force().filter(is_active=True)
    yield from found(
        "routing: a rule is on",
        RoutingRule.objects.in_force().filter(is_active=False).exclude(Exists(on)).order_by("pk"),
        lambda row: f"no routing rule is on: “{row.name}” could be.",
    )
    named = RulePerson.objects.filter(rule=OuterRef("pk"))
    able = named.filter(rep__is_active=True, rep__is_rep=True, weight__gt=0)
    yield from found(
        "routing: a rule names somebody who takes leads",
        on.filter(Exists(named)).exclude(Exists(able)).order_by("pk"),
        lambda row: f"rule “{row.name}” names nobody who takes leads: what it catches waits.",
        serious=False,
    )
    members = User.objects.filter(team=OuterRef("team"), is_active=True, is_rep=True, weight__gt=0)
    yield from found(
        "routing: the team of a rule takes leads",
        on.filter(team__isnull=False).exclude(Exists(named)).exclude(Exists(members)).order_by("pk"),
        lambda row: f"rule “{row.name}” sends leads to a team in which nobody takes any.",
        serious=False,
    )
    flows = User.objects.filter(team=OuterRef("overflow_team"), is_active=True, is_rep=True, weight__gt=0)
    yield from found(
        "routing: the team that a rule flows over to takes leads",
        on.filter(nobody=RoutingRule.Nobody.OVERFLOW).exclude(Exists(flows)).order_by("pk"),
        lambda row: f"rule “{row.name}” flows over to a team in which nobody takes leads.",
        serious=False,
    )
    yield from found(
        "routing: turns only go forward",
        PoolPointer.objects.filter(pointer__lt=0).order_by("pk"),
        lambda row: f"the turn of {row.rep_id} in rule {row.rule_id} stands at {row.pointer}.",
    )
