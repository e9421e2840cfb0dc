"""Learning on the desk: what to learn from, how far it is, what came of it, and the suggestions to take."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refused
from core.rules import whole_read
from scoring.learn_forms import LearnForm
from scoring.models import Study
from scoring.selectors import active_model
from scoring.selectors.learned import advice, calibration
from scoring.services.studies import study_start
from scoring.services.tuning import suggestions_apply
from team.access import roles_required

WHO = ("marketer",)
Kind, State = Study.Kind, Study.State


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required(*WHO)
def learn(request: HttpRequest) -> HttpResponse:
    """What to learn from; and what was learned before."""
    form = LearnForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = study_start(kind=Kind.LEARN, model=active_model(), by=request.user, params=form.params())
            except Refused as refusal:
                form.add_error(None, refusal.message)
            else:
                return redirect("scoring:learned", made.pk)
    past = Study.objects.filter(kind=Kind.LEARN).select_related("by", "draft")[:10]
    return render(request, "scoring/learn.html", {"form": form, "past": past}, status=status)


def _study(pk: int) -> Study:
    return get_object_or_404(Study.objects.select_related("draft", "tuned", "by"), pk=pk, kind=Kind.LEARN)


@require_safe
@roles_required(*WHO)
def learned(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, or what came of it."""
    study = _study(pk)
    context: dict[str, Any] = {"study": study}
    if study.state == State.DONE:
        found = advice(study)
        active = active_model()
        context |= {
            "between": "{:.3f}–{:.3f} (95 %)".format(*study.result["measured"]["auc"][1:]),
            "converted": f"{study.result['won']:,} converted",
            "chart": calibration(study.result["measured"]),
            "advice": [one for one in found if not one.few],
            "unheard": [one for one in found if one.few],
            "changes": sum(one.is_change for one in found),
            "outdated": active is None or active.pk != study.result.get("active"),
        }
    return render(request, "scoring/learned.html", context)


@require_safe
@roles_required(*WHO)
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; asks for itself again until it is done, then for the page anew."""
    study = _study(pk)
    response = render(request, "scoring/_learning.html", {"study": study})
    if request.headers.get("HX-Request") and study.state != State.PENDING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@roles_required(*WHO)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one suggestion (``rule``) or all of them into a draft of the active model."""
    wanted = whole_read(request.POST.get("rule", ""))
    try:
        draft, done = suggestions_apply(
            study_id=_study(pk).pk, rule_ids=None if wanted is None else [wanted], by=request.user
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("scoring:learned", pk)
    messages.success(request, f"{done} rule{'' if done == 1 else 's'} changed in the draft v{draft.version}.")
    return redirect("scoring:model", draft.pk)
