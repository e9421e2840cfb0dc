"""Reading the ledger as tracks of people, the path that an install has, and the contract."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from deals.models import Deal
from funnels.models import Transition
from funnels.rules import CORRECTIONS
from funnels.selectors import stages_all
from handoff.models import Handoff
from insights.models import Contract, Promise
from insights.rules.contract import Terms
from insights.rules.path import DealTrack, Move, Path, StageFact, Track, path_build
from leads.models import Standing


def path_now() -> Path:
    """The path of this install, from its stages (one query)."""
    return path_build(
        [
            StageFact(
                id=one.pk,
                name=one.name,
                funnel=one.funnel.kind,
                funnel_id=one.funnel_id,
                kind=one.kind,
                position=one.position,
                probability=one.probability,
                expected_days=one.expected_days,
                main=one.funnel.is_default,
                active=one.is_active,
            )
            for one in stages_all()
        ]
    )


@dataclass
class Dossier:
    """A person's track with what they are counted by."""

    track: Track
    source: str = ""
    campaign: str = ""
    owner: int = 0
    pipeline: int = 0
    deals: list[dict[str, Any]] = field(default_factory=list)
    handoffs: list[dict[str, Any]] = field(default_factory=list)


_DEAL = (
    *("pk", "lead_id", "lead_cycle", "accepted_at", "owner_id", "source", "stage_id", "stage_since"),
    *("expected_close", "created_at", "closed_at", "lost_reason_id", "amount", "currency"),
)
_HANDOFF = (
    *("pk", "lead_id", "rep_id", "state", "assigned_at", "responded_at", "due_at", "decided_at"),
    "reject_reason_id",
)


def dossiers(people: Collection[int], path: Path) -> dict[int, Dossier]:
    """What the ledger, the deals and the handoffs say of these people (lead ids; minus deal ids for deals without a
    lead). Six queries."""
    leads = [one for one in people if one > 0]
    alone = [-one for one in people if one < 0]
    found = {
        pk: Dossier(Track([], [], cycle), source, campaign, owner or 0)
        for pk, cycle, source, campaign, owner in Standing.objects.filter(pk__in=leads).values_list(
            "pk", "cycle", "lead__source", "lead__campaign", "owner_id"
        )
    }
    deals = [*Deal.objects.filter(lead_id__in=leads).order_by("pk").values(*_DEAL)] if leads else []
    deals += [*Deal.objects.filter(pk__in=alone, lead_id__isnull=True).values(*_DEAL)] if alone else []
    for deal in deals:
        if deal["lead_id"] is None:
            found[-deal["pk"]] = Dossier(Track([], []), deal["source"], "", deal["owner_id"] or 0)
    moves = _moves(list(found), [deal["pk"] for deal in deals])
    for person, dossier in found.items():
        dossier.track.moves = moves.get((Transition.Kind.LEAD, person), [])
    for deal in deals:
        _deal_add(found.get(deal["lead_id"] or -deal["pk"]), deal, moves, path)
    for one in Handoff.objects.filter(lead_id__in=leads).order_by("pk").values(*_HANDOFF) if leads else []:
        if one["lead_id"] in found:
            found[one["lead_id"]].handoffs.append(one)
    return found


def deals_unclosed() -> Iterable[dict[str, Any]]:
    """Every deal without a close, as a dossier has it."""
    return Deal.objects.filter(closed_at=None).order_by().values(*_DEAL).iterator()


def _deal_add(dossier: Dossier | None, deal: dict[str, Any], moves: Any, path: Path) -> None:
    if dossier is None:
        return
    mine = moves.get((Transition.Kind.DEAL, deal["pk"]), [])
    track = DealTrack(mine, deal["accepted_at"], deal["lead_cycle"] is not None)
    dossier.track.deals = [*dossier.track.deals, track]
    dossier.deals.append(deal)
    stage = path.stages.get(deal["stage_id"])
    dossier.pipeline = stage.funnel_id if stage else dossier.pipeline


def _moves(people: list[int], deals: list[int]) -> dict[tuple[int, int], list[Move]]:
    found: dict[tuple[int, int], list[Move]] = {}
    for kind, ids in ((Transition.Kind.LEAD, [one for one in people if one > 0]), (Transition.Kind.DEAL, deals)):
        rows = Transition.objects.filter(kind=kind, traveller_id__in=ids).order_by("traveller_id", "seq")
        for traveller, stage, at, cause in rows.values_list("traveller_id", "to_stage_id", "at", "cause"):
            mine = found.setdefault((kind, traveller), [])
            if cause in CORRECTIONS and len(mine) > 1:
                mine.pop()  # the move that was taken back does not count; where it led back to, they were before
            else:
                mine.append(Move(stage, at))
    return found


def people_of(pairs: Collection[tuple[int, int]]) -> set[int]:
    """The people that ledger rows (kind, traveller) speak of."""
    people = {traveller for kind, traveller in pairs if kind == Transition.Kind.LEAD}
    deals = {traveller for kind, traveller in pairs if kind == Transition.Kind.DEAL}
    for pk, lead in Deal.objects.filter(pk__in=deals).values_list("pk", "lead_id"):
        people.add(lead or -pk)
    return people


def contract_now(*, make: bool = False) -> Contract:
    """The contract; before anybody changed it, as it begins (``make``: written)."""
    if make:
        return Contract.objects.get_or_create(pk=1)[0]
    return Contract.objects.filter(pk=1).first() or Contract(pk=1)


def terms_of() -> Callable[[date, int | None], Terms]:
    """What was promised for a week: by the team, else by the company, else nothing. One query."""
    rows = list(Promise.objects.select_related("team").order_by("since"))

    @cache
    def found(monday: date, team: int | None) -> Terms:
        mine = [one for one in rows if one.since <= monday and one.team_id == team] if team else []
        ours = mine or [one for one in rows if one.since <= monday and one.team_id is None]
        return terms_from(ours[-1]) if ours else Terms()

    return found


def terms_from(one: Promise) -> Terms:
    names = ("mqls", "accept_share", "answer_share", "attempts", "attempt_days", "since")
    return Terms(**{name: getattr(one, name) for name in names}, team=one.team.name if one.team else "")
