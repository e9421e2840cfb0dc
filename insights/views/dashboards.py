"""The three dashboards and the rows behind their numbers. htmx gets the part below the filters only."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights import behind
from insights.boards import common
from insights.boards import funnel as funnel_board
from insights.boards import marketing as marketing_board
from insights.boards import sales as sales_board
from insights.forms import FilterForm, RowsForm
from insights.selectors import path_now
from team.access import roles_required


def _answer(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    response = render(request, f"insights/_{name}.html" if part else f"insights/{name}.html", context)
    response["Vary"] = "HX-Request"
    return response


def _frame(request: HttpRequest) -> dict[str, Any]:
    """What every dashboard needs: filters, scope, path, freshness, links."""
    form = FilterForm(request.GET)
    path, fresh = path_now(), common.catch_up()
    scope = form.scope(request.user)
    choices = common.choices(scope, path, form)
    return {"form": form, "scope": scope, "path": path, "fresh": fresh, "links": common.Links(form), **choices}


@roles_required("manager", "marketer")
@require_safe
def funnel(request: HttpRequest) -> HttpResponse:
    frame = _frame(request)
    board = funnel_board.count(frame["scope"], frame["path"])
    by_value = frame["form"].value("by") == "value" and frame["scope"].sees_money
    return _answer(request, "funnel", frame | funnel_board.page(board, frame["links"], by_value=by_value))


@roles_required("manager", "marketer")
@require_safe
def marketing(request: HttpRequest) -> HttpResponse:
    frame = _frame(request)
    return _answer(request, "marketing", frame | marketing_board.page(frame["scope"], frame["path"], frame["links"]))


@roles_required("rep", "manager")
@require_safe
def sales(request: HttpRequest) -> HttpResponse:
    frame = _frame(request)
    return _answer(request, "sales", frame | sales_board.page(frame["scope"], frame["path"], frame["links"]))


@roles_required("rep", "manager", "marketer")
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """``?what=`` names the number; the filters are those of the page it stood on."""
    form, asked = FilterForm(request.GET), RowsForm(request.GET).asked()
    number = behind.NUMBERS.get(asked.what)
    if number is None:
        raise Http404("No such number.")
    user: Any = request.user
    if asked.what not in behind.FOR_REPS and not user.has_role("manager", "marketer"):
        raise PermissionDenied
    path, scope = path_now(), form.scope(user)
    found = number(scope, path, asked)
    page, lines = behind.page(found, scope, path, request.GET.get("cursor", ""))
    context = {
        "behind": found,
        "total": found.rows.count(),
        "page": page,
        "lines": lines,
        "scope": scope,
        "back": request.headers.get("HX-Current-URL", ""),
        "query": RowsForm(request.GET).query(form),
        "prices": scope.sees_money,
    }
    return _answer(request, "rows", context)
