"""The live catalogue of every component, with sample data: /styleguide/."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import charts
from team.access import roles_required

SECTIONS = [
    *("Colour", "Buttons", "Chips and scores", "Clocks and people", "Numbers", "Charts", "Ribbon", "Tables"),
    *("Forms", "Filters", "Path and timeline", "Facts and changes", "Empty and loading", "Messages and dialogs"),
    *("Layout", "Keyboard"),
]


class SampleForm(forms.Form):
    """One of each kind of field."""

    name = forms.CharField(help_text="As on the business card.")
    email = forms.EmailField(label="E-mail")
    amount = forms.DecimalField(initial=18400, required=False)
    close = forms.DateField(
        label="Expected close", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    team = forms.ChoiceField(choices=[("n", "North"), ("s", "South")])
    size = forms.ChoiceField(
        choices=[("s", "Up to 50"), ("m", "50 to 1,000"), ("l", "More")], widget=forms.RadioSelect, initial="m"
    )
    days = forms.MultipleChoiceField(
        choices=[("mo", "Monday"), ("tu", "Tuesday")], widget=forms.CheckboxSelectMultiple, required=False
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    list = forms.FileField(label="List (CSV)", required=False)
    sound = forms.BooleanField(label="Play a sound", required=False)


def _ribbon() -> charts.Chart:
    stages = [
        charts.RibbonStage("Awareness", 12480, "marketing", "18 % known", "10,234 never came back", url="#ribbon"),
        charts.RibbonStage(
            "Interest", 2246, "marketing", "18.0 % · 4 d", "1,635 went quiet", bad=True, url="#ribbon"
        ),
        charts.RibbonStage("Evaluation", 611, "marketing", "27.2 % · 9 d", "293 still reading", url="#ribbon"),
        charts.RibbonStage(
            "Handoff", 318, "handoff", "82 % taken · 3 m 40 s", "57 rejected: 31 too early", url="#ribbon"
        ),
        charts.RibbonStage("Demo", 189, "sales", "72.4 % · 6 d", "", url="#ribbon"),
        charts.RibbonStage("Proposal", 112, "sales", "59.3 % · 11 d", "41 lost: 18 price, 9 timing", url="#ribbon"),
        charts.RibbonStage("Won", 71, "customer", "63.4 % · 14 d", url="#ribbon"),
    ]
    rows = [[one.name, f"{one.count:,}"] for one in stages]
    return charts.ribbon("From first visit to customer", stages, head=["Stage", "People"], rows=rows)


def _charts() -> dict[str, charts.Chart]:
    months = ["Apr", "May", "Jun", "Jul", "Aug", "Sep"]
    weeks = [
        charts.Bar(f"W{n}", value, str(value), tone="sales") for n, value in enumerate([12, 18, 9, 24, 31, 28], 1)
    ]
    sources = [("Organic search", 124), ("Paid search", 82), ("Webinar", 61), ("Checklist download", 51)]
    return {
        "ribbon": _ribbon(),
        "columns": charts.columns("SQLs a week", weeks, head=["Week", "SQLs"]),
        "bars": charts.bars(
            "MQLs by channel",
            [charts.Bar(name, value, str(value), url="#charts", tone="marketing") for name, value in sources],
            head=["Channel", "MQLs"],
        ),
        "lines": charts.lines(
            "MQLs and SQLs a month",
            months,
            [("MQL", "marketing", [10, 14, 12, 20, 24, 31]), ("SQL", "sales", [6, 9, 9, 15, 16, 22])],
            head=["Month", "MQL", "SQL"],
        ),
        "stacked": charts.stacked(
            "Handoffs a month",
            months,
            [("accepted", "sales", [9, 12, 10, 16, 20, 25]), ("rejected", "neutral", [2, 3, 2, 4, 3, 5])],
            head=["Month", "Accepted", "Rejected"],
        ),
        "histogram": charts.histogram(
            "Leads by score",
            [3, 8, 12, 14, 18, 22, 25, 27, 31, 33, 38, 41, 44, 47, 52, 55, 58, 63, 66, 71, 84, 92],
            step=10,
            head=["Score", "Leads"],
            tone="marketing",
        ),
    }


def _stages() -> list[SimpleNamespace]:
    def one(name: str, funnel: str, kind: str = "open") -> SimpleNamespace:
        return SimpleNamespace(name=name, kind=kind, funnel=SimpleNamespace(kind=funnel))

    return [
        *(one("Interest", "marketing"), one("Handed off", "marketing", "handed_off"), one("Demo", "sales")),
        *(one("Won", "sales", "won"), one("Lost", "sales", "lost"), one("Onboarded", "customer")),
    ]


def _steps(now: datetime) -> list[dict[str, Any]]:
    def step(name: str, tone: str, state: str, days: int | None = None) -> dict[str, Any]:
        at = now - timedelta(days=days) if days is not None else None
        return {"name": name, "tone": tone, "state": state, "at": at}

    return [
        *(step("Awareness", "marketing", "past", 40), step("Interest", "marketing", "past", 31)),
        *(step("Evaluation", "marketing", "past", 12), step("Handed off", "handed_off", "past", 9)),
        *(step("Demo", "sales", "now", 4), step("Proposal", "sales", "ahead"), step("Won", "won", "ahead")),
    ]


@require_safe
@roles_required("manager")
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component, live, with sample data."""
    now = timezone.now()
    wrong = SampleForm({"email": "not an address", "team": "n", "size": "m"})
    wrong.is_valid()
    wrong.add_error(None, "The form as a whole is wrong: name and e-mail belong to two people.")
    context: dict[str, Any] = {
        "sections": SECTIONS,
        "standing": SimpleNamespace(grade="A1", score=92, reason="Requested a demo, viewed pricing", scored_at=now),
        "stages": _stages(),
        "tones": ["good", "warn", "bad", "marketing", "handoff", "sales", "customer", "accent"],
        "start": now - timedelta(minutes=2),
        "due": now + timedelta(minutes=3),
        "late": now - timedelta(minutes=1),
        "form": SampleForm(prefix="right"),
        "wrong": wrong,
        "spark": [3, 5, 4, 8, 7, 11],
        "steps": _steps(now),
        "facts": [
            ("Industry", "Logistics"),
            ("Employees", "340"),
            ("Persona", "Head of Operations"),
            ("Phone", None),
        ],
        "changes": [("Owner", "Rita Rep", "Otto Other"), ("Amount", None, "$18,400"), ("Stage", "Demo", "Proposal")],
        "tabs": [("#tables", "All", 12480, True), ("#charts", "Mine", 57), ("#forms", "Stalled", None)],
        "rows": [("Amara Nwosu", "Helio Clinics", 92), ("Tomás Rey", "Nordkai Freight", 74), ("Lin Qiu", None, 31)],
        "sort": request.GET.get("sort", "-score"),
    }
    return render(request, "desk/styleguide.html", context | _charts())
