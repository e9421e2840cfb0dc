"""Facts: what is counted of each person, made from a dossier, stored, and read back to be taken out again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from core.bulk import rows_insert
from handoff.models import Handoff
from insights.models import DealFact, HandoffFact, Journey, OpenFact, Reached
from insights.rules.path import Path, day_number, fold
from insights.rules.periods import month_number
from insights.selectors import Dossier, dossiers

Row = tuple[Any, ...]
JOURNEY = ("person", "door", "day", "furthest", "fate", "due", "source", "campaign", "owner", "pipeline", "value")
STEP = ("person", "rank", "at", "day", "seconds")
DEAL = ("person", "deal", "day", "owner", "pipeline", "source", "won", "reason", "seconds", "priced", "value")
OPEN = ("person", "deal", "owner", "stage", "source", "month", "since", "bare", "value")
HANDOFF = (
    *("person", "handoff", "owner", "source", "campaign", "assigned", "seconds", "in_time", "unclocked"),
    *("decided", "accepted", "reason"),
)
TABLES: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (Journey, JOURNEY, "person"),
    (Reached, STEP, "rank"),
    (DealFact, DEAL, "deal"),
    (OpenFact, OPEN, "deal"),
    (HandoffFact, HANDOFF, "handoff"),
)


@dataclass
class Facts:
    """One person's rows as they are stored, in the order of ``TABLES``."""

    journey: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    opened: list[Row] = field(default_factory=list)
    handoffs: list[Row] = field(default_factory=list)

    @property
    def parts(self) -> tuple[list[Row], ...]:
        return self.journey, self.steps, self.deals, self.opened, self.handoffs


def facts_now(people: Collection[int], path: Path) -> dict[int, Facts]:
    """The facts of these people, from the ledger, their deals and their handoffs. Nobody without any is in it."""
    made = {person: _facts(person, one, path) for person, one in dossiers(people, path).items()}
    return {person: facts for person, facts in made.items() if any(facts.parts)}


def facts_stored(people: Collection[int]) -> dict[int, Facts]:
    """The same as it is kept. Five queries."""
    found: dict[int, Facts] = {}
    for place, (model, names, order) in enumerate(TABLES):
        rows = model.objects.filter(person__in=people).order_by("person", order)
        for row in rows.values_list(*names):
            found.setdefault(row[0], Facts()).parts[place].append(row)
    return found


def facts_delete(people: Collection[int]) -> None:
    for model, _, _ in reversed(TABLES):
        model.objects.filter(person__in=people).delete()


def facts_write(facts: Iterable[Facts]) -> None:
    listed = list(facts)
    for place, (model, names, _) in enumerate(TABLES):
        rows_insert(model, names, [row for one in listed for row in one.parts[place]])


def _facts(person: int, dossier: Dossier, path: Path) -> Facts:
    facts = Facts()
    folded = fold(dossier.track, path)
    source, campaign = dossier.source[:60], dossier.campaign[:100]
    if folded is not None:
        day = day_number(folded.started_at)
        far = (folded.furthest, folded.fate, folded.due)
        kept = (source, campaign, dossier.owner, dossier.pipeline, sum(_cents(one) for one in dossier.deals))
        facts.journey.append((person, folded.door, day, *far, *kept))
        facts.steps = _steps(person, folded.reached.items())
    for deal in dossier.deals:
        facts.deals += _deal(person, deal, path)
        facts.opened += open_facts(person, deal, path)
    for handoff in dossier.handoffs:
        if handoff["assigned_at"] or handoff["decided_at"]:
            facts.handoffs.append(_handoff(person, handoff, source, campaign))
    return facts


def _steps(person: int, reached: Iterable[tuple[int, Any]]) -> list[Row]:
    rows: list[Row] = []
    before = None
    for rank, at in reached:
        seconds = None if before is None else int((at - before).total_seconds())
        rows.append((person, rank, at, day_number(at), seconds))
        before = at
    return rows


def _cents(deal: dict[str, Any]) -> int:
    """0 without an amount in the install's currency."""
    priced = deal["amount"] is not None and deal["currency"] == settings.CURRENCY
    return int(deal["amount"] * 100) if priced else 0


def _deal(person: int, deal: dict[str, Any], path: Path) -> Sequence[Row]:
    """A row for a deal that is won or lost."""
    stage = path.stages.get(deal["stage_id"])
    closed = deal["closed_at"]
    if stage is None or stage.kind not in ("won", "lost") or closed is None:
        return []
    priced = int(deal["amount"] is not None and deal["currency"] == settings.CURRENCY)
    whose = (deal["owner_id"] or 0, stage.funnel_id, deal["source"])
    end = (int(stage.kind == "won"), deal["lost_reason_id"] or 0, int((closed - deal["created_at"]).total_seconds()))
    return [(person, deal["pk"], day_number(closed), *whose, *end, priced, _cents(deal))]


def open_facts(person: int, deal: dict[str, Any], path: Path) -> Sequence[Row]:
    """A row for a deal that is open, none for another."""
    stage = path.stages.get(deal["stage_id"])
    if stage is None or stage.kind != "open" or deal["closed_at"] is not None:
        return []
    what = (stage.id, deal["source"], month_number(deal["expected_close"]), deal["stage_since"])
    return [(person, deal["pk"], deal["owner_id"] or 0, *what, int(deal["amount"] is None), _cents(deal))]


def _handoff(person: int, one: dict[str, Any], source: str, campaign: str) -> Row:
    assigned, answered, due = one["assigned_at"], one["responded_at"], one["due_at"]
    decided = one["decided_at"] if one["state"] in (Handoff.State.ACCEPTED, Handoff.State.REJECTED) else None
    return (
        *(person, one["pk"], one["rep_id"] or 0, source, campaign),
        day_number(assigned) if assigned else None,
        int((answered - assigned).total_seconds()) if assigned and answered else None,
        int(answered is not None and (due is None or answered <= due)),
        int(answered is None and due is None),
        day_number(decided) if decided else None,
        int(one["state"] == Handoff.State.ACCEPTED),
        one["reject_reason_id"] or 0,
    )
