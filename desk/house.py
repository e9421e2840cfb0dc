"""Pages for those who keep the house: what was to be sent, and what was given up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import leases, outbox
from core.keyset import keyset_page
from core.models import OutboxMessage
from team.access import roles_required

STATES = OutboxMessage.State


@require_safe
@roles_required("admin")
def deliveries(request: HttpRequest) -> HttpResponse:
    """What was to be sent or done, what was given up and why."""
    state = request.GET.get("state", "")
    rows = OutboxMessage.objects.exclude(topic="setup")
    if state in STATES.values:
        rows = rows.filter(state=state)
    page = keyset_page(rows, sort="-pk", cursor=request.GET.get("cursor", ""))
    dead = OutboxMessage.objects.filter(state=STATES.DEAD).count()
    context = {"page": page, "state": state, "states": STATES.choices, "dead": dead}
    return render(request, "desk/deliveries.html", context)


@require_POST
@roles_required("admin")
def deliveries_retry(request: HttpRequest) -> HttpResponse:
    """Try again what was given up: one, or all."""
    pk = request.POST.get("pk", "")
    rows = OutboxMessage.objects.filter(state=STATES.DEAD)
    number = leases.retry_now(rows.filter(pk=int(pk)) if pk.isdigit() else rows)
    outbox.wake("core.tasks.outbox_drain")
    messages.success(request, f"{number} put back: they are tried again now.")
    return redirect("desk:deliveries")
