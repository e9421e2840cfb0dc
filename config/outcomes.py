"""What became of the leads that were handed to sales, over handoffs and deals (``ASK`` in ``config/flow.py``)."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from deals.models import Deal
from funnels.models import Stage
from handoff.models import Handoff
from leads.handed import HandedOver
from leads.rules import Outcome


def closed_outcomes(*, most: int) -> Iterator[Outcome]:
    """The newest closed outcomes, at most so many of each kind of row: rejected handoffs, then deals that were won
    or lost. A handoff's outcome is as of the moment it was opened; a deal's without a handoff as of its beginning."""
    rejected = Handoff.objects.filter(state=Handoff.State.REJECTED).order_by("-opened_at", "-id")
    for lead_id, cycle, at, reason in rejected.values_list("lead_id", "cycle", "opened_at", "reject_reason__code")[
        :most
    ]:
        yield Outcome(lead_id, cycle, at, "rejected", reason or "")
    rows = _decided().filter(lead__isnull=False).order_by(F("closed_at").desc(), "-id")[:most]
    found = list(rows.values_list("lead_id", "lead_cycle", "created_at", "stage__kind", "lost_reason__code"))
    opened = _opened({lead_id for lead_id, cycle, *_ in found if cycle is not None})
    for pk, in_cycle, created_at, kind, why in found:
        at = opened.get((pk, in_cycle), created_at)
        yield Outcome(pk, in_cycle or 1, min(at, created_at), str(kind), why or "")


def _decided() -> QuerySet[Deal]:
    """Deals that were won or lost. That of a rejected handoff is neither."""
    closed = Deal.objects.filter(closed_at__isnull=False, stage__kind__in=[Stage.Kind.WON, Stage.Kind.LOST])
    return closed.exclude(lost_reason__counts=False)


def won_by_rep(*, since: datetime) -> dict[int, tuple[int, int]]:
    """Who won and lost how many deals since then."""
    rows = _decided().filter(closed_at__gte=since, owner__isnull=False).order_by().values("owner")
    won = Count("pk", filter=Q(stage__kind=Stage.Kind.WON))
    return {
        owner: (wins, total - wins)
        for owner, wins, total in rows.annotate(won=won, n=Count("pk")).values_list("owner", "won", "n")
    }


def handed_over(*, most: int, since: datetime | None = None) -> Iterator[HandedOver]:
    """The newest leads that sales got, at most so many, oldest first. A deal of a rejected handoff is no loss."""
    found = Handoff.objects.order_by("-opened_at", "-id")
    if since:
        found = found.filter(opened_at__gte=since)
    keys = ("pk", "lead_id", "cycle", "opened_at", "score", "state", "reject_reason__label")
    rows = list(found.values_list(*keys)[:most])[::-1]
    verdicts = {Handoff.State.ACCEPTED: "accepted", Handoff.State.REJECTED: "rejected"}
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        closed = _closed([row[1] for row in part])
        for pk, lead_id, cycle, at, score, state, why in part:
            outcome, lost = closed.get((lead_id, cycle), ("", ""))
            yield HandedOver(
                pk, lead_id, cycle, at, score, verdicts.get(state, ""), why or "", outcome, lost if outcome else ""
            )


def _closed(lead_ids: list[int]) -> dict[tuple[int, int | None], tuple[str, str]]:
    """(lead, cycle) -> (won or lost, why lost) of the deals that handoffs opened."""
    rows = _decided().filter(lead__in=lead_ids, lead_cycle__isnull=False)
    found = rows.values_list("lead_id", "lead_cycle", "stage__kind", "lost_reason__label")
    return {(lead_id, cycle): (str(kind), why or "") for lead_id, cycle, kind, why in found}


def _opened(lead_ids: set[int]) -> dict[tuple[int, int | None], datetime]:
    ids = sorted(lead_ids)
    found: dict[tuple[int, int | None], datetime] = {}
    for start in range(0, len(ids), 5000):
        rows = Handoff.objects.filter(lead_id__in=ids[start : start + 5000])
        for lead_id, cycle, at in rows.values_list("lead_id", "cycle", "opened_at"):
            found[lead_id, cycle] = at
    return found


def verdicts(*, first_id: int, last_id: int) -> Iterator[Outcome]:
    """What sales made of these leads: each handoff, and each deal that came without one (cycle 0). ``kind``: won,
    lost, rejected, accepted (nothing decided yet) or waiting (for the rep); ``at``: when sales got the lead."""
    found = Deal.objects.filter(lead__gte=first_id, lead__lte=last_id)
    deals: dict[tuple[int, int | None], str] = {}
    for lead_id, cycle, at, kind in found.values_list("lead_id", "lead_cycle", "created_at", "stage__kind"):
        word = str(kind) if kind in (Stage.Kind.WON, Stage.Kind.LOST) else "accepted"
        if lead_id is None:
            continue
        if cycle is None:
            yield Outcome(lead_id, 0, at, word)
        deals[lead_id, cycle] = word
    handoffs = Handoff.objects.filter(lead__gte=first_id, lead__lte=last_id)
    for lead_id, cycle, at, state in handoffs.values_list("lead_id", "cycle", "opened_at", "state"):
        deal = deals.get((lead_id, cycle), "accepted")
        if state == Handoff.State.REJECTED:
            deal = "rejected"
        elif state != Handoff.State.ACCEPTED and deal == "accepted":
            deal = "waiting"
        yield Outcome(lead_id, cycle, at, deal)
