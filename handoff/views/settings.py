"""The pages of the bar, routing and response times."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.clock import db_now
from core.errors import Conflict, Refused
from handoff import selectors
from handoff.forms import PolicyForm, RuleForm, SlaForm, TryForm
from handoff.models import RoutingRule, SlaPolicy
from handoff.services import settings as service
from leads.conditions import condition_sentence
from team.access import roles_required

MARKETING = ("marketer", "manager")
form_view = require_http_methods(["GET", "HEAD", "POST"])


def _refused(form: Any, refusal: Refused) -> int:
    """Show the refusal at its field; the status that fits it."""
    if refusal.code == "forbidden":
        raise PermissionDenied(refusal.message)
    field = refusal.field.split(".")[0]
    form.add_error(field if field in form.fields else None, refusal.message)
    return 409 if isinstance(refusal, Conflict) else 422


@form_view
@roles_required(*MARKETING)
def policy(request: HttpRequest) -> HttpResponse:
    """The MQL bar. POST with ``preview`` only counts who would pass."""
    current = selectors.policy_current()
    form = PolicyForm(request.POST or None, instance=current)
    if "preview" in request.POST:
        return _preview(request, form)
    status = 200
    if request.method == "POST":
        valid = form.is_valid()
        status = 422
        if valid:
            try:
                service.policy_save(
                    by=request.user,
                    revision=form.cleaned_data["revision"],
                    values=form.values(),
                    sure=form.cleaned_data["sure"],
                )
            except Refused as refusal:
                status = _refused(form, refusal)
                form.ask_sure = refusal.code == "confirm"  # type: ignore[attr-defined]
            else:
                messages.success(request, "Saved. Leads over the bar are handed off within seconds.")
                return redirect("handoff:policy")
    context: dict[str, Any] = {"form": form, "policy": selectors.policy_current()}
    if request.method != "POST":
        values = {"score": current.score, "grades": current.grades, "required": current.required}
        passing, total = service.policy_count(values, request.user, db_now())
        context |= {"passing": passing, "total": total}
    return render(request, "handoff/policy.html", context, status=status)


def _preview(request: HttpRequest, form: PolicyForm) -> HttpResponse:
    """The count alone for htmx; without it the page again, with what was typed and its count."""
    form.is_valid()
    counted = _counted(request, form)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "handoff/_policy_count.html", counted)
    return render(request, "handoff/policy.html", {"form": form, "policy": selectors.policy_current(), **counted})


def _counted(request: HttpRequest, form: PolicyForm) -> dict[str, Any]:
    needed = ("score", "grades", "required")
    if any(name in form.errors for name in needed):
        return {"errors": [text for name in needed for text in form.errors.get(name, [])]}
    passing, total = service.policy_count(form.cleaned_data, request.user, db_now())
    return {"passing": passing, "total": total}


@require_safe
@roles_required(*MARKETING)
def routing(request: HttpRequest) -> HttpResponse:
    """The ordered rules; managers change them."""
    return render(request, "handoff/routing.html", _routing(TryForm()))


def _routing(form: TryForm) -> dict[str, Any]:
    rows = selectors.routing_rules()
    sizes = selectors.pool_sizes()
    for rule in rows:
        one: Any = rule
        one.sentence = condition_sentence(rule.condition)
        one.pool_size = sizes.get(rule.team_id, 0) if rule.team_id else sum(sizes.values())
    return {"rules": rows, "try_form": form}


@require_safe
@roles_required(*MARKETING)
def rule_try(request: HttpRequest) -> HttpResponse:
    """Dry run: who would get this lead now, and why."""
    form = TryForm(request.GET)
    context = _routing(form)
    try:
        lead = form.found(request.user)
    except Refused as refusal:
        form.add_error("lead", refusal.message)
    else:
        outcome = service.routing_try(lead)
        told = outcome.explanation
        names = selectors.names_in([told])
        rep = outcome.rep.name if outcome.rep else ""
        context |= {
            "tried": lead,
            "outcome": outcome,
            "sentences": selectors.sentences(told, names, rep, outcome.how),
        }
    template = "handoff/_try.html" if getattr(request, "htmx", None) else "handoff/routing.html"
    return render(request, template, context)


def _edit(
    request: HttpRequest, form: Any, save: Callable[[], Any], template: str, home: str, said: str
) -> HttpResponse:
    """Show a form, or save it and go home; refusals are shown at their field."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save()
            except Refused as refusal:
                status = _refused(form, refusal)
            else:
                messages.success(request, said)
                return redirect(home)
    return render(request, template, {"form": form, "row": form.instance}, status=status)


def _rule(request: HttpRequest, rule: RoutingRule | None) -> HttpResponse:
    form = RuleForm(request.POST or None, instance=rule)

    def save() -> None:
        service.rule_save(by=request.user, rule=rule, revision=form.cleaned_data["revision"], values=form.values())

    return _edit(request, form, save, "handoff/rule_form.html", "handoff:routing", "Saved.")


@form_view
@roles_required("manager")
def rule_new(request: HttpRequest) -> HttpResponse:
    return _rule(request, None)


@form_view
@roles_required("manager")
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _rule(request, get_object_or_404(RoutingRule, pk=pk))


def _act(request: HttpRequest, home: str, run: Callable[[], Any], said: str = "") -> HttpResponse:
    """Do it and go back to the list; a refusal is said there."""
    try:
        run()
    except Refused as refusal:
        if refusal.code == "missing":
            raise Http404 from None
        if refusal.code == "forbidden":
            raise PermissionDenied(refusal.message) from None
        messages.error(request, refusal.message)
    else:
        if said:
            messages.success(request, said)
    return redirect(home)


def _move(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    up = request.POST.get("to") != "down"
    return _act(request, home, lambda: service.row_move(by=request.user, model=model, pk=pk, up=up))


def _toggle(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    active = request.POST.get("active") == "1"
    return _act(request, home, lambda: service.row_toggle(by=request.user, model=model, pk=pk, active=active))


@require_POST
@roles_required("manager")
def rule_move(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``to``: up or down."""
    return _move(request, RoutingRule, pk, "handoff:routing")


@require_POST
@roles_required("manager")
def rule_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    return _toggle(request, RoutingRule, pk, "handoff:routing")


@require_POST
@roles_required("manager")
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, "handoff:routing", lambda: service.rule_delete(by=request.user, pk=pk), "Deleted.")


@require_safe
@roles_required(*MARKETING)
def sla(request: HttpRequest) -> HttpResponse:
    """The response times, in order."""
    rows = list(SlaPolicy.objects.all())
    for row in rows:
        one: Any = row
        one.sentence = condition_sentence(row.condition)
    return render(request, "handoff/sla.html", {"policies": rows})


def _sla(request: HttpRequest, row: SlaPolicy | None) -> HttpResponse:
    form = SlaForm(request.POST or None, instance=row)

    def save() -> None:
        service.sla_save(by=request.user, policy=row, revision=form.cleaned_data["revision"], values=form.values())

    return _edit(
        request, form, save, "handoff/sla_form.html", "handoff:sla", "Saved. It counts from the next lead on."
    )


@form_view
@roles_required("manager")
def sla_new(request: HttpRequest) -> HttpResponse:
    return _sla(request, None)


@form_view
@roles_required("manager")
def sla_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _sla(request, get_object_or_404(SlaPolicy, pk=pk))


@require_POST
@roles_required("manager")
def sla_move(request: HttpRequest, pk: int) -> HttpResponse:
    return _move(request, SlaPolicy, pk, "handoff:sla")


@require_POST
@roles_required("manager")
def sla_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    return _toggle(request, SlaPolicy, pk, "handoff:sla")
