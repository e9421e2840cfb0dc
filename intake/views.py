"""Importing a file in the browser: upload, confirm the mapping, dry run, run, report."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refused
from core.pages import refuse
from intake import selectors, services
from intake.forms import UploadForm
from intake.kinds import KINDS
from intake.models import ImportRun
from team.access import roles_required


def _run(request: HttpRequest, pk: int) -> ImportRun:
    return get_object_or_404(selectors.runs_of(request.user), pk=pk)


@roles_required("marketer", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The imports so far, and the upload of the next."""
    kinds = selectors.kinds_of(request.user)
    form = UploadForm(request.POST or None, request.FILES or None, kinds=kinds)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            run, _, _ = services.run_create(
                kind=given["kind"], by=request.user, upload=given["file"], encoding=given["encoding"]
            )
            return redirect("intake:run", pk=run.pk)
        except Refused as refusal:
            refuse(form, refusal)
    context = {"form": form, "runs": selectors.runs_of(request.user)[:50], "kinds": kinds}
    return render(request, "intake/imports.html", context, status=422 if form.errors else 200)


@roles_required("marketer", "manager")
@require_safe
def import_run(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, _run(request, pk))


def _show(request: HttpRequest, run: ImportRun, *, error: str = "", field: str = "") -> HttpResponse:
    context: dict[str, Any] = {"run": run, "kind": KINDS[run.kind], "error": error, "field": field, **_report(run)}
    if run.state in (ImportRun.State.DRAFT, ImportRun.State.CHECKED):
        context |= {
            "rows": selectors.mapping_rows(run),
            "dates": selectors.date_choices(run),
            "stages": selectors.stage_rows(run),
            "empty": "\n".join(run.options.get("empty", [])),
        }
    return render(request, "intake/run.html", context, status=422 if error else 200)


def _report(run: ImportRun) -> dict[str, Any]:
    dry = run.state == ImportRun.State.CHECKED
    figures = {name: getattr(run, name) for name in ("created", "updated", "unchanged", "rejected")}
    return {
        "dry": dry,
        "figures": figures,
        "taken": sum(figures.values()) - figures["rejected"],
        "issues": selectors.issues_first(run) if run.rejected else [],
    }


@roles_required("marketer", "manager")
@require_POST
def import_map(request: HttpRequest, pk: int) -> HttpResponse:
    """The mapping is confirmed: judge every row, write none."""
    run = _run(request, pk)
    given = request.POST
    mapping = {column: given.get(f"column-{place}", "") for place, column in enumerate(run.header)}
    words = run.options.get("stages", {})
    try:
        services.run_map(
            run,
            mapping=mapping,
            date_format=given.get("date_format", ""),
            stages={word: given.get(f"stage-{place}", "") for place, word in enumerate(words)},
            empty=[word.strip() for word in given.get("empty", "").splitlines() if word.strip()][:50],
        )
        services.run_check(run)
    except Refused as refusal:
        run.mapping = mapping
        return _show(request, run, error=refusal.message, field=refusal.field)
    return redirect("intake:run", pk=pk)


@roles_required("marketer", "manager")
@require_POST
def import_start(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.run_start)


@roles_required("marketer", "manager")
@require_POST
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.run_cancel)


def _act(request: HttpRequest, pk: int, action: Any) -> HttpResponse:
    try:
        action(_run(request, pk))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("intake:run", pk=pk)


@roles_required("marketer", "manager")
@require_POST
def import_delete(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        services.run_delete(_run(request, pk))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("intake:run", pk=pk)
    return redirect("intake:imports")


@roles_required("marketer", "manager")
@require_safe
def import_status(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part of a run's page; when the run has ended, the whole page is fetched once more."""
    run = _run(request, pk)
    response = render(request, "intake/_progress.html", {"run": run})
    if not run.is_active:
        response["HX-Refresh"] = "true"
    return response


@roles_required("marketer", "manager")
@require_safe
def import_rejected(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    run = _run(request, pk)
    response = StreamingHttpResponse(selectors.rejected_lines(run), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{run.pk}.csv"'
    return response
