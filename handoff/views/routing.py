"""The pages of routing: the rules in force, the draft of other ones, and the dry run of one lead."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import db_now
from core.errors import Refused
from core.pages import act, form_view, refuse
from handoff import selectors
from handoff.forms import RuleForm, TryForm
from handoff.models import RoutingDraft, RoutingRule
from handoff.services import routing as service
from handoff.services.routing_look import MOST, catches_all, matching, rules_shown
from handoff.views.shared import MARKETING
from leads.models import Lead
from team.access import roles_required
from team.selectors import people_seen_by

NO_DRAFT = "There is no draft any more: somebody put it into force or threw it away. This rule is saved nowhere."


def _draft() -> RoutingDraft | None:
    return RoutingDraft.objects.select_related("by").first()


def _page(request: HttpRequest, draft: RoutingDraft | None, form: TryForm) -> dict[str, Any]:
    """``draft``: the list that is shown; None for the one in force. ``known``: whose pages the reader may open."""
    user: Any = request.user
    rows = RoutingRule.objects.filter(draft=draft).select_related("team", "overflow_team")
    shown = rules_shown(rows, db_now())
    return {
        "shown": shown,
        "catches_all": catches_all(shown),
        "draft": draft,
        "any_draft": draft or _draft(),
        "try_form": form,
        "known": set(people_seen_by(user).values_list("pk", flat=True)),
    }


@require_safe
@roles_required(*MARKETING)
def routing(request: HttpRequest) -> HttpResponse:
    """The ordered rules in force, with who is there now; managers change them."""
    return render(request, "handoff/routing.html", _page(request, None, TryForm()))


@form_view
@roles_required("manager")
def draft(request: HttpRequest) -> HttpResponse:
    """The draft; POST begins one."""
    if request.method == "POST":
        return act(request, "handoff:routing_draft", lambda: service.draft_begin(by=request.user))
    found = _draft()
    if found is None:
        return redirect("handoff:routing")
    moved_on = found.copied != service.state_of(None)
    context = _page(request, found, TryForm()) | {"moved_on": moved_on, "seen": service.draft_seen(found)}
    return render(request, "handoff/routing.html", context)


@require_POST
@roles_required("manager")
def draft_drop(request: HttpRequest) -> HttpResponse:
    said = "The draft is gone. The rules in force stay as they were."
    return act(request, "handoff:routing", lambda: service.draft_drop(by=request.user), said)


@require_POST
@roles_required("manager")
def draft_force(request: HttpRequest) -> HttpResponse:
    """POST ``sure``: 1 when the rules in force were changed meanwhile and that does not matter; ``seen``: how both
    lists stood on the page."""
    try:
        sure, seen = request.POST.get("sure") == "1", request.POST.get("seen", "")
        service.draft_force(by=request.user, sure=sure, seen=seen)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("handoff:routing_draft")
    messages.success(request, "The draft is in force from now on.")
    return redirect("handoff:routing")


@require_safe
@roles_required(*MARKETING)
def rule_try(request: HttpRequest) -> HttpResponse:
    """Dry run: who would get this lead now, and why; ``draft=1`` by the draft, for managers."""
    form = TryForm(request.GET)
    user: Any = request.user
    by = _draft() if request.GET.get("draft") == "1" and user.has_role("manager") else None
    try:
        lead = form.found(request.user)
    except Refused as refusal:
        form.add_error("lead", refusal.message)
        context: dict[str, Any] = {}
    else:
        context = {"tried": lead, "looks": [_told(when, one) for when, one in service.routing_try(lead, by)]}
    if getattr(request, "htmx", None):
        return render(request, "handoff/_try.html", {"try_form": form, **context})
    return render(request, "handoff/routing.html", _page(request, by, form) | context)


def _told(when: str, outcome: Any) -> dict[str, Any]:
    told = outcome.explanation
    rep = outcome.rep.name if outcome.rep else ""
    said = selectors.sentences(told, selectors.names_in([told]), rep, outcome.how)
    return {"when": when, "outcome": outcome, "sentences": said}


def _rule(request: HttpRequest, rule: RoutingRule | None, into: RoutingDraft | None) -> HttpResponse:
    """The form of one rule; ``into``: the draft that a new one is for."""
    form = RuleForm(request.POST or None, instance=rule)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                saved = service.rule_save(
                    by=request.user,
                    rule=rule,
                    revision=form.cleaned_data["revision"],
                    values=form.values(),
                    draft=into,
                )
            except Refused as refusal:
                status = refuse(form, refusal)
            else:
                _say(request, saved)
                return redirect(_home(saved))
    draft = rule.draft if rule else into
    context = {"form": form, "row": form.instance, "draft": draft}
    return render(request, "handoff/rule_form.html", context, status=status)


def _home(rule: RoutingRule) -> str:
    return "handoff:routing_draft" if rule.draft_id else "handoff:routing"


def _say(request: HttpRequest, rule: RoutingRule) -> None:
    """Saved, and how many of today's leads it holds for."""
    if not (rule.condition or rule.countries):
        messages.success(request, "Saved. It takes every lead that no rule before it takes.")
        return
    count = matching(rule, db_now(), Lead.objects.all())[: MOST + 1].count()
    total = Lead.objects.count()
    if count:
        many = f"more than {MOST:,}" if count > MOST else f"{count:,}"
        messages.success(request, f"Saved. It holds for {many} of the {total:,} leads there are today.")
    else:
        messages.warning(request, f"Saved, but it holds for none of the {total:,} leads there are today.")


@form_view
@roles_required("manager")
def rule_new(request: HttpRequest) -> HttpResponse:
    return _rule(request, None, None)


@form_view
@roles_required("manager")
def draft_rule_new(request: HttpRequest) -> HttpResponse:
    found = _draft()
    if found is not None:
        return _rule(request, None, found)
    if request.method != "POST":
        return redirect("handoff:routing")
    form = RuleForm(request.POST)
    form.add_error(None, NO_DRAFT)
    return render(request, "handoff/rule_form.html", {"form": form, "row": form.instance}, status=409)


@form_view
@roles_required("manager")
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _rule(request, get_object_or_404(RoutingRule.objects.select_related("draft"), pk=pk), None)


def _of(pk: int) -> str:
    """The page that a rule is on."""
    rule = RoutingRule.objects.filter(pk=pk).first()
    return _home(rule) if rule else "handoff:routing"


@require_POST
@roles_required("manager")
def rule_move(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``to``: up or down."""
    up = request.POST.get("to") != "down"
    return act(request, _of(pk), lambda: service.rule_move(by=request.user, pk=pk, up=up))


@require_POST
@roles_required("manager")
def rule_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    active = request.POST.get("active") == "1"
    return act(request, _of(pk), lambda: service.rule_toggle(by=request.user, pk=pk, active=active))


@require_POST
@roles_required("manager")
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    return act(request, _of(pk), lambda: service.rule_delete(by=request.user, pk=pk), "Deleted.")
