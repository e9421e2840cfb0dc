"""How many reps it takes. The page comes at once; the simulation follows, unless it is known already."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.boards import staffing as board
from insights.boards.common import teams_of
from insights.forms import StaffingForm
from insights.selectors import contract_now
from insights.services.staffing import gather, staffing_answer, staffing_known
from team.access import roles_required
from team.rules import WEEKDAYS


@roles_required("manager")
@require_safe
def staffing(request: HttpRequest) -> HttpResponse:
    form, held = StaffingForm(request.GET), contract_now()
    asked, scope = form.asked(), form.scope(request.user, held)
    known = gather(scope)
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    now = part or "now" in request.GET
    answer = None
    if known.leads:
        answer = staffing_answer(known, asked) if now else staffing_known(known, asked)
    context: dict[str, Any] = {
        "form": form,
        "asked": asked,
        "scope": scope,
        "known": known,
        "teams": teams_of(request.user),
        "days": list(enumerate(WEEKDAYS)),
        "hours_from": range(24),
        "hours_to": range(1, 25),
        "handling": board.handling_said(known, asked),
        "arrivals": board.arrivals_said(known),
        "query": request.GET.urlencode(),
    }
    if answer:
        context |= board.page(known, asked, answer)
    response = render(request, "insights/_staffing.html" if part else "insights/staffing.html", context)
    response["Vary"] = "HX-Request"
    return response
