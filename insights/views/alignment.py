"""One week that marketing and sales look at together, and what they decide then."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.clock import db_now
from core.errors import Refused
from core.pages import edit, form_view, refuse
from insights.boards import alignment as board
from insights.boards.links import WeekLinks
from insights.forms import DecisionForm, WeeksForm
from insights.models import Decision
from insights.rules.weeks import WEEK, Weeks, monday_of, week_name, week_parse
from insights.selectors import contract_now, terms_of
from insights.services import decisions
from team.access import roles_required
from team.rules import zone_get

READERS = ("manager", "marketer", "rep")
WRITERS = ("manager", "marketer")


@roles_required(*READERS)
@require_safe
def last(request: HttpRequest) -> HttpResponse:
    """The last week that is over."""
    monday = monday_of(db_now(), zone_get(contract_now().time_zone)) - WEEK
    return redirect("insights:alignment", week_name(monday))


def _monday(name: str, newest: date) -> date:
    """Of a week that has begun; else there is no such page."""
    monday = week_parse(name)
    if monday is None or monday > newest:
        raise Http404("No such week.")
    return monday


@roles_required(*READERS)
@require_safe
def week(request: HttpRequest, name: str) -> HttpResponse:
    return _sheet(request, name, DecisionForm())


def _sheet(request: HttpRequest, name: str, form: DecisionForm, status: int = 200) -> HttpResponse:
    held = contract_now()
    scope = WeeksForm(request.GET).scope(request.user, held)
    period: Any = scope.period
    newest = monday_of(scope.now, period.zone)
    monday = _monday(name, newest)
    scope = scope.over(Weeks.of(monday, period.zone))
    filters = {"team": scope.team} if scope.team else {}
    user: Any = request.user
    context = board.sheet(scope, monday, terms_of(), WeekLinks(filters)) | {
        "scope": scope,
        "contract": held,
        "form": form,
        "may": user.has_role(*WRITERS),
        "running": monday == newest,
        "today": scope.now.astimezone(period.zone).date(),
        "team_query": f"?team={scope.team}" if scope.team else "",
        "previous": week_name(monday - WEEK),
        "next": week_name(monday + WEEK) if monday < newest else "",
    }
    return render(request, "insights/alignment.html", context, status=status)


@roles_required(*WRITERS)
@require_POST
def note(request: HttpRequest, name: str) -> HttpResponse:
    """Note a decision of that week."""
    monday = _monday(name, monday_of(db_now(), zone_get(contract_now().time_zone)))
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _sheet(request, name, form, 422)
    try:
        decisions.decision_note(by=request.user, monday=monday, **_given(form))
    except Refused as refusal:
        return _sheet(request, name, form, refuse(form, refusal))
    messages.success(request, "Noted.")
    return redirect("insights:alignment", name)


def _given(form: DecisionForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("text", "owner", "due")}


@roles_required(*WRITERS)
@form_view
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a decision; of two who do, the second is told."""
    row = get_object_or_404(Decision, pk=pk)
    initial = {"text": row.text, "owner": row.owner_id, "due": row.due, "revision": row.revision}
    form = DecisionForm(request.POST or None, initial=initial)

    def save() -> None:
        revision = form.cleaned_data["revision"] or 0
        decisions.decision_change(by=request.user, decision=row, revision=revision, **_given(form))

    week = week_name(row.monday)
    home = reverse("insights:alignment", args=[week])
    return edit(request, form, save, "insights/decision.html", home, "Saved.", row=row, name=week)


@roles_required(*WRITERS)
@require_POST
def decision_done(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Decision, pk=pk)
    decisions.decision_done(by=request.user, decision=row, done=request.POST.get("done") == "1")
    return _back(request, row)


@roles_required(*WRITERS)
@require_POST
def decision_remove(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Decision, pk=pk)
    decisions.decision_remove(by=request.user, decision=row)
    messages.success(request, "Removed.")
    return _back(request, row)


def _back(request: HttpRequest, row: Decision) -> HttpResponse:
    """To the week it was ticked off on, which may be a later one than its own."""
    monday = week_parse(request.POST.get("week", ""))
    return redirect("insights:alignment", week_name(monday or row.monday))
