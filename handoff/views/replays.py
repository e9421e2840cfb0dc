"""The pages of replays: the leads of the last days handed over again by other rules."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.charts import lines
from core.errors import Refused
from core.rules import whole_read
from handoff.models import RoutingDraft, RoutingReplay
from handoff.services import replays as service
from team.access import roles_required


@require_POST
@roles_required("manager")
def start(request: HttpRequest) -> HttpResponse:
    """POST ``draft``: 1 to try the draft, else the rules in force; ``days``: how far back."""
    draft = RoutingDraft.objects.first() if request.POST.get("draft") == "1" else None
    days = whole_read(request.POST.get("days", "30"))
    try:
        made = service.replay_start(by=request.user, draft=draft, days=days or 0)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("handoff:replays")
    return redirect("handoff:replay", made.pk)


@require_safe
@roles_required("manager")
def listing(request: HttpRequest) -> HttpResponse:
    """What was tried, newest first."""
    rows = RoutingReplay.objects.select_related("by")[:30]
    return render(request, "handoff/replays.html", {"rows": rows, "any_draft": RoutingDraft.objects.exists()})


@require_safe
@roles_required("manager")
def one(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(RoutingReplay.objects.select_related("by"), pk=pk)
    context: dict[str, Any] = {"row": row, "any_draft": RoutingDraft.objects.exists()}
    if row.result:
        context |= {"found": row.result, "chart": _chart(row), "stale": _stale(row), "beside": _beside(row.result)}
        context["top"] = max((rep["now"] for rep in row.result["reps"]), default=1) or 1
    return render(request, "handoff/replay.html", context)


def _beside(found: dict[str, Any]) -> dict[str, str]:
    """What stands under each number: the same by the rules in force, for a draft, and in truth."""
    said = {name: f"{number:,} then" for name, number in found.get("before", {}).items()}
    live = found.get("live") or {}
    return {name: f"{live[name]:,} by the rules in force, {then}" if live else then for name, then in said.items()}


def _chart(row: RoutingReplay) -> Any:
    days, *loads = zip(*row.result["days"], strict=True) if row.result["days"] else ([], [], [])
    names = ["Then", "The draft", "Rules in force"] if row.of_draft else ["Then", "With these rules"]
    tones = ["neutral", "sales", "marketing"]
    return lines(
        "Load of the busiest rep at the end of each day (UTC), in percent of what they take at once",
        [f"{date.fromisoformat(day):%-d %b}" for day in days],
        [(name, tone, list(load)) for name, tone, load in zip(names, tones, loads, strict=False)],
        head=["Day", *names[: len(loads)]],
        said=lambda value: f"{value:.0f} %",
    )


def _stale(row: RoutingReplay) -> bool:
    """Whether the rules that were tried are others by now."""
    draft = RoutingDraft.objects.first() if row.of_draft else None
    if row.of_draft and draft is None:
        return True
    return bool(service.rules_as_now(draft) != row.rules)


@require_safe
@roles_required("manager")
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of a replay's page; when it has ended, the whole page is fetched once more."""
    row = get_object_or_404(RoutingReplay, pk=pk)
    response = render(request, "handoff/_replay_progress.html", {"row": row})
    if not row.is_running:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@roles_required("manager")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(RoutingReplay, pk=pk)
    try:
        service.replay_cancel(by=request.user, pk=pk)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("handoff:replay", pk)
