"""The ledger's first row for very many travellers at once (imports). Same rows as ``journey_start``, by COPY."""

from collections.abc import Iterable
from datetime import datetime

from core import bulk
from funnels.models import Stage, Transition


def journeys_start(
    starts: Iterable[tuple[int, datetime]], *, kind: int, stage: Stage, cause: str, score: int | None = None
) -> None:
    """``starts``: (traveller id, since when) of travellers just inserted with ``seq=1`` in ``stage``."""
    same = {"kind": int(kind), "seq": 1, "to_stage": stage.pk, "cause": cause, "score": score}
    bulk.rows_insert(Transition, ["traveller_id", "at"], starts, same=same)
