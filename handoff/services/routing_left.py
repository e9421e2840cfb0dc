"""Rules that have nobody any more because somebody left or takes no leads: the managers hear of it."""

from typing import Any

from django.db import transaction
from django.urls import reverse

from core.clock import db_now
from handoff.models import RoutingRule
from handoff.services.pool import Routing, rules_active
from team.models import User
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell


@transaction.atomic
def routing_left(key: str, *, user_id: int, team_id: int | None = None, **_: Any) -> None:
    """Outbox handler of ``user.deactivated`` and ``user.rerouted`` (out of ``team_id``): tells the managers which
    rules give to nobody now. Doing it twice tells it once. A rule for every rep is not named: whoever has no reps at
    all knows."""
    now = db_now()
    leaver = User.objects.get(pk=user_id)
    leaver.team_id = team_id or leaver.team_id
    rows = list(rules_active())
    routing = Routing.of_rules(rows, [], now=now)
    empty = [
        rule
        for rule, route in zip(routing.order, routing.desk.routes, strict=True)
        if not any(route.pool.own.values())
    ]
    lines = [_line(rule, manager, key) for rule in empty if _had(rule, leaver) for manager in _managers(rule, leaver)]
    notices_tell(lines, kind="routing", now=now)


def _had(rule: Any, leaver: User) -> bool:
    if rule.found_named:
        return leaver.pk in rule.found_named
    return rule.team_id is not None and rule.team_id == leaver.team_id


def _managers(rule: RoutingRule, leaver: User) -> list[User]:
    team = rule.team_id or leaver.team_id
    return managers_of([team])[team]


def _line(rule: RoutingRule, manager: User, key: str) -> NoticeLine:
    title = f"“{rule.name}” has nobody who takes leads"
    text = "What this rule catches waits until you name somebody else."
    return NoticeLine(manager.pk, f"rule-empty:{rule.pk}:{key}", title, text, reverse("handoff:routing"))
