"""What each rule meets, how sales' leads of a rule, campaign or persona fared, and the rows behind each number."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refused
from core.keyset import keyset_page
from core.rules import whole_read
from leads.selectors.words import count_capped, count_said
from scoring.met_forms import AskedForm, FeedbackForm
from scoring.models import ScoringModel, ScoringRule, Study
from scoring.selectors import active_model, feedback
from scoring.selectors.met import count_done, rules_met, study_newest
from scoring.selectors.words import rule_sentence
from scoring.services.studies import study_start
from team.access import roles_required

WHO = ("marketer", "manager")
SIZE = 50


def rows_url(model: ScoringModel, asked: feedback.Asked) -> str:
    """The address of the rows behind a number."""
    said = {"by": asked.by, "key": asked.key, "what": asked.what, "days": asked.days or ""}
    kept = {name: value for name, value in said.items() if value != ""}
    if asked.by and not asked.key:
        kept["key"] = ""
    if asked.reason is not None:
        kept |= {"because": "1", "reason": asked.reason}
    return f"{reverse('scoring:met_rows', args=[model.pk])}?{urlencode(kept)}"


@require_POST
@roles_required(*WHO)
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Count anew what the rules of a version meet."""
    model = get_object_or_404(ScoringModel, pk=pk)
    try:
        study_start(kind=Study.Kind.COUNT, model=model, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("scoring:model", args=[pk])
    return redirect(back)


@require_safe
@roles_required(*WHO)
def count_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the newest count of a version is; asks for itself again until it is done, then for the page anew."""
    model = get_object_or_404(ScoringModel, pk=pk)
    found = study_newest(Study.Kind.COUNT, model)
    response = render(request, "scoring/_count.html", {"model": model, "counting": found})
    if request.headers.get("HX-Request") and not (found and found.state == Study.State.PENDING):
        response["HX-Refresh"] = "true"
    return response


@require_safe
@roles_required(*WHO)
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One rule: what it asks, whom it meets, what became of them, and why they were not wanted."""
    found = get_object_or_404(ScoringRule.objects.select_related("model"), pk=pk)
    model = found.model
    done = count_done(model)
    met = rules_met(model, request.user, done).get(pk) if done else None
    tale = feedback.rule_tale(model, request.user, found)
    context = {
        "rule": found,
        "model": model,
        "sentence": rule_sentence(found),
        "counted": done,
        "counting": study_newest(Study.Kind.COUNT, model),
        "met": met,
        "line": _linked(model, tale, feedback.Asked(by="rule", key=str(pk))),
        "edited": feedback.edited_count(model, request.user, found),
        "now_url": rows_url(model, feedback.Asked(by="rule", key=str(pk), what="now")),
    }
    return render(request, "scoring/rule_met.html", context)


def _linked(model: ScoringModel, line: feedback.Line, asked: feedback.Asked) -> dict[str, Any]:
    """A line with the address of the rows behind each of its numbers."""

    def url(what: str, reason: str | None = None) -> str:
        return rows_url(model, feedback.Asked(asked.days, asked.by, line.key, what, reason))

    return {
        "line": line,
        "url": {what: url(what) for what in feedback.FATES},
        "rejects": [(one, url("rejected", one.key)) for one in line.reject_reasons],
        "losses": [(one, url("lost", one.key)) for one in line.lost_reasons],
    }


@require_safe
@roles_required(*WHO)
def told(request: HttpRequest) -> HttpResponse:
    """Rejections, losses and their reasons by rule, campaign or persona."""
    form = FeedbackForm(request.GET)
    by, days, sort = form.asked()
    model = active_model()
    context: dict[str, Any] = {"form": form, "by": by, "days": days, "sort": sort, "model": model}
    if model:
        lines = feedback.feedback(model, request.user, by=by, days=days, sort=sort)
        asked = feedback.Asked(days=days, by=by)
        context |= {
            "lines": [_linked(model, one, asked) for one in lines],
            "counted": count_done(model),
            "counting": study_newest(Study.Kind.COUNT, model),
            "head": feedback.BY[by],
            "full": len(lines) == feedback.MOST_LINES,
        }
    return render(request, "scoring/feedback.html", context)


@require_safe
@roles_required(*WHO)
def rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The leads behind a number, those that the person may see."""
    model = get_object_or_404(ScoringModel, pk=pk)
    asked = AskedForm(request.GET).asked()
    about = _about(model, asked)
    found: QuerySet[Any]
    if asked.what == "now":
        if about is None:
            raise Http404
        found = feedback.leads_now(about, request.user).select_related("lead__company", "stage", "owner")
        page = keyset_page(found, sort="-score", cursor=request.GET.get("cursor", ""), size=SIZE)
        lines = [{"lead": one.lead, "standing": one} for one in page.rows]
    else:
        found = feedback.handed_rows(model, request.user, asked)
        page = keyset_page(
            found.select_related("lead__company", "lead__standing__stage", "lead__standing__owner"),
            sort="-at",
            cursor=request.GET.get("cursor", ""),
            size=SIZE,
        )
        lines = [{"lead": one.lead, "standing": one.lead.standing, "handed": one} for one in page.rows]
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "model": model,
        "asked": asked,
        "title": _title(asked),
        "about": about.name if about else (asked.key or feedback.NONE if asked.by else ""),
        "rule": about,
        "total": count_said(count_capped(found)),
        "period": feedback.PERIODS.get(asked.days, ""),
        "lines": lines,
        "page": page,
        "query": query.urlencode(),
        "counted": count_done(model),
    }
    return render(request, "scoring/met_rows.html", context)


def _about(model: ScoringModel, asked: feedback.Asked) -> ScoringRule | None:
    if asked.by != "rule":
        return None
    return get_object_or_404(model.rules.select_related("model"), pk=whole_read(asked.key) or 0)


def _title(asked: feedback.Asked) -> str:
    title = "Holds now" if asked.what == "now" else feedback.FATES[asked.what]
    return title if asked.reason is None else f"{title}: {asked.reason or feedback.NO_REASON}"
