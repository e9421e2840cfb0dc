"""The routing rules: changing those in force or those of the draft, and putting the draft into force.

Every rule has a revision: of two managers who edit the same one, the second hears so. ``draft`` is None for the rules
in force.
"""

import json
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F

from core.clock import db_now
from core.errors import Conflict, Refused
from core.ordered import place_of, row_revise, row_shift, rows_held, rows_place
from core.rules import name_read
from handoff.models import Handoff, PoolPointer, RoutingDraft, RoutingRule, RulePerson
from handoff.services.assign import given_back, waiting_retry
from handoff.services.pool import Outcome, Routing, rules_active
from leads.conditions import condition_check
from leads.models import Lead
from leads.sense import contradiction
from team.access import managers_only
from team.models import Team, User

LAST = "This is the last active rule: without it leads would wait for ever."
COPIED = [
    *("name", "position", "condition", "countries", "team_id", "strategy", "won_days", "floor_percent"),
    *("company_owner_first", "lead_owner_first", "needs_language", "needs_country", "needs_skills", "nobody"),
    *("overflow_team_id", "is_active"),
]
Nobody = RoutingRule.Nobody


def rule_check(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a rule with its condition checked. Raises Refused naming the field of what would not work:
    ``named`` is who it names, by id, with their shares."""
    values = {**values, "name": name_read(values["name"]), "condition": condition_check(values.get("condition"))}
    if not values["name"]:
        raise Refused("Give it a name.", field="name")
    if clash := contradiction(values["condition"]):
        raise Refused(clash, field="condition")
    _pool_check(values.get("team"), values.get("named") or {})
    if not 7 <= values.get("won_days", 90) <= 730:
        raise Refused("From 7 to 730 days.", field="won_days")
    if not 0 <= values.get("floor_percent", 20) <= 100:
        raise Refused("From 0 to 100 percent.", field="floor_percent")
    if values.get("nobody") == Nobody.OVERFLOW:
        _overflow_check(values)
    elif values.get("nobody") == Nobody.MANAGER and not User.objects.filter(is_active=True, is_manager=True).exists():
        raise Refused("There is no manager yet.", field="nobody")
    return values


def _reps(team: Team | None) -> dict[int, int]:
    rows = User.objects.filter(is_active=True, is_rep=True)
    return dict((rows.filter(team=team) if team else rows).values_list("pk", "weight"))


def _pool_check(team: Team | None, named: dict[int, int]) -> None:
    if named:
        active = _reps(None)
        weights = [weight for rep, weight in named.items() if rep in active]
        whose, field = "the people it names", "named"
    else:
        weights = list(_reps(team).values())
        whose, field = str(team) if team else "your people", "team"
    whose = whose[0].upper() + whose[1:]
    if not weights:
        said = "are no active reps" if named else "has no active reps" if team else "are no active reps"
        raise Refused(f"{whose} {said}: its leads would wait for ever.", field=field)
    if not any(weights):
        raise Refused(f"Every rep of {whose} has weight 0: nobody would get a lead.", field=field)


def _overflow_check(values: dict[str, Any]) -> None:
    team = values.get("overflow_team")
    if team is None:
        raise Refused("Choose the team it flows over to.", field="overflow_team")
    if not values.get("named") and (values.get("team") in (None, team)):
        raise Refused("It has the reps of this team already: choose another one.", field="overflow_team")
    if not any(_reps(team).values()):
        raise Refused(f"{team} has no active reps who take a share.", field="overflow_team")


def _all(draft: RoutingDraft | None) -> list[RoutingRule]:
    """The rules of one list in their order, locked."""
    return rows_held(RoutingRule.objects.filter(draft=draft))


def _found(pk: int) -> tuple[list[RoutingRule], int]:
    """The list that a rule is in, locked, and its place there."""
    row = RoutingRule.objects.filter(pk=pk).first()
    rows = _all(row.draft) if row else []
    return rows, place_of(rows, pk)


def _changed(draft: RoutingDraft | None) -> None:
    if draft is None:
        waiting_retry()


@transaction.atomic
def rule_save(
    *, by: Any, rule: RoutingRule | None, revision: int, values: dict[str, Any], draft: RoutingDraft | None = None
) -> RoutingRule:
    """Create (``rule`` None: goes first, in ``draft`` if given) or change a rule. Raises Refused or Conflict."""
    managers_only(by)
    values = rule_check(values)
    named = values.pop("named", {})
    if rule is None:
        rows = _all(draft)
        saved = RoutingRule.objects.create(draft=draft, **values)
        rows_place([saved, *rows])
    else:
        if "strategy" in values:
            _turns_anew(rule.pk, values["strategy"])
        saved = row_revise(rule, revision, values)
    _name(saved, named)
    _changed(saved.draft)
    return saved


def _turns_anew(pk: int, strategy: str) -> None:
    """Another strategy does not make up for what the one before gave: everybody begins level."""
    if RoutingRule.objects.filter(pk=pk).exclude(strategy=strategy).update(cursors={}):
        PoolPointer.objects.filter(rule=pk).delete()


def _name(rule: RoutingRule, named: dict[int, int]) -> None:
    rule.named.exclude(rep__in=named).delete()
    for rep, weight in named.items():
        RulePerson.objects.update_or_create(rule=rule, rep_id=rep, defaults={"weight": weight})


@transaction.atomic
def rule_move(*, by: Any, pk: int, up: bool) -> RoutingRule:
    """One place up or down in its list."""
    managers_only(by)
    rows, place = _found(pk)
    row = rows[place]
    if row_shift(rows, pk, up=up):
        _changed(row.draft)
    return row


def _not_last(rows: list[RoutingRule], pk: int) -> None:
    if not any(one.is_active for one in rows if one.pk != pk):
        raise Refused(LAST)


@transaction.atomic
def rule_toggle(*, by: Any, pk: int, active: bool) -> RoutingRule:
    """Switch a rule on or off. Raises Refused for the last active one, and for one that could not work."""
    managers_only(by)
    rows, place = _found(pk)
    row = rows[place]
    if row.is_active != active:
        if active:
            rule_check(values_of(row))
        else:
            _not_last(rows, pk)
        row.is_active = active
        row.save(update_fields=["is_active"])
        _changed(row.draft)
    return row


@transaction.atomic
def rule_delete(*, by: Any, pk: int) -> RoutingRule:
    """Delete a rule; the explanations of past assignments keep its name."""
    managers_only(by)
    rows, place = _found(pk)
    row = rows[place]
    if row.is_active:
        _not_last(rows, pk)
    draft = row.draft
    RoutingRule.objects.filter(pk=pk).delete()
    _changed(draft)
    return row


def values_of(rule: RoutingRule) -> dict[str, Any]:
    """What ``rule_check`` looks at, of a saved rule."""
    values = {name.removesuffix("_id"): getattr(rule, name.removesuffix("_id")) for name in COPIED}
    return values | {"named": dict(rule.named.values_list("rep", "weight"))}


def state_of(draft: RoutingDraft | None) -> list[list[Any]]:
    """Says whether a list of rules is as it was: [pk, revision, place, on] of each."""
    rows = RoutingRule.objects.filter(draft=draft).order_by("position", "pk")
    return [list(one) for one in rows.values_list("pk", "revision", "position", "is_active")]


def draft_seen(draft: RoutingDraft) -> str:
    """Stands for both lists as they are now: what somebody looks at who puts the draft into force."""
    return sha256(json.dumps([state_of(None), state_of(draft)]).encode()).hexdigest()[:16]


@transaction.atomic
def draft_begin(*, by: Any) -> RoutingDraft:
    """Copy all rules into a draft. Raises Conflict when there is one already."""
    managers_only(by)
    live = _all(None)
    if RoutingDraft.objects.exists():
        raise Conflict("There is a draft already: go on with that one, or throw it away.")
    draft = RoutingDraft.objects.create(by=by, copied=state_of(None))
    for rule in live:
        copy = RoutingRule.objects.create(draft=draft, origin=rule, **{name: getattr(rule, name) for name in COPIED})
        _name(copy, dict(rule.named.values_list("rep", "weight")))
    return draft


@transaction.atomic
def draft_drop(*, by: Any) -> None:
    """Throw the draft away; the rules in force stay as they are."""
    managers_only(by)
    RoutingDraft.objects.all().delete()


@transaction.atomic
def draft_force(*, by: Any, sure: bool = False, seen: str = "") -> None:
    """Put the draft into force, all of it at once. Turns go on where they stood.

    Raises Refused for a draft that would not work, Conflict when the rules in force were changed meanwhile (unless
    ``sure``), when either list is not as ``by`` has ``seen`` it (``draft_seen``), or somebody else was faster.
    """
    managers_only(by)
    live = {rule.pk: rule for rule in _all(None)}
    draft = RoutingDraft.objects.first()
    if draft is None:
        raise Conflict("There is no draft any more: somebody put it into force or threw it away.")
    if draft.copied != state_of(None) and not sure:
        raise Conflict("The rules in force were changed since this draft was begun. Look at them first.")
    rows = _all(draft)
    if seen and seen != draft_seen(draft):
        raise Conflict("Somebody changed the draft or the rules in force since you looked. Look again first.")
    if not any(one.is_active for one in rows):
        raise Refused("No rule of the draft is on: leads would wait for ever.")
    for row in rows:
        if row.is_active:
            _checked(row)
    for position, row in enumerate(rows):
        _into_force(row, live.pop(row.origin_id or 0, None), position)
    RoutingRule.objects.filter(pk__in=live).delete()
    draft.delete()
    waiting_retry()


def _checked(row: RoutingRule) -> None:
    try:
        rule_check(values_of(row))
    except Refused as refusal:
        raise Refused(f"“{row.name}”: {refusal.message}") from None


def _into_force(row: RoutingRule, origin: RoutingRule | None, position: int) -> None:
    if origin is None:
        # another revision: whoever still has its form open meant to change a draft
        now = {"draft": None, "origin": None, "position": position, "revision": F("revision") + 1}
        RoutingRule.objects.filter(pk=row.pk).update(**now)
        return
    _turns_anew(origin.pk, row.strategy)
    values = {name: getattr(row, name) for name in COPIED} | {"position": position}
    RoutingRule.objects.filter(pk=origin.pk).update(**values, revision=F("revision") + 1)
    _name(origin, dict(row.named.values_list("rep", "weight")))


def routing_try(lead: Lead, draft: RoutingDraft | None = None) -> list[tuple[str, Outcome]]:
    """Who would get this lead now, and why; and what would happen to it while nobody is at work. Writes nothing."""
    now = db_now()
    rows = list(rules_active()) if draft is None else list(draft.rules.filter(is_active=True))
    waiting = list(Handoff.objects.filter(lead=lead, state=Handoff.State.WAITING))
    asked: dict[str, Any] = {"excluded": {rep for had in given_back(waiting).values() for rep in had}}
    owner = lead.standing.owner_id
    at_once = Routing.of_rules(rows, [lead.pk], now=now).choose(lead.pk, owner, **asked)
    closed = Routing.of_rules(rows, [lead.pk], now=now)
    closed.close()
    return [("now", at_once), ("off hours", closed.choose(lead.pk, owner, **asked))]
