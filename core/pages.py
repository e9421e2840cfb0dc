"""What pages with forms have in common: a form is saved, a button pressed, and a refusal is said where it belongs."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import Conflict, Refused

form_view = require_http_methods(["GET", "HEAD", "POST"])


def status_of(refusal: Refused) -> int:
    """The HTTP status of a page that says it."""
    return 409 if isinstance(refusal, Conflict) else 422


def refuse(form: Any, refusal: Refused) -> int:
    """Say the refusal at the form's field, or above the form when it has none such; the status that fits it. Raises
    PermissionDenied for what the person may not do at all."""
    if refusal.code == "forbidden":
        raise PermissionDenied(refusal.message)
    field = refusal.field.split(".")[0]
    form.add_error(field if field in form.fields else None, refusal.message)
    return status_of(refusal)


def edit(
    request: HttpRequest, form: Any, save: Callable[[], Any], template: str, home: str, said: str, **context: Any
) -> HttpResponse:
    """Show a form, or save it and go home; refusals are shown at their field. ``row`` is what the form is about."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save()
            except Refused as refusal:
                status = refuse(form, refusal)
            else:
                messages.success(request, said)
                return redirect(home)
    context.setdefault("row", getattr(form, "instance", None))
    return render(request, template, {"form": form, **context}, status=status)


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
