"""The scoring desk, and the explanation of one lead's score."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refused
from core.pages import form_view, status_of
from core.rules import whole_read
from leads.models import Lead
from scoring import rules, services
from scoring.forms import ModelForm, RuleForm
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors import active_model, deeds_said, score_explain, score_history
from scoring.selectors import desk as selectors
from scoring.selectors import versions as past
from scoring.selectors.met import met_context
from scoring.selectors.sense import model_warnings
from scoring.selectors.words import evidence_say, fade_say, rule_sentence
from scoring.services.drain import marketing_ladder
from scoring.starters import STARTERS
from team.access import roles_required

WHO = ("marketer", "manager")
State = ScoringModel.State


def _model(pk: int) -> ScoringModel:
    return get_object_or_404(ScoringModel.objects.select_related("created_by").prefetch_related("rules"), pk=pk)


def _shown(model: ScoringModel, user: Any) -> dict[str, Any]:
    """A model as its page and the desk show it."""
    groups = selectors.model_groups(model)
    for _, _, _, found in groups:
        for rule in found:
            rule.sentence, rule.proof, rule.fades = rule_sentence(rule), evidence_say(rule), fade_say(rule)
    return met_context(model, groups, user) | {
        "model": model,
        "rule_groups": groups,
        "bars": selectors.bars_of(model, marketing_ladder()),
        "chances": selectors.chances(model),
        "changes": model.changes.select_related("by")[:30],
        "warnings": model_warnings(model),
    }


@require_safe
@roles_required(*WHO)
def desk(request: HttpRequest) -> HttpResponse:
    """The active model as sentences, the distribution, the versions."""
    active = active_model()
    spread = selectors.spread_of(request.user)
    chart, grades = selectors.distribution(spread)
    context: dict[str, Any] = {
        "chart": chart,
        "spread_at": spread.at,
        "starters": STARTERS.values(),
        "bar": selectors.mql_bar(),
        "versions": ScoringModel.objects.select_related("created_by")[:30],
        "newest": selectors.pass_newest(),
    }
    if active:
        shown = _model(active.pk)
        context |= _shown(shown, request.user) | {"grades": selectors.grade_table(shown, grades)}
    return render(request, "scoring/desk.html", context)


@require_safe
@roles_required(*WHO)
def progress(request: HttpRequest) -> HttpResponse:
    """The running pass; asks for itself again until it is done."""
    return render(request, "scoring/_progress.html", {"newest": selectors.pass_newest()})


@require_POST
@roles_required(*WHO)
def draft(request: HttpRequest) -> HttpResponse:
    """A new draft from a version (the active one by default) or from a starter."""
    wanted = request.POST.get("from", "")
    if wanted in STARTERS:
        return redirect("scoring:model", services.model_start(starter=wanted, by=request.user).pk)
    number = whole_read(wanted)
    source = active_model() if number is None else ScoringModel.objects.filter(pk=number).first()
    if source is None:
        raise Http404
    made = services.model_draft(source=source, by=request.user)
    return redirect("scoring:model", made.pk)


@form_view
@roles_required(*WHO)
def model(request: HttpRequest, pk: int) -> HttpResponse:
    """One version; a draft can be changed here."""
    shown = _model(pk)
    form = None
    status = 200
    if shown.state == State.DRAFT or request.method == "POST":
        form = ModelForm(request.POST or None, instance=_model(pk), stages=marketing_ladder())
    if request.method == "POST" and form is not None:
        status = _save(form, lambda: services.model_update(model_id=pk, by=request.user, **form.values()))
        if status == 302:
            messages.success(request, "Saved.")
            return redirect("scoring:model", pk)
    return _page(request, shown, form, status)


def _page(request: HttpRequest, shown: ScoringModel, form: Any, status: int = 200, harm: str = "") -> HttpResponse:
    is_draft = shown.state == State.DRAFT
    extra = {"form": form, "is_draft": is_draft, "harm": harm, "grades": selectors.grade_table(shown, Counter())}
    return render(request, "scoring/model.html", _shown(shown, request.user) | extra, status=status)


def _save(form: Any, save: Callable[[], Any]) -> int:
    """302 when saved; 422 or 409 with the reason at its field."""
    if not form.is_valid():
        return 422
    try:
        save()
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return status_of(refusal)
    return 302


@require_safe
@roles_required(*WHO)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What this version would change."""
    shown = _model(pk)
    found = selectors.preview(shown, request.user)
    context = {"model": shown, "preview": found, "grades": selectors.grade_table(shown, found.grades)}
    return render(request, "scoring/_preview.html", context)


@require_POST
@roles_required(*WHO)
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it the active model; one that would do harm is shown again with what it would do."""
    shown = _model(pk)
    try:
        made = services.model_activate(model_id=pk, by=request.user, despite=request.POST.get("despite") == "1")
    except Refused as refusal:
        if refusal.field == "despite":
            is_draft = shown.state == State.DRAFT
            form = ModelForm(instance=_model(pk), stages=marketing_ladder()) if is_draft else None
            return _page(request, shown, form, 409, refusal.message)
        messages.error(request, refusal.message)
        return redirect("scoring:model", pk)
    messages.success(request, f"Version {made.version} is active. Every lead is being scored anew.")
    return redirect("scoring:desk")


@require_POST
@roles_required(*WHO)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    version = _model(pk).version
    try:
        services.model_discard(model_id=pk)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("scoring:model", pk)
    messages.success(request, f"Draft {version} was thrown away.")
    return redirect("scoring:desk")


@require_safe
@roles_required(*WHO)
def versions(request: HttpRequest) -> HttpResponse:
    """All versions, two of them side by side (``before`` and ``after`` by version), and who changed what."""
    found = list(past.versions())
    by_version = {str(one.version): one for one in found}
    active = next((one for one in found if one.state == State.ACTIVE), None)
    after = by_version.get(request.GET.get("after", ""), active)
    older = [one for one in found if after and one.version < after.version]
    before = by_version.get(request.GET.get("before", ""), older[0] if older else None)
    context: dict[str, Any] = {"versions": found, "changes": past.change_log(), "before": before, "after": after}
    if before and after and before != after:
        context["compared"] = past.compare(before, after)
    return render(request, "scoring/versions.html", context)


def _rule(request: HttpRequest, of: ScoringModel, group: str, rule: ScoringRule | None) -> HttpResponse:
    form = RuleForm(request.POST or None, instance=rule, group=group)
    status = 200
    if request.method == "POST":
        rule_id = rule.pk if rule else None
        status = _save(
            form, lambda: services.rule_save(model_id=of.pk, rule_id=rule_id, by=request.user, **form.values())
        )
        if status == 302:
            messages.success(request, "Saved in the draft.")
            return redirect("scoring:model", of.pk)
    context = {"form": form, "model": of, "rule": rule, "group": group}
    return render(request, "scoring/rule_form.html", context, status=status)


@form_view
@roles_required(*WHO)
def rule_new(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    if group not in (rules.FIT, rules.ENGAGEMENT, rules.NEGATIVE):
        raise Http404
    return _rule(request, _model(pk), group, None)


@form_view
@roles_required(*WHO)
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ScoringRule.objects.select_related("model"), pk=pk)
    return _rule(request, rule.model, rule.group, rule)


@require_POST
@roles_required(*WHO)
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ScoringRule, pk=pk)
    try:
        services.rule_delete(model_id=rule.model_id, rule_id=pk, by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("scoring:model", rule.model_id)


@roles_required("marketer", "rep", "manager")
@require_safe
def explain(request: HttpRequest, pk: int) -> HttpResponse:
    """The score of one lead, point by point; a fragment for the lead's page."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).select_related("standing"), pk=pk)
    told = score_explain(lead)
    context = {"lead": lead, "told": told, "said": deeds_said(told) if told else {}}
    return render(request, "scoring/_explain.html", context)


@roles_required("marketer", "rep", "manager")
@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """The score of one lead day by day; a fragment for the lead's page."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)
    return render(request, "scoring/_history.html", {"history": score_history(lead)})
