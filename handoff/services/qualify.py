"""Crossing the bar: set-based, inside scoring's transaction, so that a score and its handoff exist together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min, Q

from core import outbox, points
from core.bulk import rows_insert, where_in
from core.clock import db_now
from core.errors import Conflict, Refused
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import stage_of_kind
from funnels.services import journey_move
from handoff import rules
from handoff.models import Handoff, MqlPolicy
from handoff.selectors import policy_current
from leads.compiler import leads_matching
from leads.models import Activity, Lead, Standing
from leads.rules import ACTIVITY_KINDS

# what a move and a handoff take from a standing
_READ = ["stage_id", "stage_since", "seq", "cycle", "score", "grade"]


@dataclass(frozen=True)
class Passed:
    standing: Standing
    why: str
    instant: bool


def qualify_scored(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``leads.scored``: judge the bar for ``[{"lead_ids": [...]}, ...]`` in the caller's transaction.

    A lead in an open marketing stage that passes moves to *Handed off* and gets one handoff for its cycle.
    """
    lead_ids = {lead_id for payload in payloads for lead_id in payload["lead_ids"]}
    if not lead_ids:
        return
    policy = policy_current()
    now = db_now()
    fresh = _instant_activities(policy, lead_ids, now)
    found = _standings(policy, lead_ids, fresh)
    if found:
        handoffs_open(_judge(policy, found, fresh, now), now=now)


def _instant_activities(
    policy: MqlPolicy, lead_ids: Collection[int], now: datetime
) -> dict[int, list[tuple[datetime, str]]]:
    """Recent high-intent deeds of people (never of bots), by lead."""
    if not policy.instant_kinds:
        return {}
    rows = where_in(Activity.objects.all(), "lead", list(lead_ids)).filter(
        kind__in=policy.instant_kinds,
        bot=Activity.Bot.HUMAN,
        at__gte=now - timedelta(days=policy.instant_days),
    )
    out: dict[int, list[tuple[datetime, str]]] = {}
    for lead_id, at, kind in rows.order_by("at").values_list("lead_id", "at", "kind"):
        out.setdefault(lead_id, []).append((at, kind))
    return out


def _standings(policy: MqlPolicy, lead_ids: Collection[int], fresh: Collection[int]) -> list[Standing]:
    """Those who could pass, locked in one order, so that two scorers never wait for each other crosswise."""
    found = Stage.objects.filter(funnel__kind=Funnel.Kind.MARKETING, kind=Stage.Kind.OPEN).select_related("funnel")
    stages = {one.pk: one for one in found}
    base = where_in(Standing.objects.filter(stage__in=stages), "pk", list(lead_ids))
    could = base.filter(Q(score__gte=policy.score) | Q(pk__in=list(fresh))).only(*_READ).order_by("pk")
    rows = list(could.select_for_update(of=("self",)))
    for one in rows:
        one.stage = stages[one.stage_id]  # a handful of stages, shared by all
    return rows


def _judge(
    policy: MqlPolicy,
    standings: Sequence[Standing],
    fresh: dict[int, list[tuple[datetime, str]]],
    now: datetime,
) -> list[Passed]:
    ids = [one.pk for one in standings]
    known = set(Handoff.objects.filter(lead_id__in=ids).values_list("lead_id", "cycle"))
    cycle_starts = _cycle_starts([one.pk for one in standings if one.cycle > 1])
    required = _required(policy, ids, now)
    out = []
    for one in standings:
        if (one.pk, one.cycle) in known:
            continue
        since = cycle_starts.get((one.pk, one.cycle)) if one.cycle > 1 else None
        deeds = [kind for at, kind in fresh.get(one.pk, []) if since is None or at > since]
        if deeds:
            out.append(Passed(one, ACTIVITY_KINDS.get(deeds[-1], deeds[-1].replace("_", " ").capitalize()), True))
        elif (
            rules.passes_score(one.score, one.grade, bar=policy.score, grades=policy.grades)
            and (required is None or one.pk in required)
            and rules.may_reenter(now, since, policy.recycle_wait_days)
        ):
            out.append(Passed(one, rules.why_score(one.score, policy.score), False))
    return out


def _cycle_starts(lead_ids: list[int]) -> dict[tuple[int, int], datetime]:
    """When the cycles of recycled leads began."""
    if not lead_ids:
        return {}
    moves = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id__in=lead_ids)
    begun = moves.values("traveller_id", "cycle").annotate(first=Min("at")).order_by()
    return {(row["traveller_id"], row["cycle"]): row["first"] for row in begun}


def _required(policy: MqlPolicy, ids: list[int], now: datetime) -> set[int] | None:
    if not policy.required:
        return None
    within = Lead.objects.filter(pk__in=ids)
    return set(leads_matching(policy.required, now=now, within=within).values_list("pk", flat=True))


def handoffs_open(passed: Sequence[Passed], *, now: datetime, by: Any = None, cause: str = "mql") -> int:
    """Move to *Handed off* and open one handoff each, in the caller's transaction. Returns how many."""
    if not passed:
        return 0
    to = stage_of_kind(Funnel.Kind.MARKETING, Stage.Kind.HANDED_OFF)
    journey_move([one.standing for one in passed], kind=Transition.Kind.LEAD, to=to, cause=cause, by=by, at=now)
    rows_insert(
        Handoff,
        ["lead", "cycle", "why", "instant", "score", "grade"],
        [
            (one.standing.pk, one.standing.cycle, one.why[:160], one.instant, one.standing.score, one.standing.grade)
            for one in passed
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
    handoffs_open([Passed(one, f"Handed over by {by.name}", True)], now=db_now(), by=by, cause="manual")
    return Handoff.objects.get(lead_id=one.pk, cycle=one.cycle)
