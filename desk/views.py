"""Pages that need several rooms at once: home, my queue, the lead page, search."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from core.clock import screen_now
from core.errors import Refused
from core.rules import whole_read
from deals.models import Deal
from desk import selectors
from desk.forms import LogForm
from desk.search import find
from handoff.models import Handoff
from handoff.selectors import reasons_active
from leads.models import Lead
from leads.services import activity_record
from team.access import roles_required
from team.models import User

QUEUE_ROLES = ("rep", "manager")
EVERYBODY = ("marketer", "rep", "manager")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Each person starts where their day does."""
    user: Any = request.user
    if user.is_rep:
        return redirect("desk:queue")
    if user.is_manager or user.is_admin:
        return redirect("insights:funnel")
    return redirect("insights:marketing" if user.is_marketer else "team:profile")


@require_safe
@roles_required(*QUEUE_ROLES)
def queue(request: HttpRequest) -> HttpResponse:
    """My queue. ``?open=handoff-12`` opens that person beside the list."""
    found = selectors.queue_get(request.user, screen_now())
    wanted = request.GET.get("open", "")
    chosen = next((one for one in found.items if one.key == wanted), None)
    first = found.items[0] if found.items else None
    shown = chosen or first
    context: dict[str, Any] = {"queue": found, "chosen": chosen, "opened": chosen is not None}
    context |= {"selected": shown.key if shown else ""}
    if chosen is not None:
        context |= _panel(request.user, chosen)
    else:
        # The list first: who the next one is comes as soon as the page is there (``queue_panel``).
        context["first"] = first
    return render(request, "desk/queue.html", context)


@require_safe
@roles_required(*QUEUE_ROLES)
def queue_list(request: HttpRequest) -> HttpResponse:
    """The list alone, asked for every two seconds; 204 while it looks the same as the page's ``?v=``."""
    found = selectors.queue_get(request.user, screen_now())
    if request.GET.get("v") == found.version:
        return HttpResponse(status=204)
    response = render(request, "desk/_queue_list.html", {"queue": found, "selected": request.GET.get("open", "")})
    known = set(request.GET.get("keys", "").split(","))
    if request.GET.get("v") and any(one.key not in known for one in found.clock):
        response["HX-Trigger"] = "queue-new"
    return response


@require_safe
@roles_required(*QUEUE_ROLES)
def queue_panel(request: HttpRequest, key: str) -> HttpResponse:
    """Who this is and why they are here, beside the list."""
    chosen = selectors.queue_item_get(request.user, key, screen_now())
    if chosen is None:
        return render(request, "desk/_panel_gone.html")
    return render(request, "desk/_panel.html", {"chosen": chosen, **_panel(request.user, chosen)})


def _panel(user: Any, chosen: selectors.QueueItem) -> dict[str, Any]:
    if chosen.lead_id is None:
        return {}
    lead = (
        Lead.objects.visible_to(user).select_related("company", "standing__stage").filter(pk=chosen.lead_id).first()
    )
    if lead is None:
        return {}
    context = selectors.lead_context(lead, user, size=8)
    return {**context, "deal": _deal(user, chosen.deal_id, context["deals"])}


def _deal(user: Any, pk: int | None, deals: list[Deal]) -> Deal | None:
    """The deal that an item is about, or else the lead's newest; only one that the person may see."""
    if pk is None:
        return next(iter(deals), None)
    return next((one for one in deals if one.pk == pk), None) or Deal.objects.visible_to(user).filter(pk=pk).first()


def _lead(request: HttpRequest, pk: int) -> Lead:
    rows = Lead.objects.visible_to(request.user).select_related(
        "company", "standing__stage__funnel", "standing__owner"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
@roles_required(*EVERYBODY)
def lead(request: HttpRequest, pk: int) -> HttpResponse:
    """All about one lead: path, why this score, what they did, deals, facts."""
    found = _lead(request, pk)
    return render(request, "desk/lead.html", selectors.lead_page(found, request.user))


@require_safe
@roles_required(*EVERYBODY)
def brief(request: HttpRequest, pk: int) -> HttpResponse:
    """What to know before the first word: the source, what they saw, what to say, what to ask (about ``?deal=``)."""
    deal = whole_read(request.GET.get("deal", "")) or 0
    return render(request, "desk/_brief.html", selectors.brief_of(_lead(request, pk), request.user, deal))


@require_safe
@roles_required(*EVERYBODY)
def lead_timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of the timeline: ``?cursor=`` for earlier ones, ``?kind=`` for one kind."""
    found = _lead(request, pk)
    cursor = request.GET.get("cursor", "")
    return render(
        request, "leads/_timeline.html", selectors.timeline_context(found, cursor, request.GET.get("kind", ""))
    )


@require_POST
@roles_required(*EVERYBODY)
def lead_log(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Log a call, e-mail, meeting or note; answers with the newest part of the timeline."""
    if kind not in selectors.LOG_KINDS:
        raise Http404
    user: Any = request.user
    found = _lead(request, pk)
    form = LogForm(request.POST, kind=kind)
    if not form.is_valid():
        return render(request, "desk/_log_form.html", {"lead": found, "kind": kind, "form": form}, status=422)
    try:
        activity_record(lead=found, kind=kind, by=user, properties=form.facts(), key=form.cleaned_data["once"])
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return render(request, "desk/_log_form.html", {"lead": found, "kind": kind, "form": form}, status=422)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk:lead", pk=pk)
    response = render(request, "desk/_logged.html", {"lead": found, **selectors.timeline_context(found, "", "")})
    trigger_client_event(response, "handoff-changed")
    trigger_client_event(response, "toast", {"text": f"Saved in the timeline of {found.name}."})
    return response


@require_safe
@roles_required(*EVERYBODY)
def log_form(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The dialog that asks what was said."""
    if kind not in selectors.LOG_KINDS:
        raise Http404
    found = _lead(request, pk)
    return render(request, "desk/_log_form.html", {"lead": found, "kind": kind, "form": LogForm(kind=kind)})


@require_safe
@roles_required(*QUEUE_ROLES)
def reject_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The dialog that asks for the reason; it posts to the handoff's own address."""
    found = get_object_or_404(Handoff.objects.visible_to(request.user).select_related("lead"), pk=pk)
    return render(request, "desk/_reject_form.html", {"handoff": found, "reasons": reasons_active()})


@require_safe
@roles_required(*EVERYBODY)
def search(request: HttpRequest) -> HttpResponse:
    """Ctrl-K: leads, companies, deals and pages by the beginning of their name."""
    user: Any = request.user
    assert isinstance(user, User)
    text = request.GET.get("q", "").strip()[:100]
    return render(request, "desk/_search.html", {"found": find(user, text), "q": text, "home": reverse("desk:home")})
