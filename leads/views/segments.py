"""Segments: saved conditions and saved filters."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clock import screen_now
from core.errors import Refused
from core.pages import refuse
from core.rules import whole_read
from leads.conditions import condition_sentence
from leads.forms.settings import SegmentForm
from leads.models import Segment, Standing
from leads.selectors.filters import LeadFilter, filter_read, segment_q, segments_visible
from leads.selectors.words import count_capped, count_said
from leads.services import settings as service
from team.access import roles_required

SHOWN = 100


def _count(segment: Segment, user: Any) -> str:
    problems: list[str] = []
    kept: Q = segment_q(segment, user, screen_now(), problems)
    return "?" if problems else count_said(count_capped(Standing.objects.visible_to(user).filter(kept)))


@roles_required("marketer", "rep", "manager")
@require_safe
def segment_list(request: HttpRequest) -> HttpResponse:
    """The person's segments and the shared ones. Each count is asked for by its row (``count=<pk>``)."""
    user: Any = request.user
    visible = segments_visible(user)
    asked = whole_read(request.GET.get("count", ""))
    if asked is not None:
        return HttpResponse(_count(get_object_or_404(visible, pk=asked), user))
    rows = [
        {
            "segment": one,
            "sentence": condition_sentence(one.condition) if one.condition else "",
            "query": filter_said(filter_read(one.query, user)),
            "mine": service.segment_may_edit(one, user),
        }
        for one in visible[:SHOWN]
    ]
    return render(request, "leads/segments.html", {"rows": rows})


def filter_said(found: LeadFilter) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.values.items())


@roles_required("marketer", "rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    """A new segment: from the builder, from the list's filters (the address' query), or both."""
    return _form(request, None, _from_list(request))


def _from_list(request: HttpRequest) -> dict[str, Any]:
    found = filter_read(request.GET, request.user)
    initial: dict[str, Any] = {"condition": {}, "query": ""}
    if found.segment is not None:
        merged = QueryDict(found.segment.query, mutable=True)
        merged.update(found.values)
        initial["condition"] = found.segment.condition
        found.values = {name: str(merged[name]) for name in merged if name not in ("segment", "sort")}
    initial["query"] = found.query()
    return initial


@roles_required("marketer", "rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an own segment."""
    row = get_object_or_404(segments_visible(request.user), pk=pk)
    if not service.segment_may_edit(row, request.user):
        return render(request, "leads/bulk_refused.html", {"refusal": f"{row} belongs to {row.owner}."}, status=403)
    initial = {"name": row.name, "condition": row.condition, "query": row.query, "shared": row.shared}
    return _form(request, row, initial)


def _form(request: HttpRequest, row: Segment | None, initial: dict[str, Any]) -> HttpResponse:
    form = SegmentForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = service.segment_save(by=request.user, segment=row, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{saved} was saved.")
            return redirect("leads:segments")
    query = form["query"].value() or ""
    context = {"form": form, "segment": row, "filters": filter_said(filter_read(query, request.user))}
    return render(request, "leads/segment_edit.html", context, status=422 if form.errors else 200)


@roles_required("marketer", "rep", "manager")
@require_POST
def segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an own segment; the leads stay."""
    row = get_object_or_404(segments_visible(request.user), pk=pk)
    try:
        service.segment_remove(segment=row, by=request.user)
    except Refused as refusal:
        return render(request, "leads/bulk_refused.html", {"refusal": refusal.message}, status=403)
    messages.success(request, f"{row.name} was deleted. The leads are untouched.")
    return redirect("leads:segments")
