"""The MQL policies: the list in order, and one of them with what it would do."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import db_now
from core.errors import Refused
from core.pages import act, form_view, refuse
from handoff.forms import PolicyForm
from handoff.models import MqlPolicy
from handoff.selectors import policies as reading
from handoff.selectors.policy_words import sentences
from handoff.services import policies as service
from handoff.views.shared import MARKETING
from leads.conditions import condition_sentence
from team.access import roles_required

HOME = "handoff:policy"


@require_safe
@roles_required(*MARKETING)
def policy_list(request: HttpRequest) -> HttpResponse:
    """The policies in order, each with what it lets through."""
    now = db_now()
    rows = reading.listed()
    records, lines = reading.records(request.user, now), reading.lines(rows, now)
    for row in rows:
        one: Any = row
        one.segment = condition_sentence(row.condition)
        one.said = sentences(row)
        one.record, one.line = records.get(row.pk), lines.get(row.pk)
        one.counted = service.policy_count(row, request.user, now) if row.is_active else None
    changes = reading.changes()
    return render(request, "handoff/policy_list.html", {"policies": rows, "changes": changes})


def _policy(request: HttpRequest, row: MqlPolicy | None) -> HttpResponse:
    """POST with ``preview`` only counts who would pass."""
    form = PolicyForm(request.POST or None, instance=MqlPolicy.objects.get(pk=row.pk) if row else None)
    if "preview" in request.POST:
        return _preview(request, form, row)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _save(request, form, row)
            except Refused as refusal:
                status = refuse(form, refusal)
                form.ask_sure = refusal.code == "confirm"  # type: ignore[attr-defined]
            else:
                messages.success(request, "Saved. Leads over the bar are handed off within seconds.")
                return redirect(HOME)
    context: dict[str, Any] = {"form": form, "policy": row}
    if row:
        context["changes"] = reading.changes(row)
        if request.method != "POST":
            context["counted"] = service.policy_count(row, request.user, db_now())
    return render(request, "handoff/policy.html", context, status=status)


def _save(request: HttpRequest, form: PolicyForm, row: MqlPolicy | None) -> None:
    service.policy_save(
        by=request.user,
        policy=row,
        revision=form.cleaned_data["revision"],
        values=form.values(),
        sure=form.cleaned_data["sure"],
    )


def _preview(request: HttpRequest, form: PolicyForm, row: MqlPolicy | None) -> HttpResponse:
    """The count alone for htmx; without it the page again, with what was typed and its count."""
    form.is_valid()
    needed = ("condition", "score", "grades", "required", "instant_kinds", "instant_days")
    counted: dict[str, Any] = {"errors": [text for name in needed for text in form.errors.get(name, [])]}
    if not counted["errors"]:
        counted["counted"] = service.policy_count(_typed(form, row), request.user, db_now())
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "handoff/_policy_count.html", counted)
    return render(request, "handoff/policy.html", {"form": form, "policy": row, **counted})


def _typed(form: PolicyForm, row: MqlPolicy | None) -> MqlPolicy:
    """The policy as it would be; what is wrong in other fields does not matter for the count."""
    fields = {name: value for name, value in form.cleaned_data.items() if name not in ("revision", "sure")}
    kept = {"pk": row.pk, "is_default": row.is_default, "position": row.position} if row else {"position": -1}
    return MqlPolicy(**{**fields, **kept})


@form_view
@roles_required(*MARKETING)
def policy_new(request: HttpRequest) -> HttpResponse:
    return _policy(request, None)


@form_view
@roles_required(*MARKETING)
def policy_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _policy(request, get_object_or_404(MqlPolicy, pk=pk))


@require_POST
@roles_required(*MARKETING)
def policy_move(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``to``: up or down."""
    up = request.POST.get("to") != "down"
    return act(request, HOME, lambda: service.policy_move(by=request.user, pk=pk, up=up))


@require_POST
@roles_required(*MARKETING)
def policy_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    active = request.POST.get("active") == "1"
    return act(request, HOME, lambda: service.policy_toggle(by=request.user, pk=pk, active=active))


@require_POST
@roles_required(*MARKETING)
def policy_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return act(request, HOME, lambda: service.policy_delete(by=request.user, pk=pk), "Deleted.")
