"""The marketer's page: what comes in, how warm it is, and what sales made of it."""

from typing import Any

from core.charts import Bar, Chart, columns, lines
from handoff.selectors.policies import mql_bar
from insights import wording as say
from insights.boards.common import Links, Tile
from insights.boards.funnel import leak_said
from insights.metrics import funnel, handoffs, marketing, sales
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.path import Path
from leads.models import Standing

SHOWN = 8


def page(scope: Scope, path: Path, links: Links) -> dict[str, Any]:
    """The template's context: 11 queries."""
    cells = funnel.table(scope)
    steps = funnel.steps_of(cells, scope, path)
    before = funnel.steps(scope.previous, path) if scope.previous else None
    closings = sales.closings(scope)
    decisions, labels = handoffs.decisions(scope), scope.reject_reasons
    verdicts, reasons = handoffs.verdicts(decisions, labels)
    bar = mql_bar()  # of the default policy: the leads of segments have others
    scores = marketing.scores(scope)
    near = marketing.near_bar(scope, bar)
    return {
        "sentence": _sentence(steps, path, verdicts),
        "tiles": _people_tiles(scope, path, links, steps, before) + _other_tiles(links, verdicts, near.count(), bar),
        "weeks": _weeks(marketing.weekly(scope, path)),
        "channels": _channels(marketing.channels(cells, closings, scope, path), path, links),
        "scores": _scores(scores.bands, bar),
        "scores_as_of": scores.as_of,
        "bands": [{"low": low, "n": n, "url": links("band", low=low)} for low, n in scores.bands if n],
        "bar": bar,
        "near": _near(near),
        "reject_reasons": [{"label": label, "n": n, "url": links("rejected", reason=pk)} for pk, label, n in reasons],
        "campaigns": handoffs.rejects_by_campaign(decisions, labels)[:12],
        "recent": _recent(scope),
    }


def _sentence(steps: list[rates.StepNumbers], path: Path, verdicts: handoffs.Verdicts) -> str:
    mqls = steps[marketing.mql_rank(path)]
    text = f"{say.people(steps[0].count)} came; {say.whole(mqls.count)} became sales-ready"
    if verdicts.decided >= rates.FEW:
        return f"{text}. Sales took {say.percent(verdicts.share)} of {say.whole(verdicts.decided)} they decided on."
    return f"{text}. There is not enough data yet to say what sales made of them."


def _people_tiles(
    scope: Scope, path: Path, links: Links, steps: list[rates.StepNumbers], before: list[rates.StepNumbers] | None
) -> list[Tile]:
    counted = "people whose path began in the period" if scope.cohort else "people who first reached it in the period"
    found = []
    for label, rank in (
        ("New leads", 0),
        ("MQLs", marketing.mql_rank(path)),
        ("SQLs", path.sales_rank),
        ("Customers", path.won_rank),
    ):
        one = steps[rank]
        change = rates.change(one.count, before[rank].count) if before else None
        found.append(
            Tile(
                label,
                say.whole(one.count),
                f"{say.percent(one.overall)} of all" if rank else leak_said(one),
                f"{path.steps[rank].name} or beyond: {counted}. Nobody counts twice.",
                links("step", rank=rank),
                one.count,
                say.moved(change),
            )
        )
    return found


def _other_tiles(links: Links, verdicts: handoffs.Verdicts, near: int, bar: int) -> list[Tile]:
    found = []
    share = say.percent(verdicts.share) if verdicts.decided >= rates.FEW else say.FEW_SAID
    found.append(
        Tile(
            "Accepted by sales",
            share,
            f"{say.whole(verdicts.rejected)} rejected",
            "Accepted / (accepted + rejected) of handoffs decided in the period.",
            links("decided"),
            verdicts.decided,
        )
    )
    found.append(
        Tile(
            "Near the bar",
            say.whole(near),
            f"{bar - marketing.NEAR} to {bar - 1} points",
            f"Leads still in marketing with a score less than {marketing.NEAR} below the bar of {bar}, now.",
            links("near"),
            near,
        )
    )
    return found


def _weeks(rows: list[tuple[Any, int, int]]) -> Chart:
    return lines(
        "New leads and MQLs by week",
        [f"{day.day} {day:%b}" for day, _, _ in rows],
        [("New leads", "marketing", [n for _, n, _ in rows]), ("MQLs", "handoff", [n for *_, n in rows])],
        head=["Week from", "New leads", "MQLs"],
    )


def _channels(rows: list[marketing.Channel], path: Path, links: Links) -> list[dict[str, Any]]:
    most = max([one.leads for one in rows], default=0)
    return [
        {
            "channel": one,
            "name": one.source or "Unknown",
            "mql_share": say.percent(one.mql_share),
            "accepted_share": say.percent(one.accepted_share) if one.mqls >= rates.FEW else say.FEW_SAID,
            "bar": round(100 * one.leads / most) if most else 0,
            "leads_url": links("step", rank=0, source=one.source) if one.source else "",
            "mqls_url": links("step", rank=marketing.mql_rank(path), source=one.source) if one.source else "",
        }
        for one in rows
    ]


def _scores(rows: list[tuple[int, int]], bar: int) -> Chart:
    points = [Bar(str(low), n, say.whole(n), "", "handoff" if low >= bar else "marketing") for low, n in rows]
    return columns("Leads in marketing by score", points, head=["Points from", "Leads"])


def _near(rows: Any) -> Any:
    """The warmest, picked before anything is joined."""
    best = rows.order_by("-score", "-pk").values("pk")[:SHOWN]
    return Standing.objects.filter(pk__in=best).select_related("lead__company").order_by("-score", "-pk")


def _recent(scope: Scope) -> Any:
    """The last wins, without what they are worth."""
    return sales.won(scope).select_related("lead", "company", "owner").order_by("-closed_at", "-pk")[:SHOWN]
