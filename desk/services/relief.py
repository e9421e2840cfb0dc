"""One person's work given to a colleague or back to routing. A chunk and the place it reached commit together: a
dead worker costs nothing, and nothing is done twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from core import jobs, leases, outbox, points
from core.clock import db_now
from core.errors import Refused
from core.mail import mail_queue
from core.models import Leased
from deals.services.relief import deals_give, tasks_give
from desk.models import Relief
from desk.selectors.relief import OF_HANDOFFS, held, relief_counts
from handoff.selectors import may_manage
from handoff.services.handing_on import FORBIDDEN, HandedOn, handoffs_hand_on, receiver_refusal
from handoff.services.passing import receiver_lock
from leads.services.standing import owner_set
from team.models import Notice, User
from team.services import NoticeLine, notices_tell, person_save

INLINE = 50
CHUNK, HANDOFFS = 500, 100
LEASE_SECONDS = 60
Kind = Relief.Kind
NOT_ROUTED = "Routing gives out leads only: choose a colleague for the rest."


def relief_check(job: Relief) -> None:
    """Raises Refused when it may not be, or would mean nothing."""
    if job.rep is None and not job.handoff_ids:
        raise Refused("Choose at least one lead.", field="handoff")
    if job.rep is not None and not may_manage(job.by, job.rep):
        raise Refused(f"Only a manager of {job.rep}'s team gives this work away.", code="forbidden")
    if not set(job.kinds) <= set(Kind.values):
        raise Refused("Choose what to give away.", field="kinds")
    if not job.kinds and not job.leaving:
        raise Refused("Choose what to give away.", field="kinds")
    if job.rep is not None and job.to == job.rep:
        raise Refused(f"{job.rep} has it: choose somebody else.", field="to")
    if job.leaving and not job.by.is_admin:
        raise Refused("Only an admin may deactivate people.", code="forbidden", field="leaving")
    receiver_refusal(job.to)


def relief_start(job: Relief) -> Relief:
    """Save and begin it: few things are done before this returns, more by a worker. The same again
    within seconds is the first one. Raises Refused."""
    relief_check(job)
    if begun := _twin(job):
        return begun
    job.why = " ".join(job.why.split())[:80] or ("left" if job.leaving else "given on")
    job.total = sum(number for kind, _, number in relief_counts(job) if kind in job.kinds)
    with transaction.atomic():
        job.save()
        outbox.poke("desk.relief")
    if job.total <= INLINE:
        jobs.drain(Relief.objects.filter(pk=job.pk), _work, seconds=20, lease_seconds=LEASE_SECONDS)
        job.refresh_from_db()
    return job


def _twin(job: Relief) -> Relief | None:
    """The same asked for a moment ago, by a double click: given on again, the leads would be told of twice."""
    just_now = db_now() - timedelta(seconds=10)
    recent = Relief.objects.filter(by=job.by, created_at__gte=just_now)
    return next((one for one in recent if _asked(one) == _asked(job)), None)


def _asked(job: Relief) -> tuple[Any, ...]:
    return (job.rep_id, job.to_id, job.kinds, job.handoff_ids, job.leaving)


def relief_cancel(*, job: Relief) -> None:
    """Stop before the next chunk. What was given stays given."""
    Relief.objects.filter(pk=job.pk, state=Leased.State.PENDING).update(cancelled=True)


def relief_drain(*, seconds: float = 20) -> int:
    """Work on the due jobs for a while; returns how many rows were looked at."""
    return jobs.drain(Relief.objects.all(), _work, seconds=seconds, lease_seconds=LEASE_SECONDS)


def _work(job: Relief, token: UUID, end: float) -> int:
    start = job.seen

    def part() -> bool:
        try:
            more = _chunk(job, token)
        except Refused as refusal:  # the receiver left meanwhile: what was given stays, the rest is told
            _stop(job, token, refusal.message)
            return False
        if more:
            points.reached("relief.chunk")
        return more

    jobs.run_parts(job, token, end, part=part, finish=lambda: _finish(job, token), topic="desk.relief")
    return job.seen - start


def _stop(job: Relief, token: UUID, why: str) -> None:
    job.refused = {**job.refused, why: max(1, (job.total or 0) - job.seen)}
    leases.held(job, token).update(refused=job.refused, cancelled=True)
    job.cancelled = True


def _chunk(job: Relief, token: UUID) -> bool:
    """One chunk of one kind; False when there is nothing left to do."""
    with transaction.atomic():
        now = db_now()
        if job.step >= len(job.kinds) or Relief.objects.filter(pk=job.pk, cancelled=True).exists():
            return False
        kind = job.kinds[job.step]
        size = HANDOFFS if kind in OF_HANDOFFS else CHUNK
        rows = held(job, kind).filter(pk__gt=job.place).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:size])
        if ids:
            _count(job, kind, _give(job, kind, ids, now), len(ids), now)
            job.place = ids[-1]
        else:
            job.step, job.place = job.step + 1, 0
        _keep(job, token, now)
    return True


def _keep(job: Relief, token: UUID, now: datetime) -> None:
    names = ("step", "place", "seen", "moved", "refused", "report")
    kept = {name: getattr(job, name) for name in names}
    if not leases.held(job, token).update(**kept, lease_until=now + timedelta(seconds=LEASE_SECONDS)):
        raise leases.LeaseLost("somebody else has this job now")


def _give(job: Relief, kind: str, ids: Sequence[int], now: datetime) -> HandedOn:
    by = User.objects.get(pk=job.by_id)
    if not by.is_active or (job.rep is not None and not may_manage(by, job.rep)):
        return HandedOn(refused=Counter({FORBIDDEN: len(ids)}))
    if kind in OF_HANDOFFS:
        return handoffs_hand_on(ids=ids, by=by, to=job.to, why=job.why, bulk=job.key, now=now)
    if job.to is None:
        return HandedOn(refused=Counter({NOT_ROUTED: len(ids)}))
    receiver_lock(job.to)
    give = {Kind.DEALS: deals_give, Kind.TASKS: tasks_give}.get(Kind(kind))
    number = give(ids=ids, to=job.to) if give else owner_set(lead_ids=ids, owner=job.to)
    return HandedOn(got=Counter({job.to.pk: number}))


def _count(job: Relief, kind: str, done: HandedOn, looked: int, now: datetime) -> None:
    """Keep what became of the chunk, and renew the one line that each receiver has in the bell."""
    for pk, number in done.got.items():
        if number:
            mine = job.report.setdefault(str(pk), {})
            mine[kind] = mine.get(kind, 0) + number
    if done.waiting:
        mine = job.report.setdefault("", {})
        mine[kind] = mine.get(kind, 0) + done.waiting
    job.seen += looked
    job.moved += sum(done.got.values()) + done.waiting
    job.refused = dict(Counter(job.refused) + done.refused)
    url = reverse("desk:queue")
    lines = [
        NoticeLine(pk, job.key, _title(job, job.report[str(pk)]), f"{job.by} gave them to you: {job.why}.", url)
        for pk, number in done.got.items()
        if number
    ]
    notices_tell(lines, kind="relief", now=now)
    for line in lines:
        Notice.objects.filter(user=line.user_id, key=line.key).update(title=line.title[:200])


def _title(job: Relief, got: dict[str, int]) -> str:
    """'12 leads, 3 deals and 1 task from Rita'."""
    leads = sum(got.get(kind, 0) for kind in (*OF_HANDOFFS, Kind.LEADS))
    parts = [(leads, "lead"), (got.get(Kind.DEALS, 0), "deal"), (got.get(Kind.TASKS, 0), "task")]
    said = [f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in parts if number]
    listed = " and ".join(part for part in (", ".join(said[:-1]), said[-1]) if part)
    return f"{listed} from {job.rep}" if job.rep else f"{listed} given to you"


def _finish(job: Relief, token: UUID) -> None:
    """One e-mail to each receiver; the person is deactivated when they are to leave; the job is done: all or none."""
    with transaction.atomic():
        if not leases.complete(job, token):
            return
        got = User.objects.filter(pk__in=[int(pk) for pk in job.report if pk], notify_email=True, is_active=True)
        for who in got:
            title = _title(job, job.report[str(who.pk)])
            text = f"{job.by} gave you {title}: {job.why}.\nThey are in your queue.\n"
            hello = f"Hello {who.get_short_name()},\n\n"
            mail_queue(key=f"{job.key}:{who.pk}", to=who.email, subject=title, text=hello + text)
        cancelled = job.cancelled or Relief.objects.filter(pk=job.pk, cancelled=True).exists()
        if job.rep is not None and job.leaving and not cancelled:
            _leave(job, job.rep)


def _leave(job: Relief, rep: User) -> None:
    person = User.objects.get(pk=rep.pk)
    if not person.is_active:
        return
    try:
        person_save(person=person, by=User.objects.get(pk=job.by_id), values={"is_active": False})
    except Refused as refusal:
        Relief.objects.filter(pk=job.pk).update(last_error=refusal.message)
