"""Giving one person's work to others: choose, look what it would do, do it, watch."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clock import db_now
from core.errors import Refused
from core.models import Leased
from core.pages import refuse
from core.rules import whole_read
from desk.models import Relief
from desk.selectors import relief as selectors
from desk.services import relief as service
from handoff.selectors import may_manage
from team.access import roles_required
from team.models import User

ROUTING = "routing"


class ReliefForm(forms.Form):
    """To whom, what, and why."""

    to = forms.ChoiceField(label="To whom")
    kinds = forms.MultipleChoiceField(
        label="What", choices=Relief.Kind.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    why = forms.CharField(
        label="Why", max_length=80, required=False, help_text="Colleagues and the leads' pages say it."
    )
    leaving = forms.BooleanField(label="Then deactivate the person", required=False)

    def __init__(self, *args: Any, job: Relief, by: Any, counts: list[tuple[str, str, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job = job
        kinds: Any = self.fields["kinds"]
        kinds.choices = [(kind, f"{label}: {number:,}") for kind, label, number in counts]
        mates = User.objects.filter(is_active=True, is_rep=True).exclude(pk=job.rep_id or 0).select_related("team")
        to: Any = self.fields["to"]
        people = [(str(one.pk), f"{one.name}, {one.team}" if one.team else one.name) for one in mates]
        to.choices = [("", "Choose"), (ROUTING, "Back to routing"), *people]
        if job.rep is None:
            del self.fields["kinds"]
        if job.rep is None or not by.is_admin or not job.rep.is_active:
            del self.fields["leaving"]

    def filled(self) -> Relief:
        """The job as it was asked for, not saved."""
        data, job = self.cleaned_data, self.job
        job.to = None if data["to"] == ROUTING else User.objects.get(pk=int(data["to"]))
        wanted = data.get("kinds", list(selectors.OF_HANDOFFS))
        job.kinds = [kind for kind in Relief.Kind.values if kind in wanted]
        job.why, job.leaving = data["why"], data.get("leaving", False)
        return job


def _asked(request: HttpRequest) -> Relief:
    """About whom or what: ``rep``, or the chosen ``handoff`` ids."""
    by: Any = request.user
    given = request.POST if request.method == "POST" else request.GET
    rep = given.get("rep", "")
    if rep:
        found = get_object_or_404(User, pk=whole_read(rep) or 0)
        if not may_manage(by, found):
            raise PermissionDenied
        return Relief(by=by, rep=found)
    ids = selectors.selected_ids(given.getlist("handoff"))[:1000]
    if not ids and request.method != "POST":
        raise Http404
    return Relief(by=by, handoff_ids=ids)


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required("manager")
def relief(request: HttpRequest) -> HttpResponse:
    """Choose who gets it; POST counts first (``count``), and does it with ``start``."""
    job = _asked(request)
    chosen = "to" in request.POST
    start: dict[str, Any] = {"kinds": Relief.Kind.values, "leaving": "leaving" in request.GET}
    counts = selectors.relief_counts(job)
    form = ReliefForm(request.POST if chosen else None, job=job, by=request.user, counts=counts, initial=start)
    context: dict[str, Any] = {"job": job, "form": form, "counts": counts}
    status = 200
    if not job.rep and not job.handoff_ids:
        return render(request, "desk/relief_none.html", context, status=422)
    if chosen and form.is_valid():
        try:
            made = form.filled()
            service.relief_check(made)
            if "start" in request.POST:
                return redirect("desk:relief_job", pk=service.relief_start(made).pk)
            context["plan"] = selectors.relief_plan(made, request.user, db_now())
        except Refused as refusal:
            status = refuse(form, refusal)
    elif chosen:
        status = 422
    return render(request, "desk/relief.html", context, status=status)


def _job(request: HttpRequest, pk: int) -> Relief:
    return get_object_or_404(selectors.reliefs_seen_by(request.user), pk=pk)


@require_safe
@roles_required("manager")
def relief_job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and the report. htmx asks for the fragment every second while it runs."""
    job = _job(request, pk)
    context = {"job": job, "running": job.state == Leased.State.PENDING, "lines": selectors.relief_lines(job)}
    name = "desk/_relief_job.html" if getattr(request, "htmx", None) else "desk/relief_job.html"
    return render(request, name, context)


@require_POST
@roles_required("manager")
def relief_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop before the next chunk."""
    service.relief_cancel(job=_job(request, pk))
    return redirect("desk:relief_job", pk=pk)
