"""What sales said of the leads it got: by reason and by campaign."""

from datetime import date
from typing import Any

from insights import wording as say
from insights.boards.links import WeekLinks
from insights.metrics.handoffs import NO_REASON, rejects_by_campaign
from insights.metrics.scope import Scope
from insights.rules.contract import Cell


def reasons(cell: Cell, scope: Scope, links: WeekLinks, monday: date | None = None) -> list[dict[str, Any]]:
    """Why sales rejected, most often first."""
    labels = scope.reject_reasons
    listed = [
        {"label": labels.get(pk, NO_REASON), "n": n, "url": links("rejected", monday, reason=pk)}
        for pk, n in cell.rejects.items()
    ]
    return sorted(listed, key=lambda one: (-one["n"], one["label"]))


def campaigns(cell: Cell, scope: Scope, links: WeekLinks, monday: date | None = None) -> list[dict[str, Any]]:
    """What sales said of each campaign, most rejected first."""
    found = rejects_by_campaign([(*key, n) for key, n in cell.verdicts.items()], scope.reject_reasons)
    for one in found:
        where = {"campaign": one["campaign"] or "-", "source": one["source"] or "-"}
        one["decided"] = one["accepted"] + one["rejected"]
        one["share"] = say.share_of(one["accepted"], one["decided"])
        one["decided_url"] = links("decided", monday, **where)
        one["rejected_url"] = links("rejected", monday, **where)
        one["reasons"] = "; ".join(f"{n} {label}" for label, n in one["reasons"][:2])
    return found
