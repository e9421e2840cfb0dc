"""The pages of back-tests: begin one, watch it, read it at any bar."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refused
from core.pages import refuse
from scoring import services
from scoring.backtest.counts import TOP
from scoring.models import BacktestRun, ScoringModel
from scoring.selectors import backtest_page as selectors
from scoring.selectors.explain import mql_bar
from scoring.services.backtest import DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS, rules_hash
from team.access import roles_required

WHO = ("marketer", "manager")


class BacktestForm(forms.Form):
    bar = forms.IntegerField(
        label="MQL bar", min_value=0, max_value=TOP, help_text="Any other can be looked at afterwards."
    )
    days = forms.IntegerField(
        label="Days back", min_value=LEAST_DAYS, max_value=MOST_DAYS, help_text="Whole days (UTC), today among them."
    )


def _run(pk: int) -> BacktestRun:
    return get_object_or_404(BacktestRun.objects.select_related("model", "against", "by"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required(*WHO)
def backtests(request: HttpRequest, pk: int) -> HttpResponse:
    """The back-tests of one version, and the form to begin another."""
    model = get_object_or_404(ScoringModel, pk=pk)
    form = BacktestForm(request.POST or None, initial={"bar": min(mql_bar() or 60, TOP), "days": DEFAULT_DAYS})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                run = services.backtest_start(model=model, by=request.user, **form.cleaned_data)
                return redirect("scoring:backtest", run.pk)
            except Refused as refusal:
                status = refuse(form, refusal)
    context = {"model": model, "form": form, "runs": selectors.runs_of(model)[:30]}
    return render(request, "scoring/backtests.html", context, status=status)


@require_safe
@roles_required(*WHO)
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """One back-test; ``?bar=`` shows its numbers at that bar. htmx gets only those."""
    run = _run(pk)
    context: dict[str, Any] = {"run": run, "model": run.model}
    if run.state != BacktestRun.State.DONE:
        return render(request, "scoring/backtest.html", context)
    wanted = request.GET.get("bar", "")
    bar = min(int(wanted), TOP) if wanted.isdecimal() and len(wanted) < 6 else run.bar
    context |= selectors.numbers(run, bar, request.user) | selectors.fixed(run, bar, request.path)
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "scoring/_backtest_numbers.html", context)
    context["stale"] = rules_hash(run.model) != run.rules_hash
    return render(request, "scoring/backtest.html", context)


@require_safe
@roles_required(*WHO)
def backtest_status(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of a run's page; when it has ended, the whole page is fetched once more."""
    run = _run(pk)
    response = render(request, "scoring/_backtest_progress.html", {"run": run})
    if not run.is_active:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@roles_required(*WHO)
def backtest_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    _run(pk)
    try:
        services.backtest_cancel(run_id=pk)
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("scoring:backtest", pk)
