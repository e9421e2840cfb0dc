"""The ledger's first row for very many travellers at once (imports). Same rows as ``journey_start``, by COPY."""

from collections.abc import Iterable
from datetime import datetime

from core import bulk
from funnels.models import Stage, Transition


def journeys_start(
    starts: Iterable[tuple[int, datetime]], *, kind: int, stage: Stage, cause: str, score: int | None = None
) -> None:
    """``starts``: (traveller id, since when) of travellers just inserted with ``seq=1`` in ``stage``."""
    names = ["kind", "traveller_id", "seq", "to_stage", "at", "cause", "score"]
    bulk.rows_insert(Transition, names, [(int(kind), pk, 1, stage.pk, at, cause, score) for pk, at in starts])
