"""Reading the MQL policies: which of them is about a lead, and who would pass it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from core.clock import screen_now
from funnels.models import Funnel, Stage
from handoff.models import Assignment, Handoff, MqlPolicy, MqlPolicyChange
from leads.compiler import condition_q
from leads.models import Activity, Lead, Standing
from team.rules import day_start

DAYS = 30
LOG = 30


def in_force() -> list[MqlPolicy]:
    """The policies that judge, in order. The last is the default; there is always one."""
    found = list(MqlPolicy.objects.filter(is_active=True).order_by("is_default", "position", "pk"))
    return found if found and found[-1].is_default else [*found, default()]


def default() -> MqlPolicy:
    """The policy for whoever no other is about."""
    return MqlPolicy.objects.get_or_create(is_default=True)[0]


def sort_out(policies: Sequence[MqlPolicy], lead_ids: Collection[int], now: datetime) -> dict[int, MqlPolicy]:
    """The policy of each lead: the first whose condition holds. One query for each policy that has a condition,
    about whoever none before it took."""
    out: dict[int, MqlPolicy] = {}
    left = list(lead_ids)
    for one in policies:
        if not left:
            break
        if not one.condition:
            return out | dict.fromkeys(left, one)
        holds = Lead.objects.filter(pk__in=left).filter(condition_q(one.condition, now=now))
        out |= dict.fromkeys(holds.values_list("pk", flat=True), one)
        left = [pk for pk in left if pk not in out]
    return out


# --- questions of other rooms (``core.ask``) ------------------------------------------------------


def mql_bar(lead_id: int | None = None) -> int:
    """The score from which this lead is an MQL; without a lead, the bar of the default policy."""
    if lead_id is None:
        return int(default().score)
    return mql_bars([lead_id])[lead_id]


def mql_bars(lead_ids: Collection[int]) -> dict[int, int]:
    """The bar of each lead, by its policy."""
    return {pk: one.score for pk, one in sort_out(in_force(), lead_ids, screen_now()).items()}


def mql_lowest() -> int:
    """The lowest bar of all: no lead below it can pass by its score."""
    return min(one.score for one in in_force())


def mql_policy() -> dict[str, Any]:
    """What lets a lead pass besides its score, by the default policy; ``segments``: names of the others."""
    *others, policy = in_force()
    return {
        "grades": policy.grades,
        "required": policy.required,
        "instant_kinds": policy.instant_kinds,
        "instant_days": policy.instant_days,
        "wait_days": policy.recycle_wait_days,
        "segments": [one.name for one in others],
    }


# --- who would pass -------------------------------------------------------------------------------


def in_marketing(rows: QuerySet[Standing] | None = None) -> QuerySet[Standing]:
    """Whoever of these may still be handed over: in an open stage of marketing, and not handed over in this pass."""
    handed = Handoff.objects.filter(lead=OuterRef("pk"), cycle=OuterRef("cycle"))
    found = Standing.objects.all() if rows is None else rows
    open_ = found.filter(stage__funnel__kind=Funnel.Kind.MARKETING, stage__kind=Stage.Kind.OPEN)
    return open_.filter(~Exists(handed))


def segment_q(policies: Iterable[MqlPolicy], policy: MqlPolicy, now: datetime) -> Q:
    """Standings that ``policy`` judges: its condition holds and none of those before it."""
    found = condition_q(policy.condition, now=now, root="standing")
    for one in policies:
        if one is policy:
            break
        found &= ~condition_q(one.condition, now=now, root="standing")
    return found


def passing_q(policy: MqlPolicy, now: datetime) -> Q:
    """Standings over its bar, or with a high-intent deed. Of a recycled lead this does not say all."""
    over = Q(score__gte=policy.score) & condition_q(policy.required, now=now, root="standing")
    if policy.grades:
        over &= Q(grade__regex=f"^[{''.join(policy.grades)}]")
    if not policy.instant_kinds:
        return over
    deeds = Activity.objects.filter(
        lead=OuterRef("pk"),
        kind__in=policy.instant_kinds,
        bot=Activity.Bot.HUMAN,
        at__gte=now - timedelta(days=policy.instant_days),
    )
    return over | Q(Exists(deeds))


# --- what the pages show --------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """What sales made of what a policy handed over in the last 30 days."""

    handed: int
    accepted: int
    rejected: int

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected

    @property
    def acceptance(self) -> float:
        return self.accepted / self.decided if self.decided else 0.0


@dataclass(frozen=True)
class Line:
    """A policy's ceiling today: how many went to a rep since the company's day began, how many wait behind it."""

    taken: int
    waiting: int


def listed() -> list[MqlPolicy]:
    return list(MqlPolicy.objects.select_related("changed_by").order_by("is_default", "position", "pk"))


def records(user: Any, now: datetime) -> dict[int, Record]:
    """By policy, of the handoffs that ``user`` may see. One query."""
    rows = Handoff.objects.visible_to(user).filter(opened_at__gte=now - timedelta(days=DAYS), policy__isnull=False)
    counts = (
        rows.order_by()
        .values("policy")
        .annotate(
            handed=Count("pk"),
            accepted=Count("pk", filter=Q(state=Handoff.State.ACCEPTED)),
            rejected=Count("pk", filter=Q(state=Handoff.State.REJECTED)),
        )
    )
    return {row["policy"]: Record(row["handed"], row["accepted"], row["rejected"]) for row in counts}


def lines(policies: Iterable[MqlPolicy], now: datetime) -> dict[int, Line]:
    """By policy with a ceiling. Two queries, none without."""
    having = [one.pk for one in policies if one.is_active and one.ceiling != MqlPolicy.Ceiling.NONE]
    if not having:
        return {}
    taken = taken_today(having, now)
    rows = Handoff.objects.filter(line_of(having)).order_by().values("policy").annotate(count=Count("pk"))
    waiting = dict(rows.values_list("policy", "count"))
    return {pk: Line(taken.get(pk, 0), waiting.get(pk, 0)) for pk in having}


def waits() -> Q:
    """Who waits for the first rep."""
    return Q(state=Handoff.State.WAITING, turn=0)


def line_of(policy_ids: Iterable[int]) -> Q:
    """Who waits behind the ceiling of these policies."""
    return waits() & Q(in_line=True, policy__in=list(policy_ids))


def taken_today(policy_ids: Iterable[int], now: datetime) -> dict[int, int]:
    """How many leads of each policy first went to a rep since the company's day began. One query."""
    since = day_start(now, settings.COMPANY_ZONE)
    first = Assignment.objects.filter(handoff=OuterRef("pk"), turn=1, at__gte=since)
    # Given today, or given today and waiting again: each half is on an index.
    rows = Handoff.objects.filter(Q(assigned_at__gte=since) | Q(state=Handoff.State.WAITING, turn__gt=0))
    rows = rows.filter(Exists(first), policy__in=list(policy_ids)).order_by()
    return dict(rows.values("policy").annotate(count=Count("pk")).values_list("policy", "count"))


def places_set(rows: Iterable[Handoff]) -> None:
    """Put on each of these handoffs ``place`` and ``of``: 'number 3 of 12 in line', None for those in no line. One
    query, none when nobody of them waits behind a ceiling."""
    shown: list[Any] = list(rows)
    for one in shown:
        one.place = one.of = None
    waiting = {one.pk: one for one in shown if one.in_line and one.state == Handoff.State.WAITING and not one.turn}
    if not waiting:
        return
    lines: dict[int, list[int]] = {}
    line = Handoff.objects.filter(line_of({one.policy_id for one in waiting.values()})).order_by("-score", "pk")
    for policy_id, pk in line.values_list("policy_id", "pk"):
        lines.setdefault(policy_id, []).append(pk)
    for ids in lines.values():
        for place, pk in enumerate(ids, start=1):
            if pk in waiting:
                waiting[pk].place, waiting[pk].of = place, len(ids)


def changes(policy: MqlPolicy | None = None) -> list[MqlPolicyChange]:
    """Who changed what, newest first."""
    rows = MqlPolicyChange.objects.select_related("by")
    return list((rows.filter(policy=policy) if policy else rows)[:LOG])
