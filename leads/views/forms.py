"""The marketer's forms: list, editor with a live preview, the snippet for another site."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.forms.capture import CaptureFormForm, asked_fields, field_choices
from leads.models import CaptureForm, InboxItem
from leads.services.forms import form_save
from leads.wording import kind_label
from team.access import roles_required


@roles_required("marketer")
@require_safe
def form_list(request: HttpRequest) -> HttpResponse:
    forms = list(CaptureForm.objects.select_related("created_by"))
    sources = [f"form:{form.slug}"[:60] for form in forms]
    counted = dict(
        InboxItem.objects.filter(source__in=sources).values_list("source").annotate(times=Count("pk")).order_by()
    )
    rows = [(form, kind_label(form.activity_kind), counted.get(f"form:{form.slug}"[:60], 0)) for form in forms]
    return render(request, "leads/forms.html", {"rows": rows})


@roles_required("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def form_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, CaptureForm())


@roles_required("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def form_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(CaptureForm, pk=pk))


def _edit(request: HttpRequest, instance: CaptureForm) -> HttpResponse:
    form = CaptureFormForm(request.POST if request.method == "POST" else None, instance=instance)
    if request.method == "POST" and form.is_valid():
        saved = form_save(form.save(commit=False), fields=form.cleaned_data["fields_asked"], by=request.user)
        messages.success(request, f"{saved.name} is saved.")
        return redirect("leads:form_edit", pk=saved.pk)
    context: dict[str, Any] = {"form": form, "capture": instance, **_preview(instance)}
    if instance.pk:
        context["snippet"] = snippet(instance)
        context["address"] = settings.SITE_URL + reverse("leads:public_form", args=[instance.slug])
    return render(request, "leads/form_edit.html", context, status=200 if not form.errors else 422)


def _preview(form: CaptureForm) -> dict[str, Any]:
    names = form.fields if form.pk else form.fields or ["first_name", "last_name", "company"]
    return {"preview": form, "preview_fields": asked_fields(names, {})}


@roles_required("marketer")
@require_POST
def form_preview(request: HttpRequest) -> HttpResponse:
    """The form as it would look, from what stands in the editor; nothing is saved."""
    names = dict(field_choices())
    given = request.POST
    form = CaptureForm(
        **{name: given.get(name, "")[:400] for name in ("name", "headline", "intro", "button")},
        fields=[name for name in given.getlist("fields_asked") if name in names],
    )
    return render(
        request, "leads/_form_preview.html", {"preview": form, "preview_fields": asked_fields(form.fields, {})}
    )


def snippet(form: CaptureForm) -> str:
    """Plain HTML for the company's own page; shown as text, never rendered."""
    from django.utils.html import escape

    address = settings.SITE_URL + reverse("leads:public_form", args=[form.slug])
    lines = [f'<form action="{escape(address)}" method="post">']
    for field in asked_fields(form.fields, {}):
        required = " required" if field["required"] else ""
        name, label = escape(field["name"]), escape(field["label"])
        if field["type"] == "textarea":
            lines.append(f'  <label>{label} <textarea name="{name}"></textarea></label>')
        else:
            kind = field["type"] if field["type"] != "select" else "text"
            lines.append(f'  <label>{label} <input type="{kind}" name="{name}"{required}></label>')
    lines.append('  <label><input type="checkbox" name="consent_email"> You may e-mail me</label>')
    lines += [f"  <button>{escape(form.button)}</button>", "</form>"]
    lines.append(f'<script src="{escape(settings.SITE_URL + reverse("leads:track_script"))}" defer></script>')
    return "\n".join(lines)
