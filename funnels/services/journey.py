"""The one place that moves anybody."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value

from core.bulk import rows_insert
from core.clock import db_now
from core.errors import Conflict, Refused
from funnels import rules
from funnels.models import Stage, Transition, Traveller


def journey_start(travellers: Sequence[Traveller], *, kind: int, cause: str, by: Any = None) -> None:
    """Write the first ledger row (from nothing) of travellers just created with ``seq=1``.

    ``traveller.stage`` and ``stage_since`` say where and since when.
    """
    rows_insert(
        Transition,
        ["traveller_id", "seq", "cycle", "to_stage", "at", "score"],
        [(one.pk, 1, one.cycle, one.stage_id, one.stage_since, getattr(one, "score", None)) for one in travellers],
        same={"kind": int(kind), "cause": cause, "by": by.pk if by else None},
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
    moment = at or db_now()
    for one in moving:
        _may(one, to, next_cycle, missing)
    cycles = [one.cycle + next_cycle if back_to_cycle is None else back_to_cycle for one in moving]
    rows = [_row(one, moment, cycle) for one, cycle in zip(moving, cycles, strict=True)]
    told = {"kind": int(kind), "to_stage": to.pk, "by": by.pk if by else None, "cause": cause, "note": note[:200]}
    try:
        with transaction.atomic():
            rows_insert(Transition, _Row._fields, rows, same=told)
    except IntegrityError as error:
        raise Conflict("Somebody else moved it at the same moment. Reload and look again.") from error
    for one, row in zip(moving, rows, strict=True):
        one.stage, one.stage_since, one.seq, one.cycle = to, row.at, row.seq, row.cycle
    cycle = F("cycle") + int(next_cycle) if back_to_cycle is None else Value(back_to_cycle)
    _cache(moving, to, moment, cycle)
    return len(moving)


def _cache(moved: Sequence[Traveller], to: Stage, moment: datetime, cycle: Any) -> None:
    """Bring the travellers' own columns in line with their last ledger row, in one statement (a bulk_update of
    thousands of rows takes many seconds)."""
    model: Any = type(moved[0])
    usual = [one.pk for one in moved if one.stage_since == moment]
    for start in range(0, len(usual), 10_000):
        rows = model.objects.filter(pk__in=usual[start : start + 10_000])
        rows.update(stage=to, stage_since=moment, seq=F("seq") + 1, cycle=cycle)
    for one in moved:
        if one.stage_since != moment:  # its clock ran ahead: see _row
            model.objects.filter(pk=one.pk).update(
                stage=to, stage_since=one.stage_since, seq=F("seq") + 1, cycle=cycle
            )


def journeys_advance(model: type[Traveller], moves: Mapping[int, int], *, kind: int, cause: str, at: datetime) -> int:
    """As ``journey_move`` for very many, within one funnel: ``moves`` is traveller id -> stage id. PostgreSQL only.

    The caller holds the rows in this transaction and answers for the moves being legal. Ledger rows and the
    travellers' own columns are written by one statement each, from the very rows.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    pk: Any = model._meta.pk
    column = connection.ops.quote_name(pk.column)
    ids, stages = list(moves), list(moves.values())
    scored = "t.score" if any(one.name == "score" for one in model._meta.get_fields()) else "NULL::smallint"
    wanted = "unnest(%s::bigint[], %s::bigint[]) AS m(id, stage_id)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Transition._meta.db_table} (kind, traveller_id, seq, cycle, from_stage_id, "
            "to_stage_id, at, seconds, cause, note, score) "
            f"SELECT %s, t.{column}, t.seq + 1, t.cycle, t.stage_id, m.stage_id, GREATEST(%s, t.stage_since), "
            "trunc(extract(epoch FROM GREATEST(%s, t.stage_since) - t.stage_since))::bigint, %s, '', "
            f"{scored} FROM {table} t JOIN {wanted} ON t.{column} = m.id WHERE t.stage_id <> m.stage_id",
            [kind, at, at, cause, ids, stages],
        )
        cursor.execute(
            f"UPDATE {table} t SET stage_id = m.stage_id, stage_since = GREATEST(%s, t.stage_since), seq = t.seq + 1 "
            f"FROM {wanted} WHERE t.{column} = m.id AND t.stage_id <> m.stage_id",
            [at, ids, stages],
        )
        return int(cursor.rowcount)


class _Row(NamedTuple):
    """What differs from one ledger row of a move to the next."""

    traveller_id: int
    seq: int
    cycle: int
    from_stage_id: int
    at: datetime
    seconds: int
    score: int | None


def _row(one: Traveller, at: datetime, cycle: int) -> _Row:
    # A clock that runs behind must not tear the chain: the move then counts from the row before it.
    at = max(at, one.stage_since)
    seconds = rules.seconds_between(one.stage_since, at)
    return _Row(one.pk, one.seq + 1, cycle, one.stage_id, at, seconds, getattr(one, "score", None))


def _may(one: Traveller, to: Stage, next_cycle: bool, missing: Sequence[str]) -> None:
    """Raises Refused when the move is not legal."""
    refusal = rules.move_refusal(
        same_stage=one.stage_id == to.pk and not next_cycle,
        from_funnel=one.stage.funnel.kind,
        to_funnel=to.funnel.kind,
        to_active=to.is_active,
        missing=list(missing),
    )
    if refusal:
        raise Refused(refusal, field="stage")


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
