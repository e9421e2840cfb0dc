"""The deals list, its export, and a new deal."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import csvsafe
from core.clock import screen_now
from core.errors import Refused
from core.pages import refuse
from core.rules import whole_read
from deals.access import sees_prices, works_deals
from deals.forms import DealFilter, DealNewForm
from deals.selectors import deal_rows, deals_list
from deals.selectors.listing import deals_export, sort_of
from deals.services import deal_create
from funnels.selectors import stages_all
from leads.models import Lead
from team.access import roles_required


@roles_required("marketer", "rep", "manager")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list; htmx gets its rows only."""
    stages = stages_all()
    filters = DealFilter(request.GET, user=request.user, stages=stages)
    wanted = filters.wanted()
    page = deals_list(request.user, wanted, stages, screen_now(), cursor=request.GET.get("cursor", ""))
    context = {
        "filters": filters,
        "filtered": bool(wanted.keys() - {"sort"}),
        "query": filters.query(),
        "page": page,
        "sort": sort_of(request.user, wanted),
        "prices": sees_prices(request.user),
        "works": works_deals(request.user),
    }
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "deals/_rows.html" if part else "deals/list.html", context)


@roles_required("marketer", "rep", "manager")
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered deals as CSV, streamed."""
    stages = stages_all()
    wanted = DealFilter(request.GET, user=request.user, stages=stages).wanted()
    rows = deals_export(request.user, deal_rows(request.user, wanted, stages, screen_now()))
    response = StreamingHttpResponse(csvsafe.lines(rows, bom=True), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="deals.csv"'
    return response


@roles_required("rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A deal by hand; ``?lead=`` fills in whose it is."""
    form = DealNewForm(request.POST or None, user=request.user, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            deal = deal_create(by=request.user, **form.values())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{deal} is open in {deal.stage}.")
            return redirect("deals:detail", pk=deal.pk)
    status = 422 if form.errors else 200
    return render(request, "deals/new.html", {"form": form}, status=status)


def _initial(request: HttpRequest) -> dict[str, Any]:
    lead = Lead.objects.visible_to(request.user).filter(pk=whole_read(request.GET.get("lead", "")) or 0).first()
    return {"lead": lead, "lead_email": lead.email} if lead else {}
