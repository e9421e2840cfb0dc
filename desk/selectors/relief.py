"""What somebody holds, kind by kind, and what giving it away would mean."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.rules import whole_read
from deals.models import Deal, Task
from desk.models import Relief
from funnels.models import Stage
from handoff.models import Handoff
from handoff.selectors import may_manage
from handoff.selectors.decisions import absences
from handoff.services.handing_on import receivers_of, room_of
from leads.models import Standing
from team.models import User

Kind = Relief.Kind
OF_HANDOFFS = {Kind.UNDECIDED: Handoff.State.ASSIGNED, Kind.ACCEPTED: Handoff.State.ACCEPTED}
TRIED = 2000  # so many are tried with routing before anything is done


def held(job: Relief, kind: str) -> QuerySet[Any]:
    """The rows of one kind that the job is about, as they are now, with what their own handoff brings left out."""
    if kind in OF_HANDOFFS:
        rows = Handoff.objects.filter(state=OF_HANDOFFS[Kind(kind)], closed_at=None)
        return rows.filter(pk__in=job.handoff_ids) if job.handoff_ids is not None else rows.filter(rep=job.rep)
    if job.rep is None:
        return Handoff.objects.none()
    if kind == Kind.DEALS:
        return _deals(job.rep)
    if kind == Kind.TASKS:
        mine = Deal.objects.filter(owner=job.rep, stage__kind=Stage.Kind.OPEN)
        return Task.objects.filter(owner=job.rep, done_at=None).exclude(deal__in=mine)
    leads = Standing.objects.filter(owner=job.rep)
    return leads.exclude(Exists(_kept(job.rep).filter(lead=OuterRef("pk"))))


def _kept(rep: User) -> QuerySet[Handoff]:
    """The handoffs that the person still has; what belongs to one goes along with it."""
    return Handoff.objects.filter(rep=rep, closed_at=None, state__in=list(OF_HANDOFFS.values()))


def _deals(rep: User) -> QuerySet[Deal]:
    """Open deals that do not follow a handoff which the person still has."""
    follows = _kept(rep).filter(lead=OuterRef("lead"), cycle=OuterRef("lead_cycle"))
    rows = Deal.objects.filter(owner=rep, stage__kind=Stage.Kind.OPEN)
    return rows.filter(_given_on()).exclude(Exists(follows))


@dataclass
class Plan:
    """The dry run: how many of each kind, what speaks against it, whom routing would choose."""

    counts: list[tuple[str, str, int]] = field(default_factory=list)  # kind, label, how many
    warnings: list[str] = field(default_factory=list)
    chosen: list[tuple[str, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(number for _, _, number in self.counts)


def relief_counts(job: Relief) -> list[tuple[str, str, int]]:
    """Each kind with what people call it and how many there are."""
    return [(kind, label, held(job, kind).count()) for kind, label in Kind.choices]


def left_behind(*, user_ids: Collection[int]) -> set[int]:
    """Those of these people who hold anything that could be given to somebody else. One query."""
    ids = list(user_ids)
    if not ids:
        return set()
    handoffs = Handoff.objects.filter(rep__in=ids, closed_at=None, state__in=list(OF_HANDOFFS.values()))
    deals = Deal.objects.filter(_given_on(), owner__in=ids, stage__kind=Stage.Kind.OPEN)
    tasks = Task.objects.filter(owner__in=ids, done_at=None)
    held = [rows.order_by().values_list("owner") for rows in (deals, tasks, Standing.objects.filter(owner__in=ids))]
    return {pk for (pk,) in handoffs.order_by().values_list("rep").union(*held)}


def _given_on() -> Q:
    """Deals that do not wait for their handoff's answer: those go where the handoff goes."""
    return Q(lead_cycle=None) | Q(accepted_at__isnull=False)


def relief_plan(job: Relief, by: Any, now: datetime) -> Plan:
    """What ``job`` (not saved) would do, counted now."""
    plan = Plan([one for one in relief_counts(job) if one[0] in job.kinds])
    handoffs = sum(number for kind, _, number in plan.counts if kind in OF_HANDOFFS)
    if job.to is None:
        _routed(job, plan, handoffs, now)
    elif (room := room_of(job.to, now)) < handoffs:
        plan.warnings.append(
            f"{job.to} has room for {max(0, room)} more leads of {job.to.capacity_open}; this brings {handoffs}."
        )
    if job.to is not None and (away := absences([job.to], now)[job.to.pk]):
        plan.warnings.append(f"{job.to} {away}: unanswered leads start their clock with {job.to}'s working hours.")
    if job.handoff_ids is not None:
        strangers = [one for one in _rows(job) if not may_manage(by, one.rep)]
        if strangers:
            plan.warnings.append(f"{len(strangers)} are another team's and stay where they are.")
    return plan


def _rows(job: Relief) -> list[Handoff]:
    return list(Handoff.objects.filter(pk__in=job.handoff_ids or []).select_related("rep"))


def _routed(job: Relief, plan: Plan, handoffs: int, now: datetime) -> None:
    ids = [
        pk for kind in OF_HANDOFFS if kind in job.kinds for pk in held(job, kind).values_list("pk", flat=True)[:TRIED]
    ]
    names, nobody = receivers_of(ids, now)
    plan.chosen = sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))
    if nobody:
        plan.warnings.append(f"For {nobody} nobody has room now: undecided ones wait, accepted ones stay.")
    if handoffs > len(ids):
        plan.warnings.append(f"Only the first {len(ids):,} were tried with routing.")
    rest = sum(number for kind, _, number in plan.counts if kind not in OF_HANDOFFS)
    if rest:
        plan.warnings.append(f"Routing gives out leads only: {rest} deals, tasks and other leads stay.")


def relief_lines(job: Relief) -> list[tuple[str, list[tuple[str, int]]]]:
    """The report: each receiver's name and what they got, most first."""
    names = dict(User.objects.filter(pk__in=[int(pk) for pk in job.report if pk]).values_list("pk", "name"))
    labels = dict(Kind.choices)
    lines = []
    for pk, got in job.report.items():
        name = names.get(int(pk), "Somebody") if pk else "Waiting for routing"
        lines.append((name, [(str(labels.get(Kind(kind), kind)), number) for kind, number in got.items()]))
    return sorted(lines, key=lambda line: -sum(number for _, number in line[1]))


def reliefs_seen_by(user: Any) -> QuerySet[Relief]:
    """An own job; a manager also sees the team's, one without a team and an admin everybody's."""
    rows = Relief.objects.select_related("by", "rep", "to")
    if user.is_admin or (user.is_manager and user.team_id is None):
        return rows
    return rows.filter(Q(by=user) | Q(by__team=user.team_id) if user.is_manager else Q(by=user))


def selected_ids(texts: Sequence[str]) -> list[int]:
    return sorted({number for one in texts if (number := whole_read(one)) is not None})
