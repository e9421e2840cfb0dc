"""What came in and could not be taken: why, what it was, and another try."""

import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refused
from core.models import Leased
from leads.models import InboxItem
from leads.services.forms import STUCK, inbox_correct
from leads.services.forms import inbox_retry as retry_one
from leads.services.forms import inbox_retry_all as retry_every
from team.access import roles_required

SHOWN = [Leased.State.PENDING, Leased.State.QUARANTINED, Leased.State.DEAD]


@roles_required("marketer")
@require_safe
def inbox_list(request: HttpRequest) -> HttpResponse:
    states = [str(state) for state in SHOWN]
    counted = dict(InboxItem.objects.filter(state__in=states).values_list("state").annotate(n=Count("pk")).order_by())
    state = request.GET.get("state", "")
    if state not in states:
        state = next((one for one in states[1:] if counted.get(one)), states[0])
    page = Paginator(InboxItem.objects.filter(state=state).order_by("-id"), 50).get_page(request.GET.get("page"))
    tabs = [(one, Leased.State(one).label, counted.get(one, 0)) for one in states]
    return render(request, "leads/inbox.html", {"tabs": tabs, "state": state, "page": page, "stuck": state in STUCK})


@roles_required("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def inbox_item(request: HttpRequest, pk: int) -> HttpResponse:
    """One capture with its body; a POST corrects it and tries again."""
    item = get_object_or_404(InboxItem.objects.select_related("lead"), pk=pk)
    text, error = json.dumps(item.body, indent=2, ensure_ascii=False), ""
    if request.method == "POST":
        text = request.POST.get("body", "")
        try:
            inbox_correct(item, text=text, by=request.user)
            messages.success(request, "Corrected; it is being taken in again.")
            return redirect("leads:inbox")
        except Refused as refusal:
            error = f"{refusal.field}: {refusal.message}".removeprefix(": ")
    context = {"item": item, "text": text, "error": error, "stuck": item.state in STUCK}
    return render(request, "leads/inbox_item.html", context, status=422 if error else 200)


@roles_required("marketer")
@require_POST
def inbox_retry(request: HttpRequest, pk: int) -> HttpResponse:
    item = get_object_or_404(InboxItem, pk=pk)
    try:
        retry_one(item)
        messages.success(request, "It is being taken in again.")
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("leads:inbox")


@roles_required("marketer")
@require_POST
def inbox_retry_all(request: HttpRequest) -> HttpResponse:
    state = request.POST.get("state", "")
    count = retry_every(state) if state in STUCK else 0
    messages.success(request, f"{count:,} captures are being taken in again.")
    return redirect("leads:inbox")
