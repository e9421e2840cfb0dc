"""Changing many leads from the list: confirm, run, watch, undo."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import screen_now
from core.errors import Refused
from core.models import Leased
from core.rules import whole_read
from leads.models import BulkJob, Standing
from leads.selectors.filters import filter_apply, filter_read
from leads.selectors.words import count_capped, count_said
from leads.services import bulk as service
from team.access import roles_required

NAMED = 5


@roles_required("marketer", "rep", "manager")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """``action``, ``value_<action>``, and either ``scope=all`` with ``query`` or the selected ``lead`` ids.

    Deleting, and anything about all that match, is first shown with the names of those it is about.
    """
    action = request.POST.get("action", "")
    value = request.POST.get("value", "") or request.POST.get(f"value_{action}", "")
    query = request.POST.get("query", "")
    everyone = request.POST.get("scope") == "all"
    ids = [pk for one in request.POST.getlist("lead") if (pk := whole_read(one)) is not None]
    try:
        risky = everyone or action == BulkJob.Action.ERASE
        if risky and not request.POST.get("confirmed"):
            return _confirm(request, action, value, query, None if everyone else ids)
        job = service.bulk_start(
            by=request.user, action=action, value=value, query=query, lead_ids=None if everyone else ids
        )
    except Refused as refusal:
        context = {"refusal": refusal.message, "query": query}
        return render(request, "leads/bulk_refused.html", context, status=422)
    return redirect("leads:bulk_job", pk=job.pk)


def _confirm(request: HttpRequest, action: str, value: str, query: str, ids: list[int] | None) -> HttpResponse:
    said = service.bulk_meaning(by=request.user, action=action, value=value)
    rows: Any
    if ids is None:
        found = filter_read(query, request.user)
        rows = filter_apply(found, request.user, screen_now())
        if found.problems:
            raise Refused(" ".join(found.problems))
    else:
        rows = Standing.objects.visible_to(request.user).filter(pk__in=ids[: service.INLINE])
    count = count_capped(rows)
    if not count:
        raise Refused("Select at least one lead.")
    named = [row.lead for row in rows.select_related("lead").order_by("-score", "-pk")[:NAMED]]
    context = {
        "said": said,
        "action": action,
        "value": value,
        "query": query,
        "ids": ids,
        "named": named,
        "count_said": count_said(count),
        "one": count == 1,
        "more": count - len(named),
        "erases": action == BulkJob.Action.ERASE,
    }
    return render(request, "leads/bulk_confirm.html", context)


def _job(request: HttpRequest, pk: int) -> BulkJob:
    """An own job; a manager also sees what the team did, one without a team and an admin what anybody did."""
    user: Any = request.user
    jobs = BulkJob.objects.select_related("by", "undoes")
    if not (user.is_admin or (user.is_manager and user.team_id is None)):
        team = Q(by__team=user.team_id) if user.is_manager else Q()
        jobs = jobs.filter(Q(by=user) | team)
    return get_object_or_404(jobs, pk=pk)


def _context(request: HttpRequest, job: BulkJob) -> dict[str, Any]:
    undo = BulkJob.objects.filter(undoes=job).first()
    return {
        "job": job,
        "running": job.state == Leased.State.PENDING,
        "undo": undo,
        "can_undo": job.state == Leased.State.DONE
        and job.action not in (BulkJob.Action.ERASE, BulkJob.Action.UNDO)
        and undo is None
        and job.changed > 0,
    }


@roles_required("marketer", "rep", "manager")
@require_safe
def bulk_job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a bulk change is, and its report. htmx asks for the fragment every second while it runs."""
    job = _job(request, pk)
    name = "leads/_bulk_job.html" if request.htmx else "leads/bulk_job.html"  # type: ignore[attr-defined]
    return render(request, name, _context(request, job))


@roles_required("marketer", "rep", "manager")
@require_POST
def bulk_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what a bulk change changed."""
    try:
        undo = service.bulk_undo(job=_job(request, pk), by=request.user)
    except Refused as refusal:
        return render(request, "leads/bulk_refused.html", {"refusal": refusal.message}, status=422)
    return redirect("leads:bulk_job", pk=undo.pk)


@roles_required("marketer", "rep", "manager")
@require_POST
def bulk_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a running bulk change before its next chunk."""
    service.bulk_cancel(job=_job(request, pk))
    return redirect("leads:bulk_job", pk=pk)
