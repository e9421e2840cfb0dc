"""The one place that moves anybody."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict, Refused
from funnels import rules
from funnels.models import Stage, Transition, Traveller


def journey_start(travellers: Sequence[Traveller], *, kind: int, cause: str, by: Any = None) -> None:
    """Write the first ledger row (from nothing) of travellers just created with ``seq=1``.

    ``traveller.stage`` and ``stage_since`` say where and since when.
    """
    Transition.objects.bulk_create(
        [
            Transition(
                kind=kind,
                traveller_id=one.pk,
                seq=1,
                cycle=one.cycle,
                to_stage_id=one.stage_id,
                at=one.stage_since,
                by=by,
                cause=cause,
                score=getattr(one, "score", None),
            )
            for one in travellers
        ],
        batch_size=5000,
    )


def journey_move(
    travellers: Iterable[Traveller],
    *,
    kind: int,
    to: Stage,
    cause: str,
    by: Any = None,
    at: datetime | None = None,
    note: str = "",
    next_cycle: bool = False,
    back_to_cycle: int | None = None,
    missing: Sequence[str] = (),
) -> int:
    """Move travellers of one kind to a stage; returns how many moved. Those already there are left alone.

    The travellers must have been read in this transaction with ``select_related("stage__funnel")``. If somebody
    else moved one of them meanwhile, the ledger's unique (kind, traveller, seq) refuses: Conflict is raised and
    the transaction is rolled back. Raises Refused when a move is not legal (``missing``: required fields).
    ``back_to_cycle`` is for undoing a recycling: the traveller is in its earlier cycle again.
    """
    moving = [one for one in travellers if one.stage_id != to.pk or next_cycle]
    if not moving:
        return 0
    moment = at or timezone.now()
    rows = [_row(one, kind, to, moment, cause, by, note, next_cycle, missing) for one in moving]
    if back_to_cycle is not None:
        for row in rows:
            row.cycle = back_to_cycle
    try:
        with transaction.atomic():
            Transition.objects.bulk_create(rows, batch_size=5000)
    except IntegrityError as error:
        raise Conflict("Somebody else moved it at the same moment. Reload and look again.") from error
    for one, row in zip(moving, rows, strict=True):
        one.stage, one.stage_since, one.seq, one.cycle = to, row.at, row.seq, row.cycle
    model: Any = type(moving[0])
    model.objects.bulk_update(moving, ["stage", "stage_since", "seq", "cycle"], batch_size=2000)
    return len(moving)


def _row(
    one: Traveller,
    kind: int,
    to: Stage,
    at: datetime,
    cause: str,
    by: Any,
    note: str,
    next_cycle: bool,
    missing: Sequence[str],
) -> Transition:
    refusal = rules.move_refusal(
        same_stage=one.stage_id == to.pk and not next_cycle,
        from_funnel=one.stage.funnel.kind,
        to_funnel=to.funnel.kind,
        to_active=to.is_active,
        missing=list(missing),
    )
    if refusal:
        raise Refused(refusal, field="stage")
    # A clock that runs behind must not tear the chain: the move then counts from the row before it.
    at = max(at, one.stage_since)
    return Transition(
        kind=kind,
        traveller_id=one.pk,
        seq=one.seq + 1,
        cycle=one.cycle + (1 if next_cycle else 0),
        from_stage_id=one.stage_id,
        to_stage=to,
        at=at,
        seconds=rules.seconds_between(one.stage_since, at),
        by=by,
        cause=cause,
        note=note[:200],
        score=getattr(one, "score", None),
    )


def journey_chain(
    kind: int, traveller_id: int, steps: Sequence[tuple[Stage, datetime]], *, cause: str, by: Any = None
) -> list[Transition]:
    """Unsaved ledger rows of a past that is already known (an import), oldest first.

    Raises Refused when the dates run backwards.
    """
    rows: list[Transition] = []
    for seq, (stage, at) in enumerate(steps, start=1):
        before = rows[-1] if rows else None
        if before and at < before.at:
            raise Refused("The dates run backwards: a stage is left before it was entered.", field="date")
        rows.append(
            Transition(
                kind=kind,
                traveller_id=traveller_id,
                seq=seq,
                from_stage_id=before.to_stage_id if before else None,
                to_stage=stage,
                at=at,
                seconds=rules.seconds_between(before.at, at) if before else None,
                by=by,
                cause=cause,
            )
        )
    return rows
