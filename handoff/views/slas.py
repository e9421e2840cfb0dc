"""How soon a rep must answer: the policies in order, an example that counts it out, the clocks that run."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import db_now
from core.pages import edit, form_view
from handoff.forms import ExampleForm, SlaForm
from handoff.models import SlaPolicy
from handoff.selectors import promises
from handoff.services import sla_settings as service
from handoff.views.shared import MARKETING, move, toggle
from team.access import roles_required

HOME = "handoff:sla"


@require_safe
@roles_required(*MARKETING)
def sla(request: HttpRequest) -> HttpResponse:
    """The response times, in order. ``policy``, ``rep`` and ``at`` choose the example; htmx gets that alone."""
    rows = promises.policies_listed()
    context = _example(request, rows)
    if getattr(request, "htmx", None):
        return render(request, "handoff/_sla_example.html", context)
    running, older = service.running_counts()
    return render(request, "handoff/sla.html", {"policies": rows, "running": running, "older": older, **context})


def _example(request: HttpRequest, rows: list[SlaPolicy]) -> dict[str, Any]:
    reps = promises.example_reps(request.user)
    if not reps or not rows:
        return {}
    given = {name: request.GET[name] for name in ("policy", "rep", "at") if request.GET.get(name)}
    usual = promises.example_usual(rows, reps, db_now())
    form = ExampleForm({**usual, **given}, policies=rows, reps=reps)
    asked = form.asked()
    return {"example_form": form, "example": promises.example_of(*asked) if asked else None}


def _sla(request: HttpRequest, row: SlaPolicy | None) -> HttpResponse:
    form = SlaForm(request.POST or None, instance=row)

    def save() -> None:
        service.sla_save(by=request.user, policy=row, revision=form.cleaned_data["revision"], values=form.values())

    said = "Saved. It counts from the next lead on; clocks that run keep theirs."
    return edit(request, form, save, "handoff/sla_form.html", HOME, said)


@form_view
@roles_required("manager")
def sla_new(request: HttpRequest) -> HttpResponse:
    return _sla(request, None)


@form_view
@roles_required("manager")
def sla_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _sla(request, get_object_or_404(SlaPolicy, pk=pk))


@require_POST
@roles_required("manager")
def sla_move(request: HttpRequest, pk: int) -> HttpResponse:
    return move(request, SlaPolicy, pk, HOME)


@require_POST
@roles_required("manager")
def sla_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    return toggle(request, SlaPolicy, pk, HOME)


@require_POST
@roles_required("manager")
def sla_renew(request: HttpRequest) -> HttpResponse:
    """Today's terms for the clocks that run."""
    changed = service.running_renew(by=request.user)
    said = f"{changed:,} running clock{'s' if changed != 1 else ''} changed." if changed else "No clock changed."
    messages.success(request, said)
    return redirect(HOME)
