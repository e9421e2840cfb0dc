"""Reading the floor plan."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.errors import Refused
from core.prepared import Prepared
from funnels.models import Funnel, Stage, Transition

BY_HAND = ("by hand", "undone")  # causes of moves that a person made on purpose, lead by lead or in bulk
_of_keys = Prepared(
    lambda funnel, key: Stage.objects.select_related("funnel").filter(funnel__key=funnel, key=key).order_by()
)


def stage_get(funnel: str, key: str) -> Stage:
    """The stage ``key`` of the funnel with key ``funnel``. Raises Refused when there is none."""
    stage = _of_keys.first(funnel, key)
    if stage is None:
        raise Refused(f"There is no stage {key} in the funnel {funnel}.", field="stage")
    return stage


def stage_of_kind(funnel_kind: str, kind: str) -> Stage:
    """The first active stage of a kind, such as ('marketing', 'handed_off')."""
    stages = Stage.objects.select_related("funnel").filter(funnel__kind=funnel_kind, kind=kind, is_active=True)
    found = stages.order_by("-funnel__is_default", "funnel__position", "position").first()
    if found is None:
        raise Refused(f"The {funnel_kind} funnel has no stage of kind {kind}.", field="stage")
    return found


def stages_all() -> list[Stage]:
    """Every stage with its funnel, in reading order."""
    return list(Stage.objects.select_related("funnel").order_by("funnel__position", "funnel_id", "position", "id"))


def pipelines() -> QuerySet[Funnel]:
    return Funnel.objects.filter(kind=Funnel.Kind.SALES).order_by("-is_default", "position")


def history(kind: int, traveller_id: int) -> QuerySet[Transition]:
    """The ledger of one traveller, oldest first."""
    rows = Transition.objects.filter(kind=kind, traveller_id=traveller_id)
    return rows.select_related("from_stage__funnel", "to_stage__funnel", "by").order_by("seq")


def histories(travellers: Iterable[tuple[int, int]]) -> QuerySet[Transition]:
    """The ledgers of several travellers, each a (kind, id), in no particular order. One query."""
    wanted = Q(pk__in=[])
    for kind, traveller_id in travellers:
        wanted |= Q(kind=kind, traveller_id=traveller_id)
    return Transition.objects.filter(wanted).select_related("from_stage", "to_stage__funnel", "by")


def placed_by_hand(lead_ids: Iterable[int]) -> dict[int, int]:
    """Of these leads, those whose last move a person made by hand, with the score that they had then."""
    moves = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id__in=lead_ids)
    later = Transition.objects.filter(
        kind=Transition.Kind.LEAD, traveller_id=OuterRef("traveller_id"), seq__gt=OuterRef("seq")
    )
    placed = moves.filter(~Exists(later), cause__in=BY_HAND, from_stage__isnull=False)
    return {lead_id: score or 0 for lead_id, score in placed.values_list("traveller_id", "score")}


def stage_at(kind: int, traveller_id: int, moment: datetime) -> Any:
    """The stage a traveller was in at a moment, or None before its first row."""
    row = history(kind, traveller_id).filter(at__lte=moment).last()
    return row.to_stage if row else None
