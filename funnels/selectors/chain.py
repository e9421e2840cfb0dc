"""Whether the ledger tells the truth: each chain without a gap, ending where its traveller stands. For the doctor."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Lag, RowNumber

from funnels.models import Transition, Traveller


@dataclass(frozen=True)
class Break:
    """One place where the chain of a traveller is torn."""

    kind: int
    traveller_id: int
    seq: int
    what: str


def chain_breaks(kind: int, model: type[Traveller], *, limit: int = 100) -> list[Break]:
    """Up to ``limit`` breaks of one kind of traveller (``Transition.Kind``, its model). Two statements over the
    whole ledger; the pages never run them."""
    found = [Break(kind, row.traveller_id, row.seq, _gap(row)) for row in _gaps(kind)[:limit]]
    ends: Any = _wrong_ends(kind, model)[: limit - len(found)]
    return found + [Break(kind, pk, seq, "the ledger does not end where it stands") for pk, seq in ends]


def _gaps(kind: int) -> Any:
    """Rows that do not follow from the row before them."""
    order: dict[str, Any] = {"partition_by": [F("traveller_id")], "order_by": "seq"}
    rows = Transition.objects.filter(kind=kind).annotate(
        number=Window(RowNumber(), **order),
        before=Window(Lag("to_stage_id"), **order),
        before_at=Window(Lag("at"), **order),
    )
    first = Q(number=1) & Q(from_stage__isnull=False)
    torn = Q(number__gt=1) & (Q(from_stage__isnull=True) | ~Q(from_stage_id=F("before")))
    return rows.filter(~Q(seq=F("number")) | first | torn | Q(at__lt=F("before_at"))).order_by("traveller_id", "seq")


def _gap(row: Any) -> str:
    if row.seq != row.number:
        return "a row of the ledger is missing"
    if row.number == 1:
        return "the first row comes from a stage"
    if row.at < row.before_at:
        return "a move lies before the move before it"
    return "a move does not start where the one before it ended"


def _wrong_ends(kind: int, model: type[Traveller]) -> Any:
    """Travellers whose last ledger row is not what they say of themselves."""
    last = Transition.objects.filter(kind=kind, traveller_id=OuterRef("pk")).order_by("-seq")
    manager: Any = model._default_manager  # type: ignore[attr-defined]
    rows = manager.annotate(
        last_seq=Subquery(last.values("seq")[:1]),
        last_stage=Subquery(last.values("to_stage_id")[:1]),
        last_cycle=Subquery(last.values("cycle")[:1]),
        last_at=Subquery(last.values("at")[:1]),
    )
    right = Q(last_seq=F("seq"), last_stage=F("stage_id"), last_cycle=F("cycle"), last_at=F("stage_since"))
    return rows.filter(Q(last_seq__isnull=True) | ~right).order_by("pk").values_list("pk", "seq")
