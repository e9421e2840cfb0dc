"""The one path through both funnels, and how far a person came on it.

A *step* of the path has a rank, 0 first. A person reached a step when they entered it or any later one, at the first
such moment; so nobody counts twice, whatever they re-entered, and no later step has more people than an earlier one
(people whose path began later, a deal without a lead, are told apart by their *door*).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

OPEN, RECYCLED, LOST = 0, 1, 2
LEAD_DOOR, DEAL_DOOR = 0, 1
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class StageFact:
    """What the path must know of a stage."""

    id: int
    name: str
    funnel: str
    funnel_id: int
    kind: str
    position: int
    probability: int
    expected_days: int
    main: bool
    active: bool = True


@dataclass(frozen=True)
class StepFact:
    rank: int
    name: str
    half: str
    stage_ids: tuple[int, ...]
    expected_days: int


@dataclass(frozen=True)
class Path:
    """Steps in order; ``ranks`` gives the rank of every stage that lies on the path."""

    steps: tuple[StepFact, ...]
    ranks: Mapping[int, int]
    stages: Mapping[int, StageFact]
    sales_rank: int
    won_rank: int

    @property
    def signature(self) -> str:
        """Changes when a rollup along this path must be counted anew."""
        expected = ",".join(f"{one.id}:{one.expected_days}:{one.kind}" for one in self.stages.values())
        return ";".join(f"{key}={rank}" for key, rank in sorted(self.ranks.items())) + "|" + expected


_HALF = {"marketing": "marketing", "handed_off": "handoff", "sales": "sales", "customer": "customer"}


def path_build(stages: Sequence[StageFact]) -> Path:
    """The path of an install: open marketing stages, handed off, the default pipeline's stages, won, customer stages.

    The first sales stage is reached by acceptance (SQL), not by the mere opening of the deal. Stages of other
    pipelines count at the last default stage of no higher probability.
    """
    ordered = sorted(stages, key=lambda one: (one.position, one.id))
    on = [
        *(one for one in ordered if one.funnel == "marketing" and one.main and one.kind == "open" and one.active),
        *(one for one in ordered if one.funnel == "marketing" and one.main and one.kind == "handed_off"),
        *(one for one in ordered if one.funnel == "sales" and one.main and one.kind == "open" and one.active),
        *(one for one in ordered if one.funnel == "sales" and one.main and one.kind == "won"),
        *(one for one in ordered if one.funnel == "customer" and one.main and one.kind == "open" and one.active),
    ]
    ranks = {one.id: rank for rank, one in enumerate(on)}
    sales = [one for one in on if one.funnel == "sales"]
    sales_rank = ranks[sales[0].id] if sales else len(on)
    won = [ranks[one.id] for one in sales if one.kind == "won"]
    for one in ordered:
        if one.id not in ranks and (rank := _nearest(one, on, ranks)) is not None:
            ranks[one.id] = rank
    steps = tuple(
        StepFact(
            rank,
            f"{one.name} (SQL)" if rank == sales_rank and one.kind == "open" else one.name,
            _HALF.get(one.kind, _HALF[one.funnel]),
            tuple(key for key, other in ranks.items() if other == rank),
            one.expected_days,
        )
        for rank, one in enumerate(on)
    )
    return Path(steps, ranks, {one.id: one for one in ordered}, sales_rank, won[0] if won else len(on))


def _nearest(one: StageFact, on: Sequence[StageFact], ranks: Mapping[int, int]) -> int | None:
    """Where a stage that is not a step itself counts; None for the ways out (lost, disqualified, churned)."""
    if one.kind in ("lost", "disqualified", "churned"):
        return None
    same = [other for other in on if other.funnel == one.funnel and (other.kind == one.kind)]
    if one.funnel == "sales":
        below = [other for other in same if other.probability <= one.probability]
    else:
        below = [other for other in same if other.position <= one.position]
    chosen = below[-1] if below else (same[0] if same else None)
    return None if chosen is None else ranks[chosen.id]


@dataclass(frozen=True)
class Move:
    stage_id: int
    at: datetime


@dataclass
class DealTrack:
    """A deal's moves, oldest first. ``from_handoff``: its first stage counts only once it was accepted."""

    moves: Sequence[Move]
    accepted_at: datetime | None = None
    from_handoff: bool = False


@dataclass
class Track:
    """What the ledger says of one person: their own moves and those of their deals, oldest first."""

    moves: Sequence[Move]
    deals: Sequence[DealTrack] = ()
    cycle: int = 1


@dataclass(frozen=True)
class Fold:
    """How far a person came. ``reached``: first moment by rank, without gaps from the rank of their door."""

    door: int
    reached: Mapping[int, datetime] = field(default_factory=dict)
    fate: int = OPEN
    due: int = 0

    @property
    def furthest(self) -> int:
        return max(self.reached)

    @property
    def started_at(self) -> datetime:
        return self.reached[min(self.reached)]


def fold(track: Track, path: Path) -> Fold | None:
    """The whole path of one person from their ledger; None when nothing of it lies on the path."""
    first: dict[int, datetime] = {}
    for rank, at in _entries(track, path):
        first[rank] = min(at, first.get(rank, at))
    if not first:
        return None
    door = LEAD_DOOR if track.moves else DEAL_DOOR
    lowest = 0 if door == LEAD_DOOR else min(path.sales_rank, max(first))
    reached: dict[int, datetime] = {}
    earliest: datetime | None = None
    for rank in range(max(first), lowest - 1, -1):
        here = first.get(rank)
        earliest = here if earliest is None or (here is not None and here < earliest) else earliest
        assert earliest is not None
        reached[rank] = earliest
    fate, due = _fate(track, path, max(first))
    return Fold(door, dict(sorted(reached.items())), fate, due)


def _entries(track: Track, path: Path) -> Iterable[tuple[int, datetime]]:
    for move in track.moves:
        if move.stage_id in path.ranks:
            yield path.ranks[move.stage_id], move.at
    for deal in track.deals:
        if deal.accepted_at is not None:
            yield path.sales_rank, deal.accepted_at
        for move in deal.moves:
            rank = path.ranks.get(move.stage_id)
            waits = rank == path.sales_rank and (deal.from_handoff or deal.accepted_at is not None)
            if rank is not None and not waits:
                yield rank, move.at


def _fate(track: Track, path: Path, furthest: int) -> tuple[int, int]:
    """What became of somebody: still open (and from which day stalled), recycled, or lost."""
    if track.moves:
        last = track.moves[-1]
        stage = path.stages[last.stage_id]
        if stage.kind in ("disqualified", "churned"):
            return LOST, 0
        if stage.funnel == "marketing" and stage.kind == "open":
            behind = path.ranks.get(stage.id, 0) < furthest
            return (RECYCLED, 0) if behind and track.cycle > 1 else (OPEN, _due(last, stage))
        if stage.funnel == "customer":
            return OPEN, _due(last, stage)
    ends = [deal.moves[-1] for deal in track.deals if deal.moves]
    if not ends:
        return OPEN, _due(track.moves[-1], path.stages[track.moves[-1].stage_id]) if track.moves else 0
    alive = [move for move in ends if path.stages[move.stage_id].kind != "lost"]
    if not alive:
        return LOST, 0
    newest = max(alive, key=lambda move: move.at)
    return OPEN, _due(newest, path.stages[newest.stage_id])


def _due(move: Move, stage: StageFact) -> int:
    """The day number from which somebody counts as stalled; 0 never."""
    if stage.expected_days <= 0:
        return 0
    return day_number(move.at + timedelta(days=stage.expected_days))


def day_number(at: datetime) -> int:
    """Days since 1970-01-01 in UTC. Dashboards count whole UTC days, the same for everybody."""
    return (at.astimezone(UTC).date() - EPOCH).days


def day_date(number: int) -> date:
    return EPOCH + timedelta(days=number)
