"""The pages of the bar and response times (routing: ``views.routing``)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core.clock import db_now
from core.errors import Refused
from handoff import selectors
from handoff.forms import PolicyForm
from handoff.services import settings as service
from handoff.views.shared import MARKETING, form_view
from handoff.views.shared import act as _act
from handoff.views.shared import refused as _refused
from team.access import roles_required


@form_view
@roles_required(*MARKETING)
def policy(request: HttpRequest) -> HttpResponse:
    """The MQL bar. POST with ``preview`` only counts who would pass."""
    current = selectors.policy_current()
    form = PolicyForm(request.POST or None, instance=current)
    if "preview" in request.POST:
        return _preview(request, form)
    status = 200
    if request.method == "POST":
        valid = form.is_valid()
        status = 422
        if valid:
            try:
                service.policy_save(
                    by=request.user,
                    revision=form.cleaned_data["revision"],
                    values=form.values(),
                    sure=form.cleaned_data["sure"],
                )
            except Refused as refusal:
                status = _refused(form, refusal)
                form.ask_sure = refusal.code == "confirm"  # type: ignore[attr-defined]
            else:
                messages.success(request, "Saved. Leads over the bar are handed off within seconds.")
                return redirect("handoff:policy")
    context: dict[str, Any] = {"form": form, "policy": selectors.policy_current()}
    if request.method != "POST":
        values = {"score": current.score, "grades": current.grades, "required": current.required}
        passing, total = service.policy_count(values, request.user, db_now())
        context |= {"passing": passing, "total": total}
    return render(request, "handoff/policy.html", context, status=status)


def _preview(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """The count alone for htmx; without it the page again, with what was typed and its count."""
    form.is_valid()
    counted = _counted(request, form)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "handoff/_policy_count.html", counted)
    return render(request, "handoff/policy.html", {"form": form, "policy": selectors.policy_current(), **counted})


def _counted(request: HttpRequest, form: PolicyForm) -> dict[str, Any]:
    needed = ("score", "grades", "required")
    if any(name in form.errors for name in needed):
        return {"errors": [text for name in needed for text in form.errors.get(name, [])]}
    passing, total = service.policy_count(form.cleaned_data, request.user, db_now())
    return {"passing": passing, "total": total}


def _move(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    up = request.POST.get("to") != "down"
    return _act(request, home, lambda: service.row_move(by=request.user, model=model, pk=pk, up=up))


def _toggle(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    active = request.POST.get("active") == "1"
    return _act(request, home, lambda: service.row_toggle(by=request.user, model=model, pk=pk, active=active))
