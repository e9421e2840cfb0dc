"""What the settings pages have in common: a form that is saved, a button that is pressed, and what was refused."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import Conflict, Refused
from handoff.services import settings as service

MARKETING = ("marketer", "manager")
form_view = require_http_methods(["GET", "HEAD", "POST"])


def refused(form: Any, refusal: Refused) -> int:
    """Show the refusal at its field; the status that fits it."""
    if refusal.code == "forbidden":
        raise PermissionDenied(refusal.message)
    field = refusal.field.split(".")[0]
    form.add_error(field if field in form.fields else None, refusal.message)
    return 409 if isinstance(refusal, Conflict) else 422


def edit(
    request: HttpRequest, form: Any, save: Callable[[], Any], template: str, home: str, said: str
) -> HttpResponse:
    """Show a form, or save it and go home; refusals are shown at their field."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save()
            except Refused as refusal:
                status = refused(form, refusal)
            else:
                messages.success(request, said)
                return redirect(home)
    return render(request, template, {"form": form, "row": form.instance}, status=status)


def act(request: HttpRequest, home: str, run: Callable[[], Any], said: str = "") -> HttpResponse:
    """Do it and go back to the list; a refusal is said there."""
    try:
        run()
    except Refused as refusal:
        if refusal.code == "missing":
            raise Http404 from None
        if refusal.code == "forbidden":
            raise PermissionDenied(refusal.message) from None
        messages.error(request, refusal.message)
    else:
        if said:
            messages.success(request, said)
    return redirect(home)


def move(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    """POST ``to``: one place up or down in its list."""
    up = request.POST.get("to") != "down"
    return act(request, home, lambda: service.row_move(by=request.user, model=model, pk=pk, up=up))


def toggle(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    active = request.POST.get("active") == "1"
    return act(request, home, lambda: service.row_toggle(by=request.user, model=model, pk=pk, active=active))
