"""One change to many leads. A chunk and the place it reached commit together: a dead worker costs nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from core import jobs, leases, outbox
from core.clock import db_now
from core.errors import Conflict, Refused
from core.models import Leased
from core.rules import whole_read
from funnels.models import Stage
from leads import moves
from leads.models import BulkChange, BulkJob, Standing, Tag
from leads.selectors.filters import filter_apply, filter_read
from leads.services.erase import leads_erase
from leads.services.standing import CHUNK, owner_set, stage_move, tag_get, tags_add, tags_remove
from team.models import User

INLINE = 1000
LEASE_SECONDS = 60
Outcome = tuple[list[tuple[int, str]], dict[str, int]]  # (lead, before) of the changed; why not -> how many
A = BulkJob.Action


def bulk_start(
    *, by: Any, action: str, value: str = "", query: str = "", lead_ids: Sequence[int] | None = None
) -> BulkJob:
    """Ask for one change to the selected leads, or (``lead_ids=None``) to all that the list's ``query`` keeps.

    ``value`` is the owner's id ('' or 'none' for nobody), the stage's id, or the tag's name. At most 1,000 selected
    leads are done at once, before this returns; the rest by a worker. Raises Refused when it may not be.
    """
    said, params = _meaning(by, action, value)
    ids = None if lead_ids is None else sorted(set(lead_ids))
    if ids is not None and not 0 < len(ids) <= INLINE:
        raise Refused(f"Select 1 to {INLINE:,} leads, or all that match.", field="lead")
    if ids is None and (problems := _problems(query, by)):
        raise Refused(" ".join(problems), field="query")
    with transaction.atomic():
        now = db_now()
        what = {"action": action, "said": said, "params": params, "query": query, "lead_ids": ids}
        job = BulkJob.objects.create(by=by, **what, due_at=now, created_at=now)
        if ids is None:
            outbox.poke("leads.bulk")
    if ids is not None:
        bulk_run(job)
    return job


def _problems(query: str, by: Any) -> list[str]:
    found = filter_read(query, by)
    filter_apply(found, by, db_now())
    return found.problems


def bulk_meaning(*, by: Any, action: str, value: str) -> str:
    """What it would do, in words. Raises Refused when it may not be."""
    return _meaning(by, action, value)[0]


def _meaning(by: Any, action: str, value: str) -> tuple[str, dict[str, Any]]:
    if action == A.OWNER:
        return _owner_meant(by, value)
    if action == A.STAGE:
        stage = Stage.objects.select_related("funnel").filter(pk=whole_read(value) or 0).first()
        if stage is None or not stage.is_active or stage.funnel.kind == "sales" or stage.kind == "handed_off":
            raise Refused("Choose a stage that leads may be moved to by hand.", field="value")
        return f"Move to {stage.name}", {"stage": stage.pk}
    if action in (A.TAG_ADD, A.TAG_REMOVE):
        tag = tag_get(name=value)
        return f"{A(action).label} “{tag.name}”", {"tag": tag.pk}
    if action == A.ERASE:
        if not by.has_role("manager"):
            raise Refused("Only a manager or an admin may delete people.", code="role", field="action")
        return "Delete", {}
    raise Refused("Choose what to do.", field="action")


def _owner_meant(by: Any, value: str) -> tuple[str, dict[str, Any]]:
    if not by.has_role("manager", "marketer"):
        raise Refused("Only a manager or a marketer may give leads to somebody.", code="role", field="action")
    if value in ("", "none"):
        return "Take the owner off", {"owner": None}
    owner = User.objects.filter(pk=whole_read(value) or 0).first()
    if owner is None or not owner.may_own:
        raise Refused("Choose an active rep or manager.", field="value")
    return f"Give to {owner}", {"owner": owner.pk}


def bulk_undo(*, job: BulkJob, by: Any) -> BulkJob:
    """Put back what the job changed, where nobody changed it since. Raises Refused when it cannot be undone."""
    if job.action in (A.ERASE, A.UNDO) or job.state != Leased.State.DONE:
        raise Refused("This cannot be undone.")
    if by.pk != job.by_id and not by.has_role("manager"):
        raise Refused("Only the person who did it, or a manager, may undo it.", code="role")
    with transaction.atomic():
        undo, new = BulkJob.objects.get_or_create(
            undoes=job, defaults={"by": by, "action": A.UNDO, "said": f"Undo: {job.said}"[:160]}
        )
        if new and job.changed > INLINE:
            outbox.poke("leads.bulk")
    if new and job.changed <= INLINE:
        bulk_run(undo)
    return undo


def bulk_cancel(*, job: BulkJob) -> None:
    """Stop before the next chunk. What was done stays and can be undone."""
    BulkJob.objects.filter(pk=job.pk, state=Leased.State.PENDING).update(cancelled=True)


def bulk_drain(*, seconds: float = 20) -> int:
    """Work on the due jobs for a while; returns how many leads were looked at."""
    return jobs.drain(BulkJob.objects.all(), _work, seconds=seconds, lease_seconds=LEASE_SECONDS)


def bulk_run(job: BulkJob) -> None:
    """Do this job now, unless a worker has it already; ``job`` then tells how it went."""
    jobs.drain(BulkJob.objects.filter(pk=job.pk), _work, seconds=20, lease_seconds=LEASE_SECONDS)
    job.refresh_from_db()


def _work(job: BulkJob, token: UUID, end: float) -> int:
    start = job.seen

    def part() -> bool:
        if job.total is None:
            _begin(job, token)
        return _chunk_with_retry(job, token)

    jobs.run_parts(job, token, end, part=part, finish=lambda: leases.complete(job, token), topic="leads.bulk")
    return job.seen - start


def _begin(job: BulkJob, token: UUID) -> None:
    rows = _scope(job).order_by()
    job.total, job.until = rows.count(), rows.aggregate(last=Max("pk"))["last"] or 0
    leases.held(job, token).update(total=job.total, until=job.until)


def _scope(job: BulkJob) -> QuerySet[Standing]:
    """The leads that are meant and that the person may still see; none when the filters no longer make sense."""
    if not job.by.is_active:
        return Standing.objects.none()
    if job.undoes_id:
        changed = BulkChange.objects.filter(job=job.undoes_id).values("lead")
        # not by what they see now: leads they gave away must come back too
        return Standing.objects.filter(pk__in=changed)
    if job.lead_ids is not None:
        return Standing.objects.visible_to(job.by).filter(pk__in=job.lead_ids)
    return filter_apply(filter_read(job.query, job.by), job.by, job.created_at)


def _chunk_with_retry(job: BulkJob, token: UUID) -> bool:
    for attempt in range(3):
        try:
            return _chunk(job, token)
        except Conflict:
            if attempt == 2:
                raise
    return False


def _chunk(job: BulkJob, token: UUID) -> bool:
    """One chunk; False when there was nothing left."""
    size = 200 if job.action == A.ERASE else CHUNK
    with transaction.atomic():
        rows = _scope(job).filter(pk__gt=job.place, pk__lte=job.until or 0).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:size])
        if not ids or BulkJob.objects.filter(pk=job.pk, cancelled=True).exists():
            return False
        changed, refused = ACTIONS[job.action](job, ids)
        if job.action not in (A.ERASE, A.UNDO):
            BulkChange.objects.bulk_create([BulkChange(job=job, lead_id=pk, before=was) for pk, was in changed])
        job.place, job.seen, job.changed = ids[-1], job.seen + len(ids), job.changed + len(changed)
        job.refused = dict(Counter(job.refused) + Counter(refused))
        mine = leases.held(job, token).update(
            place=job.place,
            seen=job.seen,
            changed=job.changed,
            refused=job.refused,
            lease_until=db_now() + timedelta(seconds=LEASE_SECONDS),
        )
        if not mine:
            raise leases.LeaseLost("somebody else has this job now")
    return True


def _do_owner(job: BulkJob, ids: list[int]) -> Outcome:
    owner = User.objects.get(pk=job.params["owner"]) if job.params["owner"] else None
    rows = Standing.objects.filter(pk__in=ids).select_for_update().values_list("pk", "owner_id", "stage_id")
    kinds = dict(Stage.objects.values_list("pk", "kind"))
    refused: Counter[str] = Counter()
    going = []
    for pk, was, stage in rows:
        why = moves.owner_refusal(stage_kind=kinds[stage])
        if why or was == job.params["owner"]:
            refused[why or "It has this owner already."] += 1
        else:
            going.append((pk, str(was or "")))
    owner_set(lead_ids=[pk for pk, _ in going], owner=owner)
    return going, dict(refused)


def _do_stage(job: BulkJob, ids: list[int]) -> Outcome:
    to = Stage.objects.select_related("funnel").get(pk=job.params["stage"])
    moved, refused = stage_move(lead_ids=ids, to=to, by=job.by)
    return [(pk, str(was)) for pk, was in moved], dict(Counter(refused.values()))


def _do_tag_add(job: BulkJob, ids: list[int]) -> Outcome:
    done = tags_add(lead_ids=ids, tag=Tag.objects.get(pk=job.params["tag"]))
    return [(pk, "") for pk in done], _rest("It has this tag already.", ids, done)


def _do_tag_remove(job: BulkJob, ids: list[int]) -> Outcome:
    done = tags_remove(lead_ids=ids, tag=Tag.objects.get(pk=job.params["tag"]))
    return [(pk, "") for pk in done], _rest("It does not have this tag.", ids, done)


def _rest(why: str, ids: Sequence[int], done: Sequence[int]) -> dict[str, int]:
    return {why: len(ids) - len(done)} if len(ids) > len(done) else {}


def _do_erase(job: BulkJob, ids: list[int]) -> Outcome:
    leads_erase(lead_ids=ids, by=job.by)
    return [(pk, "") for pk in ids], {}


def _do_undo(job: BulkJob, ids: list[int]) -> Outcome:
    first = job.undoes
    assert first is not None
    if first.action in (A.TAG_ADD, A.TAG_REMOVE):
        back = tags_remove if first.action == A.TAG_ADD else tags_add
        done = back(lead_ids=ids, tag=Tag.objects.get(pk=first.params["tag"]))
        return [(pk, "") for pk in done], _rest("It was changed since.", ids, done)
    groups: dict[str, list[int]] = {}
    same = {"owner": first.params.get("owner")} if first.action == A.OWNER else {"stage": first.params.get("stage")}
    # whom sales got since stays with the rep: that is no change of this job's to take back
    rows = Standing.objects.filter(pk__in=ids, **same).exclude(stage__kind=Stage.Kind.HANDED_OFF)
    still = set(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    for pk, was in BulkChange.objects.filter(job=first, lead__in=still).values_list("lead_id", "before"):
        groups.setdefault(was, []).append(pk)
    done = [pk for was, some in groups.items() for pk in _put_back(job, first.action, was, some)]
    return [(pk, "") for pk in done], _rest("It was changed since.", ids, done)


def _put_back(job: BulkJob, action: str, was: str, lead_ids: list[int]) -> list[int]:
    """The leads back with their former owner or in their former stage; none when that person has left since."""
    if action == A.STAGE:
        to = Stage.objects.select_related("funnel").get(pk=int(was))
        return [pk for pk, _ in stage_move(lead_ids=lead_ids, to=to, by=job.by, cause="undone")[0]]
    try:
        owner_set(lead_ids=lead_ids, owner=User.objects.get(pk=int(was)) if was else None)
    except Refused:
        return []
    return lead_ids


ACTIONS: dict[str, Callable[[BulkJob, list[int]], Outcome]] = {
    A.OWNER: _do_owner,
    A.STAGE: _do_stage,
    A.TAG_ADD: _do_tag_add,
    A.TAG_REMOVE: _do_tag_remove,
    A.ERASE: _do_erase,
    A.UNDO: _do_undo,
}
