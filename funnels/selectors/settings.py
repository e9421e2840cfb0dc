"""What the stages page shows."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from funnels import rules
from funnels.models import Funnel, Stage, Traveller
from funnels.selectors.plan import stages_all


@dataclass
class StageRow:
    """A stage, how many are inside, and why it must stay ('' when it may go)."""

    stage: Stage
    inside: int
    stays: str
    asks: list[str]
    first: bool = False
    last: bool = False
    form: Any = None
    remove: Any = None


@dataclass
class FunnelPlan:
    funnel: Funnel
    rows: list[StageRow] = field(default_factory=list)


def plan() -> list[FunnelPlan]:
    """Every funnel with its stages: one query, and one a kind of traveller."""
    inside: dict[int, int] = {}
    for model in Traveller.__subclasses__():
        manager: Any = model._default_manager
        for stage, count in manager.order_by().values_list("stage").annotate(Count("pk")):
            inside[stage] = inside.get(stage, 0) + count
    plans: dict[int, FunnelPlan] = {}
    for stage in stages_all():
        part = plans.setdefault(stage.funnel_id, FunnelPlan(stage.funnel))
        part.rows.append(_row(stage, inside.get(stage.pk, 0)))
    for part in plans.values():
        _fill(part)
    return list(plans.values())


def _row(stage: Stage, inside: int) -> StageRow:
    words = rules.requirable(stage.funnel.kind)
    return StageRow(stage, inside, "", [words.get(name, name) for name in stage.required or []])


def _fill(part: FunnelPlan) -> None:
    opens = [row for row in part.rows if row.stage.is_open]
    active = sum(1 for row in opens if row.stage.is_active)
    for row in part.rows:
        row.first, row.last = bool(opens) and row is opens[0], bool(opens) and row is opens[-1]
        left = active - (1 if row.stage.is_open and row.stage.is_active else 0)
        row.stays = rules.removal_refusal(
            funnel=part.funnel.key, key=row.stage.key, kind=row.stage.kind, open_left=left
        )
