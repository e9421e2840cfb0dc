"""Changing the MQL policies. Whoever changes one hears first what it would do; every change is kept in words.

Leads that a change lets through are marked for scoring, and so judged within seconds.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core import outbox
from core.clock import db_now
from core.errors import Refused
from core.ordered import place_of, row_revise, row_shift, rows_held, rows_place
from core.rules import name_read
from handoff import rules
from handoff.models import Handoff, MqlPolicy, MqlPolicyChange
from handoff.selectors.policies import in_force, in_marketing, passing_q, segment_q
from handoff.selectors.policy_words import LABELS, differences, settings_of
from handoff.services.ceiling import line_wake
from handoff.services.qualify import instant_activities, judge
from handoff.services.reentry import waits_renew
from leads.compiler import condition_q
from leads.conditions import condition_check
from leads.models import Standing
from leads.rules import KIND_PATTERN
from leads.sense import always, contradiction

CHUNK = 2000
SCORED_BY_THEN = timedelta(minutes=1)  # a batch takes seconds
WAITS = {LABELS["condition"], LABELS["recycle_wait_days"], "Place", "On"}  # what another wait may come of
TOPS = {"score": 200, "instant_days": 3650, "recycle_wait_days": 3650, "recycle_rise": 200}


@dataclass(frozen=True)
class Counted:
    """Of the leads in marketing that a person sees: ``total`` that a policy is about, ``passing`` it today.
    ``taken``: where it is about nobody, although its segment has leads, (policy before it, how many that takes)."""

    passing: int
    total: int
    taken: list[tuple[str, int]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.passing / self.total if self.total else 0.0


def policy_count(policy: MqlPolicy, user: Any, now: datetime) -> Counted:
    """What a policy, saved or only typed so far, would do today, for the leads in marketing that ``user`` may see."""
    policies = _with(policy)
    base = in_marketing(Standing.objects.visible_to(user))
    segment = base.filter(segment_q(policies, policy, now))
    total = segment.count()
    over = segment.filter(passing_q(policy, now))
    passing = over.filter(cycle=1).count() + _come_back(policies, policy, over.filter(cycle__gt=1), now)
    return Counted(passing, total, [] if total else _taken(policies, policy, base, now))


def _with(policy: MqlPolicy) -> list[MqlPolicy]:
    """The policies in force, with this one as it is given in its place."""
    others = [one for one in in_force() if one.pk != policy.pk]
    return sorted([*others, policy], key=lambda one: (one.is_default, one.position, one.pk or 0))


def _come_back(policies: list[MqlPolicy], policy: MqlPolicy, rows: Any, now: datetime) -> int:
    """How many recycled leads pass: judged as they will be."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    passing = 0
    for start in range(0, len(ids), CHUNK):
        chunk = list(Standing.objects.filter(pk__in=ids[start : start + CHUNK]))
        fresh = instant_activities(policies, [one.pk for one in chunk], now)
        passing += sum(one.policy is policy for one in judge(policies, chunk, fresh, now))
    return passing


def _taken(policies: list[MqlPolicy], policy: MqlPolicy, base: Any, now: datetime) -> list[tuple[str, int]]:
    """Which policies before it take the leads of its segment."""
    mine = base.filter(condition_q(policy.condition, now=now, root="standing"))
    before = policies[: next(place for place, one in enumerate(policies) if one is policy)]
    counts = [(one.name, mine.filter(segment_q(policies, one, now)).count()) for one in before]
    return [one for one in counts if one[1]]


def _may(by: Any) -> None:
    if not by.has_role("marketer", "manager"):
        raise Refused("Only marketers and managers change the bar.", code="forbidden")


@transaction.atomic
def policy_save(
    *, by: Any, policy: MqlPolicy | None, revision: int, values: dict[str, Any], sure: bool = False
) -> MqlPolicy:
    """Create (``policy`` None: goes first) or change a policy. Raises Refused for nonsense (some of it not when
    ``sure``), Conflict when somebody changed it since ``revision``."""
    _may(by)
    now = db_now()
    rows = _rows()
    policy = rows[place_of(rows, policy.pk)] if policy else None
    values = _checked(values, default=bool(policy and policy.is_default))
    if any(one.name.lower() == values["name"].lower() for one in rows if one is not policy):
        raise Refused("There is a policy of this name already.", field="name")
    typed = MqlPolicy(**values, pk=policy.pk if policy else None, is_default=bool(policy and policy.is_default))
    typed.position = policy.position if policy else -1
    found = policy_count(typed, by, now)
    rules.policy_check(score=values["score"], passing=found.passing, total=found.total, sure=sure)
    before = settings_of(policy) if policy else {}
    kept = {**values, "changed_by": by, "changed_at": now}
    if policy is None:
        saved: MqlPolicy = MqlPolicy.objects.create(**kept)
        rows_place([saved, *rows])
    else:
        saved = row_revise(policy, revision, kept)
    _changed(saved, by, differences(before, settings_of(saved)), now)
    return saved


def _checked(values: dict[str, Any], *, default: bool) -> dict[str, Any]:
    values = {**values, "name": name_read(values["name"])}
    if not values["name"]:
        raise Refused("Give it a name.", field="name")
    for name, top in TOPS.items():
        if not 0 <= values[name] <= top:
            raise Refused(f"From 0 to {top:,}.", field=name)
    if not set(values["grades"]) <= set("ABCD"):
        raise Refused("A fit letter is A, B, C or D.", field="grades")
    if any(not KIND_PATTERN.match(str(kind)) for kind in values["instant_kinds"]):
        raise Refused("Unknown kind of activity.", field="instant_kinds")
    return _conditions_checked(_limits_checked(values), default=default)


def _limits_checked(values: dict[str, Any]) -> dict[str, Any]:
    if values["max_cycles"] is not None and not 1 <= values["max_cycles"] <= 1000:
        raise Refused("From 1 to 1,000 times; empty for no limit.", field="max_cycles")
    fixed = values["ceiling"] == MqlPolicy.Ceiling.FIXED
    if fixed and not values["ceiling_leads"]:
        raise Refused("Say how many a day: with none nobody would ever get a lead.", field="ceiling_leads")
    if fixed and values["ceiling_leads"] > 1_000_000:
        raise Refused("At most 1,000,000 a day.", field="ceiling_leads")
    return {**values, "ceiling_leads": values["ceiling_leads"] if fixed else None}


def _conditions_checked(values: dict[str, Any], *, default: bool) -> dict[str, Any]:
    condition, required = _asked(values, "condition"), _asked(values, "required")
    if default and condition:
        raise Refused("The last policy is for everybody else: it has no segment.", field="condition")
    if not default and (not condition or always(condition)):
        raise Refused("Say for whom: for everybody there is the last policy.", field="condition")
    clash = contradiction({"all": [condition, required]}) if condition and required else ""
    if clash:
        raise Refused(f"With this segment: {clash}", field="required")
    return {**values, "condition": condition, "required": required}


def _asked(values: dict[str, Any], name: str) -> dict[str, Any]:
    """The condition under that name. Raises Refused there for one that is none, or that never holds."""
    try:
        found = condition_check(values.get(name))
    except Refused as refusal:
        raise Refused(refusal.message, field=name) from None
    clash = contradiction(found) if found else ""
    if clash:
        raise Refused(clash, field=name)
    return found


def _changed(policy: MqlPolicy, by: Any, what: list[list[str]], now: datetime) -> None:
    """Keep what was changed, and let everybody be judged whom it may let through."""
    if not what:
        return
    MqlPolicyChange.objects.create(
        policy=policy, name=policy.name, revision=policy.revision, by=by, at=now, what=what
    )
    line_wake(policy.pk)
    if WAITS & {name for name, _, _ in what}:
        waits_renew(now)
    _mark(now)


def _mark(now: datetime) -> None:
    """Whoever passes and waits for nothing is scored again, and judged with it; and once more in a moment."""
    _mark_passing(now)
    outbox.emit("policies.changed", f"policies:{now.isoformat()}", at=now.isoformat())


def _mark_passing(now: datetime) -> None:
    policies = in_force()
    marked = 0
    for one in policies:
        over = in_marketing().filter(segment_q(policies, one, now) & passing_q(one, now), score_due_at=None)
        marked += over.update(score_due_at=now)
    if marked:
        outbox.poke("leads.marked")


def scored_meanwhile(key: str, *, at: str, **_: Any) -> None:
    """Outbox handler of ``policies.changed``: whoever was being scored at that very moment was judged by the policies
    of before, and could not be marked. When that is over, whoever still passes is. Doing it twice changes nothing."""
    until = datetime.fromisoformat(at) + SCORED_BY_THEN
    if db_now() < until:
        raise outbox.Later(until)
    with transaction.atomic():
        _mark_passing(db_now())


def _rows(*, no_key: bool = True) -> list[MqlPolicy]:
    """All policies, locked, as they stand in order; the default last. ``no_key``: they go on handing leads over."""
    return sorted(rows_held(MqlPolicy.objects.all(), no_key=no_key), key=lambda one: one.is_default)


def _row(pk: int, *, no_key: bool = True) -> MqlPolicy:
    rows = _rows(no_key=no_key)
    return rows[place_of(rows, pk)]


@transaction.atomic
def policy_move(*, by: Any, pk: int, up: bool) -> None:
    """One place up or down; the default stays the last. Raises Refused."""
    _may(by)
    rows = _rows()
    before = place_of(rows, pk)
    row = rows[before]
    if row.is_default:
        raise Refused("The last policy stays the last: it is for everybody else.")
    if row_shift(rows[:-1], pk, up=up):
        after = before - 1 if up else before + 1
        _changed(row, by, [["Place", str(before + 1), str(after + 1)]], db_now())


@transaction.atomic
def policy_toggle(*, by: Any, pk: int, active: bool) -> None:
    """Switch a policy on or off: its leads are judged by the next one that is about them. Raises Refused."""
    _may(by)
    row = _row(pk)
    if row.is_default:
        raise Refused("The last policy cannot be switched off: every lead needs one.")
    if row.is_active != active:
        row.is_active, row.revision = active, row.revision + 1
        row.changed_by, row.changed_at = by, db_now()
        row.save(update_fields=["is_active", "revision", "changed_by", "changed_at"])
        _changed(row, by, [["On", "no" if active else "yes", "yes" if active else "no"]], row.changed_at)


@transaction.atomic
def policy_delete(*, by: Any, pk: int) -> str:
    """Delete a policy that never let anybody through; its changes stay. Returns its name. Raises Refused."""
    _may(by)
    row = _row(pk, no_key=False)
    if row.is_default:
        raise Refused("The last policy cannot be deleted: every lead needs one.")
    if Handoff.objects.filter(policy=row).exists():
        raise Refused(f"{row.name} has handed leads over, and they say so: switch it off instead.")
    now = db_now()
    change = [["Deleted", row.name, ""]]
    MqlPolicyChange.objects.create(policy=None, name=row.name, revision=row.revision, by=by, at=now, what=change)
    row.delete()
    waits_renew(now)
    _mark(now)
    return row.name
