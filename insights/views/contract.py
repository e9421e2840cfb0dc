"""The contract page, what is promised, and the rows behind its numbers."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import csvsafe
from core.clock import db_now
from core.errors import Refused
from core.pages import refuse
from core.rules import whole_read
from insights import behind as rows_behind
from insights import contract_rows
from insights.boards import contract as board
from insights.boards.common import teams_of
from insights.boards.links import WeekLinks, whose
from insights.boards.weeks_csv import weeks_rows
from insights.forms import PromiseForm, WeeksForm, ZoneForm
from insights.models import Contract, Promise
from insights.rules.weeks import WEEK, monday_of, week_name
from insights.selectors import contract_now, path_now, terms_of
from insights.services import promises
from team.access import roles_required
from team.rules import zone_get

READERS = ("manager", "marketer", "rep")


@roles_required(*READERS)
@require_safe
def contract(request: HttpRequest) -> HttpResponse:
    """Both sides' record by week."""
    form, held = WeeksForm(request.GET), contract_now()
    scope = form.scope(request.user, held)
    filters = {name: value for name, value in form.kept().items() if name != "view"}
    period: Any = scope.period
    newer, older = period.last + WEEK, period.first - WEEK
    newest = monday_of(scope.now, period.zone)
    context = board.page(scope, terms_of(), WeekLinks(filters)) | {
        "form": form,
        "scope": scope,
        "contract": held,
        "teams": teams_of(request.user),
        "older": form.query(until=week_name(older)),
        "query": form.query(),
        "without_campaign": form.query(campaign=None),
        "newer": form.query(until=week_name(newer) if newer < newest else None) if period.last < newest else None,
        "may_promise": request.user.has_role("manager"),  # type: ignore[union-attr]
        "has_promises": Promise.objects.exists(),
    }
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    response = render(request, "insights/_contract.html" if part else "insights/contract.html", context)
    response["Vary"] = "HX-Request"
    return response


@roles_required(*READERS)
@require_safe
def contract_csv(request: HttpRequest) -> HttpResponse:
    """The weeks that the page shows, for a spreadsheet."""
    form, held = WeeksForm(request.GET), contract_now()
    scope = form.scope(request.user, held)
    period: Any = scope.period
    who = " ".join(part for part in (whose(scope), f"Campaign {scope.campaign}." if scope.campaign else "") if part)
    lines = csvsafe.lines(weeks_rows(scope, terms_of(), who or "The whole company."), bom=True)
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    name = f"contract-{week_name(period.first)}-{week_name(period.last)}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@roles_required(*READERS)
@require_safe
def contract_rows_(request: HttpRequest) -> HttpResponse:
    """``?what=`` names the number; ``week`` one week, else those of the page."""
    form = WeeksForm(request.GET)
    asked = contract_rows.Asked(
        request.GET.get("what", ""),
        whole_read(request.GET.get("reason", "")),
        form.value("campaign") or "",
        form.value("source") or "",
    )
    scope = form.scope(request.user, contract_now())
    found = contract_rows.behind(asked, scope, terms_of())
    if found is None:
        raise Http404("No such number.")
    page, lines = rows_behind.page(found, scope, path_now(), request.GET.get("cursor", ""))
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "behind": found,
        "total": found.rows.count(),
        "page": page,
        "lines": lines,
        "scope": scope,
        "query": query.urlencode(),
    }
    return render(request, "insights/rows.html", context)


@roles_required("manager", "marketer")
@require_safe
def promise(request: HttpRequest) -> HttpResponse:
    """All versions, and the form of a new one."""
    held = contract_now()
    user: Any = request.user
    return _promises(request, PromiseForm(user=user, initial=_initial(user, held)), held, 200)


@roles_required("manager")
@require_POST
def promise_new(request: HttpRequest) -> HttpResponse:
    """Promise from a week on; of two who do so at once, the second is told."""
    user: Any = request.user
    form, status = PromiseForm(request.POST, user=user), 422
    if form.is_valid():
        sent = form.cleaned_data
        try:
            made = promises.promise_save(
                by=user, revision=sent["revision"], team=sent["team"], since=sent["since"], values=form.values()
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            messages.success(request, f"Promised from {week_name(made.since)} on.")
            return redirect("insights:contract_promise")
    return _promises(request, form, contract_now(), status)


def _promises(request: HttpRequest, form: PromiseForm, held: Contract, status: int) -> HttpResponse:
    current = monday_of(db_now(), zone_get(held.time_zone))
    rows = list(Promise.objects.select_related("team", "made_by").order_by("-since", "team__name"))
    for one in rows:
        found: Any = one
        found.week, found.begun = week_name(one.since), one.since <= current
    context = {
        "form": form,
        "contract": held,
        "promises": rows,
        "zone_form": ZoneForm(initial={"time_zone": held.time_zone, "revision": held.revision}),
        "may": request.user.has_role("manager"),  # type: ignore[union-attr]
    }
    return render(request, "insights/promises.html", context, status=status)


def _initial(user: Any, held: Contract) -> dict[str, Any]:
    """What holds now, from next week on."""
    monday = monday_of(db_now(), zone_get(held.time_zone))
    team = None if user.is_admin else user.team_id
    terms = terms_of()(monday, team)
    names = ("mqls", "accept_share", "answer_share", "attempts", "attempt_days")
    begun = Promise.objects.filter(team=team).exists()
    since = monday + WEEK if begun else monday
    return {name: getattr(terms, name) for name in names} | {"since": since, "revision": held.revision, "team": team}


@roles_required("manager")
@require_POST
def promise_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Promise, pk=pk)
    revision = whole_read(request.POST.get("revision", "")) or 0
    try:
        promises.promise_withdraw(by=request.user, revision=revision, promise=row)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Withdrawn.")
    return redirect("insights:contract_promise")


@roles_required("manager")
@require_POST
def zone(request: HttpRequest) -> HttpResponse:
    form = ZoneForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a time zone from the list.")
        return redirect("insights:contract_promise")
    try:
        promises.zone_save(
            by=request.user, revision=form.cleaned_data["revision"], zone=form.cleaned_data["time_zone"]
        )
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Saved. The weeks are counted in that zone from now on.")
    return redirect("insights:contract_promise")
