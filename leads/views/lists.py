"""The leads list: search, filters in the address, keyset pages, export."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import csvsafe
from core.clock import screen_now
from core.keyset import Page, keyset_page
from leads.models import CustomField
from leads.selectors.export import export_rows
from leads.selectors.filters import SORTS, LeadFilter, filter_apply, filter_read
from leads.selectors.lists import list_choices, rows_shown, sources_known
from leads.selectors.words import count_capped, count_said
from team.access import roles_required

PAGE = 50


@roles_required("marketer", "rep", "manager")
@require_safe
@vary_on_headers("HX-Request")
def lead_list(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its results, and the address is pushed in its shortest form."""
    context = _results(request)
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        reply = render(request, "leads/_results.html", context)
        reply["HX-Push-Url"] = context["here"]
        return reply
    context |= {"sources": sources_known(), "sorts": SORTS, "days": DAYS}
    return render(request, "leads/list.html", context)


DAYS = [(1, "the last day"), (7, "the last 7 days"), (30, "the last 30 days"), (90, "the last 90 days")]


def _results(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    found = filter_read(request.GET, user)
    rows: Any = filter_apply(found, user, screen_now())
    page: Page = keyset_page(
        rows, wide=rows_shown(), sort=found.column, cursor=request.GET.get("cursor", ""), size=PAGE
    )
    known = len(page.rows) if not page.next and not page.previous else None
    count = known if known is not None else count_capped(rows)
    query = found.query()
    choices = list_choices(user)
    return {
        "page": page,
        "rows": page.rows,
        "filter": found,
        "count": count,
        "count_said": count_said(count),
        "query": query,
        "here": request.path + (f"?{found.query(cursor=request.GET.get('cursor', ''))}" if query else ""),
        "next_query": found.query(cursor=page.next),
        "previous_query": found.query(cursor=page.previous),
        "choices": choices,
        "chips": _chips(found, choices),
        "can_own": user.has_role("manager", "marketer"),
        "can_erase": user.has_role("manager"),
    }


def _chips(found: LeadFilter, choices: dict[str, list[dict[str, Any]]]) -> list[dict[str, str]]:
    """Each active filter in words, with the address that takes it off."""
    names = {kind: {str(one["id"]): one["name"] for one in choices[f"{kind}s"]} for kind in ("stage", "owner", "tag")}
    names["owner"] |= {"me": "me", "none": "nobody"}
    names["has_email"] = {"1": "yes", "0": "no"}
    chips = []
    for name, value in found.values.items():
        label = {"q": "begins with", "score_min": "score from", "score_max": "score to"}.get(
            name, name.replace("_", " ")
        )
        said = names.get(name, {}).get(value, value)
        if name == "segment":
            said = found.segment.name if found.segment else "unknown"
        if name in ("created", "active"):
            said = f"within {value} days"
        if name == "condition":
            said = "as written"
        chips.append({"label": label, "said": said, "query": found.without(name).query()})
    return chips


@roles_required("marketer", "rep", "manager")
@require_safe
def lead_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The filtered list as CSV, streamed in keyset chunks: memory does not grow with the number of leads."""
    user: Any = request.user
    found = filter_read(request.GET, user)
    rows = filter_apply(found, user, screen_now())
    if found.problems:
        return HttpResponse(" ".join(found.problems), status=400, content_type="text/plain; charset=utf-8")
    custom = list(CustomField.objects.all())
    bom = request.GET.get("bom") == "1"
    reply = StreamingHttpResponse(
        csvsafe.lines(export_rows(rows, sort=found.column, custom=custom), bom=bom),
        content_type="text/csv; charset=utf-8",
    )
    day = timezone.localdate()
    reply["Content-Disposition"] = f'attachment; filename="leads-{day:%Y-%m-%d}.csv"'
    return reply
