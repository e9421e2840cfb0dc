"""What still holds of what was told about handoffs: the answer to ``core.ask.ask("notice.truths")``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.clock import db_now
from handoff.models import Handoff
from handoff.selectors.tokens import accept_url


def notice_truths(*, user_id: int, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each key that is about a handoff: does it hold, and the address of the button that accepts ('' for none).

    A new lead holds until it is decided or with somebody else; a warning until it is answered, late or with somebody
    else; all other news as long as the handoff is there.
    """
    named = {key: key.split(":") for key in keys if key.startswith("handoff:")}
    ids = {int(parts[1]) for parts in named.values() if parts[1].isdecimal()}
    rows = Handoff.objects.in_bulk(ids) if ids else {}
    now = db_now()
    return {key: _truth(rows.get(int(parts[1])), parts[2:], user_id, now) for key, parts in named.items()}


def _truth(one: Handoff | None, rest: Sequence[str], user_id: int, now: datetime) -> dict[str, Any]:
    if one is None:
        return {"holds": False, "accept": ""}
    same = bool(rest) and rest[0] == str(one.turn) and one.rep_id == user_id
    if len(rest) == 1 and rest[0].isdecimal():
        holds = same and one.state == Handoff.State.ASSIGNED
        return {"holds": holds, "accept": accept_url(one, user_id) if holds else ""}
    if rest[-1:] == ["warn"]:
        in_time = one.due_at is not None and one.due_at > now
        waits = one.responded_at is None and one.closed_at is None and one.state in Handoff.HELD
        return {"holds": same and in_time and waits, "accept": ""}
    return {"holds": True, "accept": ""}
