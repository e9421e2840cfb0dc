"""What a rep may say first: managers keep the sentences."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from core.pages import act, edit, form_view
from handoff.forms import OpenerForm
from handoff.models import Opener
from handoff.services import openers as service
from handoff.views.shared import MARKETING, move, toggle
from leads.conditions import condition_sentence
from team.access import roles_required

HOME = "handoff:openers"


@require_safe
@roles_required(*MARKETING)
def openers(request: HttpRequest) -> HttpResponse:
    """The openers, in order: the first that fits a lead is shown to its rep."""
    rows = list(Opener.objects.all())
    for row in rows:
        one: Any = row
        one.sentence = condition_sentence(row.condition)
    return render(request, "handoff/openers.html", {"openers": rows})


def _opener(request: HttpRequest, row: Opener | None) -> HttpResponse:
    form = OpenerForm(request.POST or None, instance=row)

    def save() -> None:
        service.opener_save(by=request.user, opener=row, revision=form.cleaned_data["revision"], values=form.values())

    return edit(request, form, save, "handoff/opener_form.html", HOME, "Saved.")


@form_view
@roles_required("manager")
def opener_new(request: HttpRequest) -> HttpResponse:
    return _opener(request, None)


@form_view
@roles_required("manager")
def opener_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _opener(request, get_object_or_404(Opener, pk=pk))


@require_POST
@roles_required("manager")
def opener_move(request: HttpRequest, pk: int) -> HttpResponse:
    return move(request, Opener, pk, HOME)


@require_POST
@roles_required("manager")
def opener_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    return toggle(request, Opener, pk, HOME)


@require_POST
@roles_required("manager")
def opener_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return act(request, HOME, lambda: service.opener_delete(by=request.user, pk=pk), "Deleted.")
