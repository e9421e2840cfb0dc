"""The list of handoffs, one handoff, and what people decide about it."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from core.clock import db_now
from core.errors import Conflict, Refused
from core.keyset import keyset_page
from core.pages import status_of
from handoff import rules, selectors, services
from handoff.forms import ListForm, ReassignForm
from handoff.models import Handoff
from handoff.selectors import decisions, promises
from handoff.selectors.policies import places_set
from team.access import roles_required

EVERYBODY = ("marketer", "rep", "manager")


@require_safe
@roles_required(*EVERYBODY)
def handoff_list(request: HttpRequest) -> HttpResponse:
    """Every handoff that the person may see; filters live in the URL."""
    now = db_now()
    form = ListForm(request.GET, user=request.user)
    page = keyset_page(
        form.narrow(selectors.handoffs_listed(request.user), now),
        sort=form.ordering,
        cursor=request.GET.get("cursor", ""),
    )
    for one in page.rows:
        selectors.clock_set(one, now)
    places_set(page.rows)
    context = {
        "form": form,
        "page": page,
        "now": now,
        "counts": selectors.handoff_counts(request.user, now),
        "query": form.query(),
        "may_pass_on": request.user.has_role("manager"),  # type: ignore[union-attr]
    }
    template = "handoff/_rows.html" if getattr(request, "htmx", None) else "handoff/list.html"
    return render(request, template, context)


@require_safe
@roles_required(*EVERYBODY)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One handoff: who had it, why they, what they decided."""
    return render(request, "handoff/detail.html", context_of(request, pk))


@require_safe
@roles_required(*EVERYBODY)
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The card alone, for pages that show one handoff among other things."""
    return render(request, "handoff/_card.html", context_of(request, pk))


@require_POST
@roles_required("rep", "manager")
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    return decide(
        request, pk, lambda: services.handoff_accept(handoff_id=pk, by=request.user), "{lead} is yours now."
    )


@require_POST
@roles_required("rep", "manager")
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``reason`` (a code) and ``note``."""
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    return decide(
        request,
        pk,
        lambda: services.handoff_reject(handoff_id=pk, by=request.user, reason_code=reason, note=note),
        "{lead} went back to marketing.",
    )


@require_POST
@roles_required("manager")
def reassign(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``to``: the id of an active rep."""
    form = ReassignForm(request.POST, user=request.user)

    def run() -> Handoff:
        return services.handoff_reassign(handoff_id=pk, to=form.rep(), by=request.user)

    return decide(request, pk, run, "{lead} is with {rep} now.")


@require_POST
@roles_required(*EVERYBODY)
def open_(request: HttpRequest, lead_id: int) -> HttpResponse:
    """Hand a lead over by hand, below the bar or not."""
    try:
        made = services.handoff_open(lead_id=lead_id, by=request.user)
    except Refused as refusal:
        if refusal.field == "lead":
            raise Http404 from None
        return render(
            request,
            "handoff/refused.html",
            {"message": refusal.message, "lead_id": lead_id},
            status=status_of(refusal),
        )
    if getattr(request, "htmx", None):
        return _changed(render(request, "handoff/_card.html", context_of(request, made.pk)))
    return redirect(_back(request, made.pk))


def decide(request: HttpRequest, pk: int, run: Callable[[], Handoff], said: str) -> HttpResponse:
    """Do it, and answer with the card as it is now (htmx), or go back where the person came from."""
    _seen(request, pk)
    htmx = bool(getattr(request, "htmx", None))
    try:
        made = run()
    except Refused as refusal:
        context = context_of(request, pk) | {"error": refusal.message, "error_field": refusal.field}
        if refusal.code == "forbidden":
            return render(request, "handoff/_card.html", context, status=403)
        conflict = isinstance(refusal, Conflict)
        if htmx:  # the card itself says what is wrong; at a conflict it shows what is true now, which is no error
            status = 200 if conflict else 422
            return _changed(render(request, "handoff/_card.html", context, status=status), refusal)
        status = 409 if conflict else 422
        return render(request, "handoff/detail.html", context, status=status)
    if htmx:
        try:
            context = context_of(request, pk)
        except Http404:  # it went out of this person's sight with the decision
            return _told(HttpResponse(""), made, said)
        return _told(render(request, "handoff/_card.html", context), made, said)
    return redirect(_back(request, pk))


def _changed(response: HttpResponse, refusal: Refused | None = None) -> HttpResponse:
    """Tells the page that something changed; a refusal too, for a button or dialog that shows no card (hx-swap none):
    at its field when the dialog has that."""
    trigger_client_event(response, "handoff-changed")
    if refusal:
        trigger_client_event(response, "toast", {"text": refusal.message, "tone": "bad", "field": refusal.field})
    return response


def _told(response: HttpResponse, one: Handoff, said: str) -> HttpResponse:
    """What was done, with the way to the lead: the queue that the button stood in shows it no more."""
    told = {"text": said.format(lead=one.lead.name, rep=one.rep and one.rep.name)}
    if one.decided_at is not None:
        told["undo"] = reverse("handoff:undo", args=[one.pk])
    if one.state != Handoff.State.REJECTED:
        told["open"] = reverse("desk:lead", args=[one.lead_id])
    trigger_client_event(response, "toast", told)
    return _changed(response)


def _back(request: HttpRequest, pk: int) -> str:
    """Where the form asked to go, if that is a page of ours."""
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("handoff:detail", args=[pk])


def _seen(request: HttpRequest, pk: int) -> Handoff:
    try:
        return selectors.handoff_seen_by(request.user, pk)
    except Refused:
        raise Http404 from None


def context_of(request: HttpRequest, pk: int) -> dict[str, Any]:
    """All that the card shows."""
    now = db_now()
    one = selectors.clock_set(_seen(request, pk), now)
    places_set([one])
    return card_context(request.user, one) | {"now": now}


def passing_context(user: Any, one: Handoff) -> dict[str, Any]:
    """What can be taken back or passed on, and what was."""
    undecided = one.state == Handoff.State.ASSIGNED and selectors.may_decide(user, one)
    return {
        "undo_until": decisions.undo_until(user, one, db_now()),
        "may_give_back": undecided and not rules.give_back_refusal(decisions.gave_back(one).count()),
        "decisions": decisions.decisions_told(one),
    }


def card_context(user: Any, one: Handoff) -> dict[str, Any]:
    """What ``handoff/_card.html`` needs besides ``now``: other pages include the card with this."""
    manage = selectors.may_manage(user, one.rep)
    return {
        "handoff": one,
        "worked": promises.worked_said(one),
        "assignments": selectors.assignments_told(one),
        "may_decide": one.state == Handoff.State.ASSIGNED and selectors.may_decide(user, one),
        "may_manage": manage and one.state != Handoff.State.REJECTED,
        "reasons": selectors.reasons_active(),
        **passing_context(user, one),
        "reps": selectors.reps_for(user).exclude(pk=one.rep_id or 0) if manage else [],
    }
