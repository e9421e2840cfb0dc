"""What sales said of the leads it got: by reason and by campaign."""

from collections import Counter
from datetime import date
from typing import Any

from insights import wording as say
from insights.boards.links import WeekLinks
from insights.metrics.handoffs import NO_REASON
from insights.metrics.scope import Scope
from insights.rules.contract import Cell


def reasons(cell: Cell, scope: Scope, links: WeekLinks, monday: date | None = None) -> list[dict[str, Any]]:
    labels, found = scope.reject_reasons, Counter[int]()
    for (yes, reason, _, _), n in cell.verdicts.items():
        if not yes:
            found[reason] += n
    listed = [
        {"label": labels.get(pk, NO_REASON), "n": n, "url": links("rejected", monday, reason=pk)}
        for pk, n in found.items()
    ]
    return sorted(listed, key=lambda one: (-one["n"], one["label"]))


def campaigns(cell: Cell, scope: Scope, links: WeekLinks, monday: date | None = None) -> list[dict[str, Any]]:
    """What sales said of each campaign, most rejected first."""
    labels = scope.reject_reasons
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for (yes, reason, campaign, source), n in cell.verdicts.items():
        one = found.setdefault(
            (campaign, source),
            {"campaign": campaign, "source": source, "accepted": 0, "rejected": 0, "why": Counter()},
        )
        one["accepted" if yes else "rejected"] += n
        if not yes:
            one["why"][labels.get(reason, NO_REASON)] += n
    for one in found.values():
        where = {"campaign": one["campaign"] or "-", "source": one["source"] or "-"}
        one["decided"] = one["accepted"] + one["rejected"]
        one["share"] = say.share_of(one["accepted"], one["decided"])
        one["decided_url"] = links("decided", monday, **where)
        one["rejected_url"] = links("rejected", monday, **where)
        one["reasons"] = "; ".join(f"{n} {label}" for label, n in one["why"].most_common(2))
    return sorted(found.values(), key=lambda one: (-one["rejected"], -one["accepted"], one["campaign"]))
