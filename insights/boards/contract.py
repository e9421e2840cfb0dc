"""The contract page: what both sides promised, week by week what they did, and what waits now."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.charts import Bar, Chart, columns, lines
from handoff.models import Handoff
from insights import wording as say
from insights.boards.links import WeekLinks, whose
from insights.boards.verdicts import campaigns, reasons
from insights.metrics import contract as metric
from insights.metrics.scope import Scope
from insights.rules import rates
from insights.rules.contract import USED_STEPS, Cell, Terms, Verdict, count_verdict, share_verdict, total, used_label
from insights.rules.weeks import Weeks, monday_of

SHOWN = 12


@dataclass(frozen=True)
class Number:
    """One number of one week: what it says, how it did against the promise, and where its rows are."""

    said: str
    n: int
    url: str
    verdict: Verdict = Verdict.NONE
    promised: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One week of the record."""

    monday: date
    name: str
    days: str
    url: str
    over: bool
    terms: Terms
    cell: Cell
    mqls: Number
    accepted: Number
    answered: Number
    attempts: Number
    median: str
    p90: str

    @property
    def numbers(self) -> list[Number]:
        return [self.mqls, self.accepted, self.answered, self.attempts]


def team_judged(scope: Scope) -> int | None:
    """Whose promise the reader's numbers are held against: the team's that is filtered or is all they see."""
    return scope.team or (scope.user.team_id if scope.owners is not None else None)


def week_line(monday: date, cell: Cell, terms: Terms, scope: Scope, links: WeekLinks) -> Line:
    period: Any = scope.period
    over = monday < monday_of(scope.now, period.zone)
    week = Weeks.of(monday, period.zone)
    some = scope.owners is not None and not (terms.team and (scope.user.is_manager or scope.team))
    if some or scope.campaign:
        terms = replace(terms, mqls=0)  # the company's count is not what these few get
    spread = cell.spread
    return Line(
        monday,
        f"W{monday.isocalendar().week:02d}",
        week.label,
        links.sheet(monday),
        over,
        terms,
        cell,
        _mqls(cell, terms, over, links("delivered", monday)),
        _share(cell.accepted, cell.decided, terms.accept_share, over, links("decided", monday)),
        _share(cell.in_time, cell.judged, terms.answer_share, over, links("judged", monday)),
        _attempts(cell, terms, over, links("tried", monday)),
        say.span(spread.median) if spread.enough else "–",
        say.span(spread.p90) if spread.enough else "–",
    )


def _mqls(cell: Cell, terms: Terms, over: bool, url: str) -> Number:
    promised = f"of {terms.mqls:,}" if terms.mqls else ""
    note = f"+{cell.again} again" if cell.again else ""
    return Number(
        say.whole(cell.mqls), cell.mqls, url, count_verdict(cell.mqls, terms.mqls, over=over), promised, note
    )


def _share(part: int, whole: int, promised: int, over: bool, url: str) -> Number:
    verdict = share_verdict(part, whole, promised, over=over)
    return Number(say.share_of(part, whole), whole, url, verdict, f"{promised} % promised" if promised else "")


def _attempts(cell: Cell, terms: Terms, over: bool, url: str) -> Number:
    """Every one of those judged had to get as many as promised."""
    if not terms.attempts:
        return Number("–", 0, "")
    mean = f"{cell.tries / cell.assigned:.1f} each" if cell.assigned else ""
    verdict = share_verdict(cell.tried_enough, cell.tried, 100, over=over)
    promised = f"{terms.attempts} in {terms.attempt_days} working days"
    return Number(say.share_of(cell.tried_enough, cell.tried), cell.tried, url, verdict, promised, mean)


def week_lines(scope: Scope, found: metric.Record, terms: metric.TermsOf, links: WeekLinks) -> list[Line]:
    team = team_judged(scope)
    return [week_line(monday, cell, terms(monday, team), scope, links) for monday, cell in found.weeks]


def page(scope: Scope, terms: metric.TermsOf, links: WeekLinks) -> dict[str, Any]:
    """The template's context: some ten queries."""
    found = metric.record(scope, terms)
    rows = week_lines(scope, found, terms, links)
    whole = total(cell for _, cell in found.weeks)
    waiting = metric.waiting(scope)
    many, said = waiting.count(), campaigns(whole, scope, links)
    return {
        "whose": whose(scope),
        "lines": rows[::-1],
        "now": rows[-1],
        "before": rows[-2] if len(rows) > 1 else None,
        "as_of": found.as_of,
        "whole": whole,
        "sides": sides(rows[-1], rows),
        "sentence": sentence(rows, many),
        "delivered_chart": _delivered_chart(rows),
        "shares_chart": _shares_chart(rows),
        "used_chart": _used_chart(whole),
        "used_late": sum(n for place, n in whole.used.items() if place >= 4),
        "never": whole.never,
        "never_url": links("never"),
        "reasons": reasons(whole, scope, links),
        "campaigns": said[:SHOWN],
        "campaigns_more": max(0, len(said) - SHOWN),
        "waiting": many,
        "waiting_url": links("waiting"),
        "waiting_rows": waiting_rows(waiting),
        "means": say.MEANS,
    }


def waiting_rows(waiting: Any) -> list[Handoff]:
    """Those whose deadline is nearest or longest past; those with nobody first."""
    rows = waiting.select_related("lead__company", "rep")
    nobody = list(rows.filter(state=Handoff.State.WAITING).order_by("opened_at", "pk")[:SHOWN])
    return [*nobody, *rows.exclude(state=Handoff.State.WAITING).order_by("due_at", "pk")[: SHOWN - len(nobody)]]


def sides(now: Line, rows: list[Line]) -> list[dict[str, Any]]:
    """Both sides with what they promise and how often they kept it."""
    over = [one for one in rows if one.over]
    terms = now.terms
    word = "attempt" if terms.attempts == 1 else "attempts"
    tries = f"{terms.attempts} {word} within {terms.attempt_days} working days" if terms.attempts else ""
    share = f"{terms.accept_share} % of them accepted" if terms.accept_share else ""
    promises = [
        ("marketing", "MQLs a week", f"{terms.mqls:,} MQLs a week" if terms.mqls else "", "mqls"),
        ("marketing", "Accepted", share, "accepted"),
        ("sales", "Answered", f"{terms.answer_share} % answered in time" if terms.answer_share else "", "answered"),
        ("sales", "Attempts", tries, "attempts"),
    ]
    found: dict[str, dict[str, Any]] = {}
    for side, label, said, name in promises:
        verdicts = Counter(getattr(one, name).verdict for one in over)
        judged = verdicts[Verdict.KEPT] + verdicts[Verdict.BROKEN]
        one = found.setdefault(side, {"side": side, "name": side.capitalize(), "promises": []})
        one["promises"].append(
            {
                "label": label,
                "said": said or "No promise",
                "number": getattr(now, name),
                "means": say.MEANS[name],
                "kept": f"kept in {verdicts[Verdict.KEPT]} of {judged} week{'s' * (judged != 1)}"
                if judged
                else "no week to judge yet",
            }
        )
    return list(found.values())


def sentence(rows: list[Line], waiting: int) -> str:
    """The last week that is over, in words."""
    over = [one for one in rows if one.over and (one.cell.mqls or one.cell.assigned)]
    if not over:
        text = "No week is over yet"
    else:
        last = over[-1]
        text = f"Week {last.monday.isocalendar().week}: marketing delivered {last.mqls.said}"
        text += (
            f" {last.mqls.promised} promised" if last.mqls.promised else " MQL" if last.cell.mqls == 1 else " MQLs"
        )
        text += f"; sales {f'accepted {last.accepted.said}' if last.cell.decided else 'decided on nobody'}"
        text += f" and {f'answered {last.answered.said} in time' if last.cell.judged else 'had nobody to answer yet'}"
    return f"{text}. {waiting:,} {'lead waits' if waiting == 1 else 'leads wait'} for a first answer now."


def _delivered_chart(rows: list[Line]) -> Chart:
    series = [("Delivered", "marketing", [one.cell.mqls for one in rows])]
    if any(one.terms.mqls for one in rows):
        series.append(("Promised", "handoff", [one.terms.mqls for one in rows]))
    head = ["Week", *(name for name, *_ in series)]
    return lines("MQLs delivered by week", [one.name for one in rows], series, head=head)


def _shares_chart(rows: list[Line]) -> Chart:
    """Shares of too few cases are left out with their week."""
    known = [one for one in rows if one.cell.judged >= rates.FEW and one.cell.decided >= rates.FEW]
    known = known if len(known) > 1 else []
    series = [
        ("Accepted", "marketing", [100.0 * one.cell.accepted / one.cell.decided for one in known]),
        ("Answered in time", "sales", [100.0 * one.cell.in_time / one.cell.judged for one in known]),
    ]
    return lines(
        "Shares by week, in percent",
        [one.name for one in known],
        series,
        head=["Week", "Accepted, %", "In time, %"],
        said=lambda value: f"{value:.0f}",
    )


def _used_chart(whole: Cell) -> Chart:
    bars = [
        Bar(used_label(place), n := whole.used.get(place, 0), say.whole(n), tone="sales" if place < 4 else "bad")
        for place in range(USED_STEPS)
    ]
    chart = columns(
        "First answers by the share of the allowed time they took",
        bars,
        head=["Up to, of the allowed time", "Answers"],
    )
    if chart.bars and whole.used:
        edge = chart.bars[4]
        before = chart.bars[3]
        x = round((before.x + before.width + edge.x) / 2, 1)
        chart.rules = [{"x": x, "y": chart.height - 24, "said": "deadline"}]
    return chart if whole.used else columns("", [], head=[])
