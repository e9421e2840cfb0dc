"""Owner, tags and stage of many leads at once. Each takes one transaction; callers cut long lists into chunks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from core.errors import Refused
from funnels.models import Stage, Transition
from funnels.services import journey_move
from leads import moves
from leads.models import Lead, Standing, Tag
from leads.services.activities import leads_mark, leads_rewritten

CHUNK = 1000


@transaction.atomic
def owner_set(*, lead_ids: Collection[int], owner: Any) -> int:
    """Give the leads to ``owner`` (None: to nobody); returns how many changed. Raises Refused for a person who
    cannot own leads. Leads that a rep has from a handoff are the caller's care (see ``moves.owner_refusal``)."""
    if owner is not None and not owner.may_own:
        raise Refused(f"{owner} cannot own leads: not an active rep or manager.", field="owner")
    rows = Standing.objects.filter(pk__in=lead_ids)
    rows = rows.exclude(owner=owner) if owner is not None else rows.filter(owner__isnull=False)
    ids = list(rows.select_for_update().values_list("pk", flat=True))
    Standing.objects.filter(pk__in=ids).update(owner=owner)
    leads_rewritten(ids)
    return len(ids)


def tag_get(*, name: str) -> Tag:
    """The tag of that name, made if it is new; 'VIP' and 'vip' are one. Raises Refused for an empty or long name."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 40 or not cleaned.isprintable():
        raise Refused("A tag has 1 to 40 characters.", field="tag")
    known = Tag.objects.filter(name__iexact=cleaned).first()
    return known or Tag.objects.get_or_create(name=cleaned)[0]


def tags_add(*, lead_ids: Collection[int], tag: Tag) -> list[int]:
    """Tag the leads; returns the ids of those that did not have it before."""
    through = Lead.tags.through
    have = set(through.objects.filter(tag=tag, lead_id__in=lead_ids).values_list("lead_id", flat=True))
    fresh = [pk for pk in lead_ids if pk not in have]
    through.objects.bulk_create(
        [through(lead_id=pk, tag_id=tag.pk) for pk in fresh], ignore_conflicts=True, batch_size=CHUNK
    )
    return fresh


def tags_remove(*, lead_ids: Collection[int], tag: Tag) -> list[int]:
    """Untag the leads; returns the ids of those that had it."""
    links = Lead.tags.through.objects.filter(tag=tag, lead_id__in=lead_ids)
    had = list(links.values_list("lead_id", flat=True))
    links.delete()
    return had


@transaction.atomic
def stage_move(
    *, lead_ids: Sequence[int], to: Stage, by: Any, cause: str = "by hand", note: str = "", at: datetime | None = None
) -> tuple[list[tuple[int, int]], dict[int, str]]:
    """Move leads to a stage by hand; ``(moved, refused)``: pairs of lead and its former stage, and why not by lead.

    Only what a hand may do: see ``moves.hand_refusal``. A lead that was handed off in its present cycle starts the
    next one, so that it can pass the bar again. Raises Conflict when somebody else moved one at the same moment.
    """
    rows = list(
        Standing.objects.filter(pk__in=lead_ids)
        .select_related("stage__funnel", "lead")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    refused: dict[int, str] = {}
    going: list[Standing] = []
    for row in rows:
        why = moves.hand_refusal(
            from_funnel=row.stage.funnel.kind,
            from_kind=row.stage.kind,
            to_funnel=to.funnel.kind,
            to_kind=to.kind,
            same_stage=row.stage_id == to.pk,
            missing=missing_fields(row.lead, to),
        )
        if why:
            refused[row.pk] = why
        else:
            going.append(row)
    before = [(row.pk, row.stage_id) for row in going]
    used = _handed_off_in_cycle(going)
    for again in (False, True):
        some = [row for row in going if (row.pk in used and to.is_open) is again]
        journey_move(some, kind=Transition.Kind.LEAD, to=to, cause=cause, by=by, at=at, note=note, next_cycle=again)
    if to.is_open:
        leads_mark([row.pk for row in going])
    return before, refused


def missing_fields(lead: Lead, stage: Stage) -> list[str]:
    """Names of the stage's required fields that are empty on the lead (a custom field by its key)."""
    return [
        str(name).replace("_", " ")
        for name in stage.required or []
        if getattr(lead, f"{name}_id" if name == "company" else str(name), None) in (None, "")
        and lead.custom.get(name) in (None, "")
    ]


def _handed_off_in_cycle(rows: Sequence[Standing]) -> set[int]:
    passed = Transition.objects.filter(
        kind=Transition.Kind.LEAD,
        traveller_id__in=[row.pk for row in rows],
        to_stage__kind=Stage.Kind.HANDED_OFF,
    ).values_list("traveller_id", "cycle")
    cycles = {row.pk: row.cycle for row in rows}
    return {pk for pk, cycle in passed if cycles[pk] == cycle}
