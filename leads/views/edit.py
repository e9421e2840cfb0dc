"""One lead: add, change, tag, merge with another, erase."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refused
from core.pages import refuse
from core.rules import whole_read
from leads import rules
from leads.forms.lead import LeadForm
from leads.models import Lead
from leads.selectors.search import people_search
from leads.services import editing, erase, merge
from team.access import roles_required


def _lead(request: HttpRequest, pk: int) -> Lead:
    return get_object_or_404(Lead.objects.visible_to(request.user).select_related("company"), pk=pk)


def _duplicate(request: HttpRequest, form: LeadForm, refusal: Refused) -> dict[str, Any]:
    if refusal.code != editing.DUPLICATE:
        return {}
    key = rules.email_normalise(form.data.get("email", ""))
    known = Lead.objects.visible_to(request.user).filter(email_key=key).first()
    return {"known": known, "known_url": known.get_absolute_url() if known else ""}


def _show(request: HttpRequest, form: LeadForm, **more: Any) -> HttpResponse:
    context = {"form": form, "lead": form.lead, **more}
    if form.lead is not None:
        context["lead_url"] = form.lead.get_absolute_url()
    return render(request, "leads/edit.html", context, status=422 if form.errors else 200)


@roles_required("marketer", "rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def lead_new(request: HttpRequest) -> HttpResponse:
    """Add a lead by hand; a known e-mail is refused with a link to who has it."""
    form = LeadForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, form)
    asked = form.cleaned_data
    try:
        lead = editing.lead_create(
            by=request.user,
            email=asked["email"],
            fields=form.facts,
            custom={key: value for key, value in form.custom_values.items() if value is not None},
            company=asked["company"],
            source=asked["source"],
            consent=asked["consent"],
            tags=form.tag_names,
        )
    except Refused as refusal:
        refuse(form, refusal)
        return _show(request, form, **_duplicate(request, form, refusal))
    messages.success(request, f"{lead} was added.")
    return redirect(lead.get_absolute_url())


@roles_required("marketer", "rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def lead_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a lead that one may see."""
    lead = _lead(request, pk)
    form = LeadForm(request.POST if request.method == "POST" else None, lead=lead)
    user: Any = request.user
    more: dict[str, Any] = {"can_erase": user.has_role("manager"), "can_merge": user.has_role("manager", "marketer")}
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, **more)
    asked = form.cleaned_data
    try:
        editing.lead_update(
            lead=lead,
            email=asked["email"],
            fields=form.facts,
            custom=form.custom_values,
            company=asked["company"],
            consent=asked["consent"],
            tags=form.tag_names,
        )
    except Refused as refusal:
        refuse(form, refusal)
        lead.refresh_from_db()
        return _show(request, form, **more, **_duplicate(request, form, refusal))
    messages.success(request, f"{lead} was saved.")
    return redirect(lead.get_absolute_url())


@roles_required("marketer", "rep", "manager")
@require_POST
def lead_tags(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the tags (``tags``, with commas between); answers with the fragment that shows them."""
    lead = _lead(request, pk)
    names = [name for one in request.POST.get("tags", "").split(",") if (name := one.strip())]
    error = ""
    try:
        editing.tags_set(lead=lead, names=names)
    except Refused as refusal:
        error = refusal.message
    context = {"lead": lead, "tags": lead.tags.all(), "error": error}
    return render(request, "leads/_tags.html", context, status=422 if error else 200)


@roles_required("manager")
@require_http_methods(["GET", "HEAD", "POST"])
def lead_erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase a person, after a page that names them."""
    lead = _lead(request, pk)
    if request.method == "POST":
        name = str(lead)
        erase.leads_erase(lead_ids=[lead.pk], by=request.user)
        messages.success(request, f"{name} was erased.")
        return redirect("leads:list")
    return render(request, "leads/erase.html", {"lead": lead, "lead_url": lead.get_absolute_url()})


@roles_required("manager", "marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def lead_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the other record of the same person (``q``), compare (``with``), merge it into this one (POST)."""
    keep = _lead(request, pk)
    data = request.POST if request.method == "POST" else request.GET
    others = Lead.objects.visible_to(request.user).exclude(pk=pk).select_related("company", "standing__stage")
    other = others.filter(pk=whole_read(data.get("with", "")) or 0).first()
    q = request.GET.get("q", "")
    context: dict[str, Any] = {"keep": keep, "other": other, "q": q, "lead_url": keep.get_absolute_url(), "error": ""}
    if request.method == "POST" and other is not None:
        try:
            merge.lead_merge(keep=keep, lose=other, by=request.user)
        except Refused as refusal:
            context["error"] = refusal.message
        else:
            messages.success(request, f"{other} was merged into {keep}.")
            return redirect(keep.get_absolute_url())
    elif request.method == "POST":
        context["error"] = "The other record is gone: it was merged or erased meanwhile."
    q = q or keep.last_name
    context["found"] = others.filter(pk__in=people_search(q))[:10] if q else []
    return render(request, "leads/merge.html", context, status=422 if context["error"] else 200)
