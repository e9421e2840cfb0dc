"""Taking a decision back, and passing a lead on: back to routing, or over from a colleague who is away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from core.clock import db_now
from core.errors import Refused
from core.pages import status_of
from handoff import services
from handoff.selectors import decisions
from handoff.views.handoffs import decide
from team.access import roles_required


@require_POST
@roles_required("rep", "manager")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the accept or reject back."""
    return decide(
        request,
        pk,
        lambda: services.handoff_undo(handoff_id=pk, by=request.user),
        "{lead} waits for a decision again.",
    )


@require_POST
@roles_required("rep", "manager")
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """ "Not mine": POST ``why``. Routing finds somebody else."""
    why = request.POST.get("why", "")
    return decide(
        request,
        pk,
        lambda: services.handoff_give_back(handoff_id=pk, by=request.user, why=why),
        "{lead} goes to somebody else.",
    )


@require_safe
@roles_required("rep")
def team(request: HttpRequest) -> HttpResponse:
    """What waits with colleagues of the own team who are away or late, to be taken over."""
    now = db_now()
    context = {"rows": decisions.takeable(request.user, now), "now": now}
    template = "handoff/_team_rows.html" if getattr(request, "htmx", None) else "handoff/team.html"
    return render(request, template, context)


@require_POST
@roles_required("rep")
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        made = services.handoff_take_over(handoff_id=pk, by=request.user)
    except Refused as refusal:
        if refusal.code == "missing":
            raise Http404 from None
        now = db_now()
        context = {"rows": decisions.takeable(request.user, now), "now": now, "error": refusal.message}
        if getattr(request, "htmx", None):
            return render(request, "handoff/_team_rows.html", context)
        return render(request, "handoff/team.html", context, status=status_of(refusal))
    if getattr(request, "htmx", None):
        now = db_now()
        context = {"rows": decisions.takeable(request.user, now), "now": now}
        response = render(request, "handoff/_team_rows.html", context)
        told = {"text": f"{made.lead.name} is yours now.", "open": reverse("desk:lead", args=[made.lead_id])}
        trigger_client_event(response, "toast", told)
        trigger_client_event(response, "handoff-changed")
        return response
    messages.success(request, f"{made.lead.name} is yours now.")
    return redirect("desk:lead", pk=made.lead_id)
