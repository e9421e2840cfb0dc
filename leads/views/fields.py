"""Custom fields of leads, for admins."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refused
from core.pages import refuse
from leads.forms.settings import CustomFieldForm
from leads.models import CustomField
from leads.services import settings as service
from team.access import roles_required


@roles_required("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def field_list(request: HttpRequest) -> HttpResponse:
    """All custom fields, and a form for another."""
    return _form(request, None)


@roles_required("admin")
@require_http_methods(["GET", "HEAD", "POST"])
def field_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a field's label, choices and place; its key and type stay."""
    return _form(request, get_object_or_404(CustomField, pk=pk))


def _form(request: HttpRequest, row: CustomField | None) -> HttpResponse:
    initial: dict[str, Any] = {}
    if row is not None:
        initial = {"label": row.label, "choices": "\n".join(map(str, row.choices)), "position": row.position}
    form = CustomFieldForm(request.POST if request.method == "POST" else None, field=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        asked = {"key": "", "type": "", **form.cleaned_data}
        try:
            saved = service.field_save(field=row, **asked)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{saved} was saved.")
            return redirect("leads:fields")
    context = {"form": form, "field": row, "fields": CustomField.objects.all()}
    return render(request, "leads/fields.html", context, status=422 if form.errors else 200)


@roles_required("admin")
@require_POST
def field_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop asking for a field. Values that leads have stay in their records; exports no longer show them."""
    row = get_object_or_404(CustomField, pk=pk)
    try:
        service.field_delete(row)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{row.label} is no longer asked for.")
    return redirect("leads:fields")
