"""The sheet of one week that marketing and sales look at together: on the page, on paper and in the mail."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q

from handoff.models import Handoff
from insights import wording as say
from insights.boards.contract import Line, week_lines
from insights.boards.links import WeekLinks, whose
from insights.boards.verdicts import campaigns, reasons
from insights.metrics import contract as metric
from insights.metrics import handoffs, sales
from insights.metrics.scope import Scope
from insights.models import Decision
from insights.rules import rates
from insights.rules.contract import Cell
from insights.rules.weeks import WEEK, Weeks, week_name

QUOTES, CHANNELS = 3, 6


@dataclass(frozen=True)
class Objection:
    """A reason with what was written about it."""

    label: str
    n: int
    url: str
    quotes: list[tuple[str, str]]  # what, who


def sheet(scope: Scope, monday: date, terms: metric.TermsOf, links: WeekLinks) -> dict[str, Any]:
    """All that the sheet says. Some fourteen queries."""
    period: Any = scope.period
    week = Weeks.of(monday, period.zone)
    mine = scope.over(week)
    found = metric.record(scope.over(Weeks.of(monday - WEEK, period.zone, 2)), terms)
    before, now = week_lines(scope, found, terms, links)
    closed = _closed(mine)
    return {
        "week": week,
        "whose": whose(scope),
        "monday": monday,
        "name": week_name(monday),
        "number": monday.isocalendar().week,
        "line": now,
        "before": before,
        "as_of": found.as_of,
        "rows": _both(now, before),
        "changes": changes(now, before, scope),
        "fate": _fate(mine),
        "won": closed[0],
        "lost": closed[1],
        "objections": _rejects(mine, now.cell, links, monday),
        "lost_reasons": _losses(mine),
        "channels": _channels(mine, now.cell),
        "campaigns": campaigns(now.cell, scope, links, monday)[:CHANNELS],
        "decisions": list(_people(Decision.objects.filter(monday=monday))),
        "carried": list(_people(_carried(monday, week))),
        "means": say.MEANS,
    }


def _people(rows: Any) -> Any:
    return rows.select_related("by", "owner", "done_by").order_by("monday", "at", "pk")


def _carried(monday: date, week: Weeks) -> Any:
    """Decisions of the weeks before that were open when this week began."""
    return Decision.objects.filter(Q(done_at=None) | Q(done_at__gte=week.start), monday__lt=monday)


def _both(now: Line, before: Line) -> list[dict[str, Any]]:
    """Both sides' record, this week and the week before."""
    names = [
        ("marketing", "MQLs delivered", "mqls"),
        ("marketing", "Accepted by sales", "accepted"),
        ("sales", "Answered in time", "answered"),
        ("sales", "Enough attempts", "attempts"),
    ]
    return [
        {
            "side": side,
            "label": label,
            "now": getattr(now, name),
            "before": getattr(before, name),
            "means": say.MEANS[name],
        }
        for side, label, name in names
    ]


def changes(now: Line, before: Line, scope: Scope) -> list[str]:
    """What is different from the week before, in sentences; shares only where both weeks have enough cases."""
    found = []
    step = now.cell.mqls - before.cell.mqls
    if step:
        way = "more" if step > 0 else "fewer"
        found.append(f"{abs(step):,} MQLs {way} than the week before ({before.cell.mqls:,}).")
    shares = [
        ("Sales accepted", now.cell.accepted, now.cell.decided, before.cell.accepted, before.cell.decided),
        ("Answered in time", now.cell.in_time, now.cell.judged, before.cell.in_time, before.cell.judged),
    ]
    for what, part, whole, part_before, whole_before in shares:
        if whole >= rates.FEW and whole_before >= rates.FEW:
            points = 100.0 * part / whole - 100.0 * part_before / whole_before
            if abs(points) >= 0.05:
                found.append(f"{what}: {say.moved(points, 'points')}.")
    median, earlier = now.cell.spread, before.cell.spread
    if median.enough and earlier.enough and median.median != earlier.median:
        found.append(f"Median first answer {say.span(median.median)}, before {say.span(earlier.median)}.")
    return found + _new_reason(now.cell, before.cell, scope)


def _new_reason(now: Cell, before: Cell, scope: Scope) -> list[str]:
    """The reason that grew most."""
    grown = now.rejects
    grown.subtract(before.rejects)
    if not grown:
        return []
    reason, step = grown.most_common(1)[0]
    label = scope.reject_reasons.get(reason, handoffs.NO_REASON)
    return [f"“{label}” was given {step:,} more times than the week before."] if step >= 2 else []


def _fate(scope: Scope) -> dict[str, Any]:
    """What became of the MQLs delivered in the week, up to now."""
    states = dict(metric.delivered(scope).order_by().values_list("state").annotate(n=Count("pk")))
    n = sum(states.values())
    accepted, rejected = states.get(Handoff.State.ACCEPTED, 0), states.get(Handoff.State.REJECTED, 0)
    return {
        "n": n,
        "accepted": accepted,
        "rejected": rejected,
        "open": n - accepted - rejected,
        "share": say.share_of(accepted, n),
    }


def _closed(scope: Scope) -> tuple[int, int]:
    got = (
        sales.closed(scope)
        .order_by()
        .aggregate(won=Count("pk", filter=sales.WON), lost=Count("pk", filter=sales.LOST))
    )
    return got["won"], got["lost"]


def _rejects(scope: Scope, cell: Cell, links: WeekLinks, monday: date) -> list[Objection]:
    rows = handoffs.rejected(scope).exclude(reject_note="").order_by("-decided_at", "-pk")
    quotes = _quotes(rows.values_list("reject_reason_id", "reject_note", "decided_by__name")[:60])
    labels = {label: pk for pk, label in scope.reject_reasons.items()}
    return [
        Objection(one["label"], one["n"], one["url"], quotes.get(labels.get(one["label"], 0), []))
        for one in reasons(cell, scope, links, monday)
    ]


def _losses(scope: Scope) -> list[Objection]:
    labels = {pk: label for pk, (label, counts) in scope.lost_reasons.items() if counts}
    rows = sales.lost(scope).order_by()
    counts = dict(rows.values_list("lost_reason_id").annotate(n=Count("pk")))
    noted = rows.exclude(objection="").order_by("-closed_at", "-pk")
    quotes = _quotes(noted.values_list("lost_reason_id", "objection", "owner__name")[:60])
    found = [Objection(labels.get(pk, sales.NO_REASON), n, "", quotes.get(pk or 0, [])) for pk, n in counts.items()]
    return sorted(found, key=lambda one: (-one.n, one.label))


def _quotes(rows: Iterable[tuple[int | None, str, str | None]]) -> dict[int, list[tuple[str, str]]]:
    """The newest few of each reason, none twice."""
    found: dict[int, list[tuple[str, str]]] = {}
    for reason, text, who in rows:
        mine = found.setdefault(reason or 0, [])
        if len(mine) < QUOTES and text not in [said for said, _ in mine]:
            mine.append((text, who or ""))
    return found


def _channels(scope: Scope, cell: Cell) -> list[dict[str, Any]]:
    """Each source's week: MQLs, what sales said, deals won; those that sales wanted most first."""
    found: dict[str, dict[str, Any]] = {}

    def line(source: str) -> dict[str, Any]:
        empty = {"name": source or "Unknown", "mqls": 0, "accepted": 0, "rejected": 0, "won": 0}
        return found.setdefault(source, empty)

    for source, n in cell.sources.items():
        line(source)["mqls"] = n
    for (yes, _, _, source), n in cell.verdicts.items():
        line(source)["accepted" if yes else "rejected"] += n
    for source, n in sales.won(scope).order_by().values_list("source").annotate(n=Count("pk")):
        line(source)["won"] = n
    for one in found.values():
        one["share"] = say.share_of(one["accepted"], one["accepted"] + one["rejected"])
    return sorted(found.values(), key=lambda one: (-one["accepted"], -one["won"], -one["mqls"], one["name"]))[
        :CHANNELS
    ]
