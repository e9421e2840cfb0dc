"""The stages page: where managers change the floor plan."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.errors import Conflict, Refused
from core.pages import refuse
from funnels import services
from funnels.forms import FunnelForm, PipelineForm, RemoveForm, RevisionForm, ShiftForm, StageAddForm, StageForm
from funnels.models import Funnel, Stage
from funnels.selectors.settings import plan
from team.access import roles_required

Act = Callable[[], str]


def _page(request: HttpRequest, *, open_stage: int = 0, form: Form | None = None, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"plan": plan(), "open_stage": open_stage, "pipeline_form": PipelineForm()}
    for part in context["plan"]:
        for row in part.rows:
            ours = open_stage == row.stage.pk
            row.form = form if ours and isinstance(form, StageForm) else StageForm(stage=row.stage)
            row.remove = form if ours and isinstance(form, RemoveForm) else None
            if row.remove is None and row.inside and row.stage.is_open:
                row.remove = RemoveForm(stage=row.stage)
    return render(request, "funnels/stages.html", context, status=status)


@roles_required("manager")
@require_safe
def stages(request: HttpRequest) -> HttpResponse:
    """The three funnels with their stages, and how many are in each."""
    return _page(request)


def _stage(pk: int) -> Stage:
    return get_object_or_404(Stage.objects.select_related("funnel"), pk=pk)


def _do(request: HttpRequest, form: Form, act: Act, *, stage: int = 0) -> HttpResponse:
    """Run a change; a refusal is shown at its field, a conflict on the page as it is now."""
    if not form.is_valid():
        return _page(request, open_stage=stage, form=form, status=422)
    try:
        messages.success(request, act())
    except Conflict as conflict:
        messages.error(request, conflict.message)
        return _page(request, status=409)
    except Refused as refusal:
        refuse(form, refusal)
        if not isinstance(form, StageForm | RemoveForm):
            messages.error(request, refusal.message)
        return _page(request, open_stage=stage, form=form, status=422)
    return redirect("funnels:stages")


@roles_required("manager")
@require_POST
def stage_edit(request: HttpRequest, pk: int) -> HttpResponse:
    stage = _stage(pk)
    form = StageForm(request.POST, stage=stage)
    return _do(request, form, lambda: f"{services.stage_save(stage=stage, **form.cleaned_data)} is saved.", stage=pk)


@roles_required("manager")
@require_POST
def stage_shift(request: HttpRequest, pk: int) -> HttpResponse:
    stage, form = _stage(pk), ShiftForm(request.POST)

    def act() -> str:
        services.stage_shift(stage=stage, **form.cleaned_data)
        return f"{stage} is moved."

    return _do(request, form, act)


@roles_required("manager")
@require_POST
def stage_add(request: HttpRequest, pk: int) -> HttpResponse:
    funnel, form = get_object_or_404(Funnel, pk=pk), StageAddForm(request.POST)
    return _do(request, form, lambda: f"{services.stage_add(funnel=funnel, **form.cleaned_data)} is added.")


@roles_required("manager")
@require_POST
def stage_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of use; those inside move to the chosen stage."""
    stage = _stage(pk)
    form = RemoveForm(request.POST, stage=stage)

    def act() -> str:
        left = services.stage_deactivate(stage=stage, by=request.user, **form.cleaned_data)
        more = f" {left} are still inside: remove it again to move the rest." if left else ""
        return f"{stage} is out of use.{more}"

    return _do(request, form, act, stage=pk)


@roles_required("manager")
@require_POST
def stage_restore(request: HttpRequest, pk: int) -> HttpResponse:
    stage, form = _stage(pk), RevisionForm(request.POST)

    def act() -> str:
        services.stage_activate(stage=stage, **form.cleaned_data)
        return f"{stage} is in use again."

    return _do(request, form, act)


@roles_required("manager")
@require_POST
def funnel_rename(request: HttpRequest, pk: int) -> HttpResponse:
    funnel, form = get_object_or_404(Funnel, pk=pk), FunnelForm(request.POST)
    return _do(request, form, lambda: f"{services.funnel_rename(funnel=funnel, **form.cleaned_data)} is renamed.")


@roles_required("manager")
@require_POST
def pipeline_add(request: HttpRequest) -> HttpResponse:
    form = PipelineForm(request.POST)
    return _do(request, form, lambda: f"{services.pipeline_add(**form.cleaned_data)} is added.")


@roles_required("manager")
@require_POST
def pipeline_default(request: HttpRequest, pk: int) -> HttpResponse:
    funnel, form = get_object_or_404(Funnel, pk=pk), RevisionForm(request.POST)

    def act() -> str:
        services.pipeline_make_default(funnel=funnel, **form.cleaned_data)
        return f"Handoffs open their deals in {funnel} now."

    return _do(request, form, act)
