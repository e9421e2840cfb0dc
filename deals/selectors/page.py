"""All that the deal page shows, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from deals import rules
from deals.models import Deal, LostReason, Task
from deals.selectors.cards import Card, card
from funnels.models import Stage, Transition
from funnels.selectors import history
from leads.models import Activity
from leads.wording import kind_icon, kind_label, properties_said

TIMELINE_ROWS = 40
WORDS = {
    "handoff": "opened by the handoff",
    "created": "made by hand",
    "board": "on the board",
    "moved": "",
    "won": "won",
    "lost": "lost",
    "rejected": "handoff rejected",
    "reopened": "reopened",
    "undo": "undone",
    "imported": "imported",
}


@dataclass
class Event:
    """One line of the deal's timeline."""

    at: datetime
    group: str
    icon: str
    title: str
    detail: str
    by: Any


@dataclass
class Step:
    """A stage of the pipeline and whether the deal is past it, in it or before it."""

    stage: Stage
    state: str
    since: datetime | None


@dataclass
class DealPage:
    card: Card
    steps: list[Step]
    ends: list[Stage]
    tasks: list[Task]
    done: list[Task]
    events: list[Event]
    others: list[Deal]


def lost_reasons() -> QuerySet[LostReason]:
    """What people may choose from; the system's own reason is not among it."""
    return LostReason.objects.filter(is_active=True).exclude(code=rules.REJECTED)


def deal_page(deal: Deal, user: Any, stages: list[Stage], now: datetime) -> DealPage:
    """``deal`` with stage, funnel, lead and company read; ``stages``: all, as ``funnels.selectors.stages_all``."""
    ledger = list(history(Transition.Kind.DEAL, deal.pk))
    tasks = list(Task.objects.filter(deal=deal).select_related("owner"))
    done = [task for task in tasks if task.done_at]
    ours = [one for one in stages if one.funnel_id == deal.stage.funnel_id]
    return DealPage(
        card=card(deal, now),
        steps=_steps(deal, ours, ledger),
        ends=[one for one in ours if not one.is_open],
        tasks=[task for task in tasks if not task.done_at],
        done=sorted(done, key=lambda task: task.done_at or now, reverse=True)[:10],
        events=_events(deal, user, ledger, done),
        others=_others(deal, user),
    )


def _others(deal: Deal, user: Any) -> list[Deal]:
    """Other deals of the same person."""
    if deal.lead_id is None:
        return []
    rows = Deal.objects.visible_to(user).filter(lead=deal.lead_id).exclude(pk=deal.pk)
    return list(rows.select_related("stage").order_by("-created_at")[:5])


def _steps(deal: Deal, stages: list[Stage], ledger: list[Transition]) -> list[Step]:
    entered = {row.to_stage_id: row.at for row in ledger}
    steps = []
    for stage in stages:
        if not (stage.is_open and (stage.is_active or stage.pk == deal.stage_id)):
            continue
        if stage.pk == deal.stage_id:
            state = "now"
        elif deal.stage.kind == Stage.Kind.WON or (deal.stage.is_open and stage.position < deal.stage.position):
            state = "past"
        else:
            state = "past" if stage.pk in entered and not deal.stage.is_open else "ahead"
        steps.append(Step(stage, state, entered.get(stage.pk)))
    return steps


def _events(deal: Deal, user: Any, ledger: list[Transition], done: list[Task]) -> list[Event]:
    events = [_move(row) for row in ledger]
    events += [
        Event(task.done_at, "task", "check", task.title, "Task done", task.owner) for task in done if task.done_at
    ]
    if deal.lead_id is not None:
        rows = Activity.objects.filter(lead=deal.lead_id).select_related("by").order_by("-at", "-pk")
        events += [_activity(row) for row in rows[:TIMELINE_ROWS]]
    return sorted(events, key=lambda event: event.at, reverse=True)[: TIMELINE_ROWS * 2]


def _move(row: Transition) -> Event:
    words = " · ".join(part for part in (WORDS.get(row.cause, row.cause.replace("_", " ")), row.note) if part)
    title = f"{row.from_stage} → {row.to_stage}" if row.from_stage else f"Opened in {row.to_stage}"
    return Event(row.at, "move", "arrow-right", title, words, row.by)


def _activity(row: Activity) -> Event:
    bot = " (bot)" if row.bot == Activity.Bot.BOT else ""
    title = kind_label(row.kind) + bot
    return Event(row.at, "activity", kind_icon(row.kind), title, properties_said(row.properties), row.by)
