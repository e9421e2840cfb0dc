"""Why sales gives leads back: the coded reasons, what each does to the lead, and how often it was given."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import db_now
from core.pages import act, edit, form_view
from handoff.forms import ReasonForm
from handoff.models import RejectReason
from handoff.rules.decide import COUNT_DAYS
from handoff.selectors import decisions
from handoff.services import reasons as service
from handoff.views.shared import MARKETING, move, toggle
from team.access import roles_required

HOME = "handoff:reasons"


@require_safe
@roles_required(*MARKETING)
def reasons(request: HttpRequest) -> HttpResponse:
    """Why sales gives leads back, and how often each was said; how often leads were passed on without a reject."""
    now = db_now()
    context: dict[str, Any] = {
        "reasons": decisions.reasons_counted(now),
        "passed_on": decisions.passed_on_counts(now),
        "days": COUNT_DAYS,
    }
    return render(request, "handoff/reasons.html", context)


def _reason(request: HttpRequest, row: RejectReason | None) -> HttpResponse:
    form = ReasonForm(request.POST or None, instance=row)

    def save() -> None:
        service.reason_save(by=request.user, reason=row, revision=form.cleaned_data["revision"], values=form.values())

    return edit(request, form, save, "handoff/reason_form.html", HOME, "Saved. It counts from the next reject on.")


@form_view
@roles_required("manager")
def reason_new(request: HttpRequest) -> HttpResponse:
    return _reason(request, None)


@form_view
@roles_required("manager")
def reason_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _reason(request, get_object_or_404(RejectReason, pk=pk))


@require_POST
@roles_required("manager")
def reason_move(request: HttpRequest, pk: int) -> HttpResponse:
    return move(request, RejectReason, pk, HOME)


@require_POST
@roles_required("manager")
def reason_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    return toggle(request, RejectReason, pk, HOME)


@require_POST
@roles_required("manager")
def reason_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Only one that was never given; what was is switched off instead."""
    return act(request, HOME, lambda: service.reason_delete(by=request.user, pk=pk), "Deleted.")
