"""The pages of the model in shadow: begun, watched beside the active one, ended."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refused
from scoring import services
from scoring.models import ScoringModel
from scoring.selectors import active_model
from scoring.selectors import shadow as selectors
from scoring.selectors.desk import pass_newest
from team.access import roles_required

WHO = ("marketer", "manager")


@require_safe
@roles_required(*WHO)
def shadow(request: HttpRequest) -> HttpResponse:
    """Where the model in shadow differs from the active one; what it finds is fetched after the page."""
    context = {"model": selectors.shadow_model(), "active": active_model(), "newest": pass_newest()}
    return render(request, "scoring/shadow.html", context)


@require_safe
@roles_required(*WHO)
def differences(request: HttpRequest) -> HttpResponse:
    model = selectors.shadow_model()
    found = selectors.difference(model, request.user) if model else None
    return render(request, "scoring/_shadow.html", {"model": model, "active": active_model(), "found": found})


@require_POST
@roles_required(*WHO)
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(ScoringModel, pk=pk)
    try:
        made = services.shadow_begin(model_id=pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("scoring:model", pk)
    messages.success(
        request, f"Version {made.version} is in shadow: scored beside the active model, and nothing acts."
    )
    return redirect("scoring:shadow")


@require_POST
@roles_required(*WHO)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(ScoringModel, pk=pk)
    try:
        services.shadow_end(model_id=pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("scoring:model", pk)
