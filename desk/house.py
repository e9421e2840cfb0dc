"""Pages for those who keep the house: deliveries and the live catalogue of components."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core import charts, leases, outbox
from core.keyset import keyset_page
from core.models import OutboxMessage
from funnels.selectors import stages_all
from team.access import roles_required

STATES = OutboxMessage.State


@require_GET
@roles_required("admin")
def deliveries(request: HttpRequest) -> HttpResponse:
    """What was to be sent or done, what was given up and why."""
    state = request.GET.get("state", "")
    rows = OutboxMessage.objects.exclude(topic="setup")
    if state in STATES.values:
        rows = rows.filter(state=state)
    page = keyset_page(rows, sort="-pk", cursor=request.GET.get("cursor", ""))
    dead = OutboxMessage.objects.filter(state=STATES.DEAD).count()
    context = {"page": page, "state": state, "states": STATES.choices, "dead": dead}
    return render(request, "desk/deliveries.html", context)


@require_POST
@roles_required("admin")
def deliveries_retry(request: HttpRequest) -> HttpResponse:
    """Try again what was given up: one, or all."""
    pk = request.POST.get("pk", "")
    rows = OutboxMessage.objects.filter(state=STATES.DEAD)
    number = leases.retry_now(rows.filter(pk=int(pk)) if pk.isdigit() else rows)
    outbox.wake("core.tasks.outbox_drain")
    messages.success(request, f"{number} put back: they are tried again now.")
    return redirect("desk:deliveries")


class SampleForm(forms.Form):
    name = forms.CharField(help_text="As on the business card.")
    email = forms.EmailField(label="E-mail")
    team = forms.ChoiceField(choices=[("n", "North"), ("s", "South")])
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    sound = forms.BooleanField(label="Play a sound", required=False)
    days = forms.MultipleChoiceField(
        choices=[("mo", "Monday"), ("tu", "Tuesday")], widget=forms.CheckboxSelectMultiple, required=False
    )


def _sample_charts() -> dict[str, charts.Chart]:
    stages = [
        charts.RibbonStage("Awareness", 12480, "marketing", "visitors known 18 %", "10,234 never came back"),
        charts.RibbonStage("Interest", 2246, "marketing", "18.0 % · 4 d"),
        charts.RibbonStage("Evaluation", 611, "marketing", "27.2 % · 9 d", "1,635 went quiet", bad=True),
        charts.RibbonStage("Handoff", 318, "handoff", "52 % · 3 m 40 s", "57 rejected"),
        charts.RibbonStage("Demo", 189, "sales", "72.4 % · 6 d"),
        charts.RibbonStage("Proposal", 112, "sales", "59.3 % · 11 d", "41 lost"),
        charts.RibbonStage("Won", 71, "customer", "63.4 % · 14 d"),
    ]
    weeks = [charts.Bar(f"W{n}", value, str(value)) for n, value in enumerate([12, 18, 9, 24, 31, 28], start=1)]
    sources = [
        charts.Bar("Organic search", 124, "124", tone="marketing"),
        charts.Bar("Webinar", 61, "61", tone="sales"),
    ]
    return {
        "ribbon": charts.ribbon(
            "A funnel", stages, head=["Stage", "People"], rows=[[s.name, s.count] for s in stages]
        ),
        "columns": charts.columns("MQLs a week", weeks, head=["Week", "MQLs"]),
        "bars": charts.bars("MQLs by channel", sources, head=["Channel", "MQLs"]),
        "lines": charts.lines(
            "MQLs and SQLs a month",
            ["Jan", "Feb", "Mar", "Apr"],
            [("MQL", "marketing", [10, 14, 12, 20]), ("SQL", "sales", [6, 9, 9, 15])],
            head=["Month", "MQL", "SQL"],
        ),
    }


@require_GET
@roles_required("manager")
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component, live, with sample data."""
    now = timezone.now()
    wrong = SampleForm({"email": "not an address"})
    wrong.is_valid()
    sample: dict[str, Any] = {
        "standing": {"grade": "A1", "score": 92, "reason": "Requested a demo, viewed pricing", "scored_at": now},
        "stages": stages_all(),
        "tones": ["good", "warn", "bad", "marketing", "handoff", "sales", "customer", "accent"],
        "start": now - timedelta(minutes=2),
        "due": now + timedelta(minutes=3),
        "late": now - timedelta(minutes=1),
        "form": SampleForm(),
        "wrong": wrong,
        "spark": [3, 5, 4, 8, 7, 11],
    }
    return render(request, "desk/styleguide.html", sample | _sample_charts())
