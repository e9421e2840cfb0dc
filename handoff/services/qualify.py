"""Crossing the bar: set-based, inside scoring's transaction, so that a score and its handoff exist together."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from core import outbox, points
from core.bulk import rows_insert, where_in
from core.clock import db_now
from core.errors import Conflict, Refused
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import stage_of_kind
from funnels.services import journey_move
from handoff import rules
from handoff.models import Handoff, MqlPolicy
from handoff.selectors.policies import in_force, sort_out, waits
from leads.compiler import leads_matching
from leads.models import Activity, Lead, Standing
from leads.rules import ACTIVITY_KINDS

# what a move and a handoff take from a standing
_READ = ["stage_id", "stage_since", "seq", "cycle", "score", "grade"]
Deeds = Sequence[tuple[datetime, str]]


@dataclass(frozen=True)
class Passed:
    standing: Standing
    why: str
    instant: bool
    policy: MqlPolicy


def qualify_scored(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``leads.scored``: judge the bar for ``[{"lead_ids": [...]}, ...]`` in the caller's transaction.

    A lead in an open marketing stage that passes its policy moves to *Handed off* and gets one handoff for its cycle.
    The number of statements does not depend on the number of leads.
    """
    lead_ids = {lead_id for payload in payloads for lead_id in payload["lead_ids"]}
    if not lead_ids:
        return
    policies = in_force()
    now = db_now()
    _stirred(lead_ids)
    fresh = instant_activities(policies, lead_ids, now)
    found = _standings(policies, lead_ids, fresh)
    if found:
        handoffs_open(judge(policies, found, fresh, now), now=now)


def _stirred(lead_ids: Collection[int]) -> None:
    """Of those who wait for a rep since they passed, ``services.stirred`` hears."""
    waiting = where_in(Handoff.objects.filter(waits()), "lead", list(lead_ids))
    if found := sorted(waiting.values_list("lead_id", flat=True)):
        outbox.emit("handoff.stirred", f"stirred:{uuid.uuid4()}", lead_ids=found)


def instant_activities(
    policies: Sequence[MqlPolicy], lead_ids: Collection[int], now: datetime
) -> dict[int, list[tuple[datetime, str]]]:
    """Recent deeds of people (never of bots) that are high intent for one policy or another, by lead."""
    kinds = sorted({kind for one in policies for kind in one.instant_kinds})
    if not kinds:
        return {}
    days = max(one.instant_days for one in policies if one.instant_kinds)
    rows = where_in(Activity.objects.all(), "lead", list(lead_ids)).filter(
        kind__in=kinds, bot=Activity.Bot.HUMAN, at__gte=now - timedelta(days=days)
    )
    out: dict[int, list[tuple[datetime, str]]] = {}
    for lead_id, at, kind in rows.order_by("at").values_list("lead_id", "at", "kind"):
        out.setdefault(lead_id, []).append((at, kind))
    return out


def _standings(policies: Sequence[MqlPolicy], lead_ids: Collection[int], fresh: Collection[int]) -> list[Standing]:
    """Those who could pass, locked in one order, so that two scorers never wait for each other crosswise."""
    found = Stage.objects.filter(funnel__kind=Funnel.Kind.MARKETING, kind=Stage.Kind.OPEN).select_related("funnel")
    stages = {one.pk: one for one in found}
    base = where_in(Standing.objects.filter(stage__in=stages), "pk", list(lead_ids))
    lowest = min(one.score for one in policies)
    could = base.filter(Q(score__gte=lowest) | Q(pk__in=list(fresh))).only(*_READ).order_by("pk")
    rows = list(could.select_for_update(of=("self",)))
    for one in rows:
        one.stage = stages[one.stage_id]  # a handful of stages, shared by all
    return rows


def judge(
    policies: Sequence[MqlPolicy],
    standings: Sequence[Standing],
    fresh: dict[int, list[tuple[datetime, str]]],
    now: datetime,
) -> list[Passed]:
    """Who of them passes the policy that is about them, and by what."""
    ids = [one.pk for one in standings]
    known = set(Handoff.objects.filter(lead_id__in=ids).values_list("lead_id", "cycle"))
    whose = sort_out(policies, ids, now)
    backs = backs_of([one for one in standings if one.cycle > 1])
    required = _required(policies, whose, now)
    out = []
    for one in standings:
        if (one.pk, one.cycle) in known:
            continue
        policy = whose[one.pk]
        held = policy.pk not in required or one.pk in required[policy.pk]
        passed = _passes(one, policy, held, fresh.get(one.pk, ()), backs.get(one.pk), now)
        if passed:
            out.append(passed)
    return out


def _passes(
    one: Standing, policy: MqlPolicy, held: bool, deeds: Deeds, back: rules.Back | None, now: datetime
) -> Passed | None:
    """By a high-intent deed of this pass through marketing, or by the score; ``held``: what is required holds."""
    free = back is None or _reentry(policy).allows(back, now=now, cycle=one.cycle, score=one.score)
    if (free or policy.instant_skips_wait) and (said := instant_deed(policy, deeds, back, now)):
        return Passed(one, said, True, policy)
    if free and held and rules.passes_score(one.score, one.grade, bar=policy.score, grades=policy.grades):
        segment = "" if policy.is_default else policy.name
        return Passed(one, rules.why_score(one.score, policy.score, segment), False, policy)
    return None


def instant_deed(policy: MqlPolicy, deeds: Deeds, back: rules.Back | None, now: datetime) -> str:
    """The newest of these deeds (oldest first) that is high intent by this policy, for people; '' when none is. Of a
    lead that came back only those since then count."""
    oldest = now - timedelta(days=policy.instant_days)
    for at, kind in reversed(deeds):
        if kind in policy.instant_kinds and at >= oldest and (back is None or at > back.at):
            return ACTIVITY_KINDS.get(kind, kind.replace("_", " ").capitalize())
    return ""


def _reentry(policy: MqlPolicy) -> rules.Reentry:
    return rules.Reentry(policy.recycle_wait_days, policy.recycle_rise, policy.max_cycles)


def backs_of(standings: Sequence[Standing]) -> dict[int, rules.Back]:
    """How each of these recycled leads came back. Two queries."""
    cycles = {one.pk: one.cycle for one in standings}
    if not cycles:
        return {}
    moves = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id__in=cycles, cycle__gt=1)
    begun: dict[int, tuple[datetime, int | None]] = {}
    for lead_id, cycle, at, score in moves.order_by("seq").values_list("traveller_id", "cycle", "at", "score"):
        if cycle == cycles[lead_id]:
            begun.setdefault(lead_id, (at, score))
    given_back = Handoff.objects.filter(lead_id__in=cycles, state=Handoff.State.REJECTED, reenter_at__isnull=False)
    waits = {(pk, cycle + 1): at for pk, cycle, at in given_back.values_list("lead_id", "cycle", "reenter_at")}
    return {pk: rules.Back(at, score, waits.get((pk, cycles[pk]))) for pk, (at, score) in begun.items()}


def _required(policies: Sequence[MqlPolicy], whose: dict[int, MqlPolicy], now: datetime) -> dict[int, set[int]]:
    """For each policy that requires something: for whom of its leads it holds."""
    out: dict[int, set[int]] = {}
    for policy in policies:
        ids = [pk for pk, one in whose.items() if one is policy] if policy.required else []
        if ids:
            rows = leads_matching(policy.required, now=now, within=Lead.objects.filter(pk__in=ids))
            out[policy.pk] = set(rows.values_list("pk", flat=True))
    return out


def handoffs_open(passed: Sequence[Passed], *, now: datetime, by: Any = None, cause: str = "mql") -> int:
    """Move to *Handed off* and open one handoff each, in the caller's transaction. Returns how many."""
    if not passed:
        return 0
    to = stage_of_kind(Funnel.Kind.MARKETING, Stage.Kind.HANDED_OFF)
    journey_move([one.standing for one in passed], kind=Transition.Kind.LEAD, to=to, cause=cause, by=by, at=now)
    rows_insert(
        Handoff,
        ["lead", "cycle", "why", "instant", "score", "grade", "policy"],
        [
            (at.pk, at.cycle, one.why[:160], one.instant, at.score, at.grade, one.policy.pk)
            for one in passed
            for at in [one.standing]
        ],
        same={"opened_at": now, "next_try_at": now},
    )
    outbox.poke("handoff.opened")
    points.reached("handoff.opened")
    return len(passed)


@transaction.atomic
def handoff_open(*, lead_id: int, by: Any) -> Handoff:
    """A person hands a lead over by hand, below the bar or not. Raises Refused or Conflict."""
    if not by.has_role("marketer", "rep", "manager"):
        raise Refused("You may not hand leads over.")
    rows = Standing.objects.visible_to(by).filter(pk=lead_id).select_related("stage__funnel")
    one = rows.select_for_update(of=("self",)).first()
    if one is None:
        raise Refused("There is no such lead.", field="lead")
    if one.stage.kind == Stage.Kind.HANDED_OFF:
        raise Conflict("This lead is with sales already.")
    if one.stage.funnel.kind != Funnel.Kind.MARKETING or not one.stage.is_open:
        raise Refused(f"A lead in {one.stage.name} cannot be handed over: move it back to a marketing stage first.")
    if Handoff.objects.filter(lead_id=one.pk, cycle=one.cycle).exists():
        raise Conflict("This pass through marketing was handed over once already.")
    now = db_now()
    policy = sort_out(in_force(), [one.pk], now)[one.pk]
    handoffs_open([Passed(one, f"Handed over by {by.name}", True, policy)], now=now, by=by, cause="manual")
    return Handoff.objects.get(lead_id=one.pk, cycle=one.cycle)
