"""Win, lose, reopen."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Conflict, Refused
from core.pages import refuse, status_of
from deals.forms import LoseForm, WinForm
from deals.models import Deal
from deals.services import deal_lose, deal_reopen, deal_win
from deals.views.common import answer, deal_worked, say_moved, say_no
from team.access import roles_required


@roles_required("rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def win(request: HttpRequest, pk: int) -> HttpResponse:
    """The amount, then won: a dialog (htmx) or a page."""
    deal = deal_worked(request, pk)
    form = WinForm(request.POST or None, initial={"amount": deal.amount, "seq": deal.seq}, auto_id="win-%s")

    def act() -> tuple[Deal, str]:
        given = form.cleaned_data
        won = deal_win(deal=deal, by=request.user, amount=given["amount"], seq=given["seq"])
        return won, f"{won.name} is won."

    return _close(request, deal, form, act, "deals/_win.html")


@roles_required("rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def lose(request: HttpRequest, pk: int) -> HttpResponse:
    """The reason, the objection, and whether marketing nurtures the lead again."""
    deal = deal_worked(request, pk)
    form = LoseForm(
        request.POST or None, initial={"seq": deal.seq, "nurture": deal.lead_id is not None}, auto_id="lose-%s"
    )

    def act() -> tuple[Deal, str]:
        given = form.cleaned_data
        lost = deal_lose(deal=deal, by=request.user, **given)
        return lost, f"{lost.name} is lost: {given['reason']}."

    return _close(request, deal, form, act, "deals/_lose.html")


def _close(
    request: HttpRequest, deal: Deal, form: Form, act: Callable[[], tuple[Deal, str]], fragment: str
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            closed, text = act()
        except Conflict as conflict:
            return answer(request, deal.pk, say_no(conflict), status=409)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            return answer(request, deal.pk, say_moved(closed, text))
    came_from = request.POST.get("from") or request.GET.get("from", "")
    context: dict[str, Any] = {
        "deal": deal,
        "form": form,
        "fragment": fragment,
        "from": came_from,
        "query": _without_from(request),
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    response = render(request, fragment if htmx else "deals/close.html", context, status=422 if form.errors else 200)
    if htmx:
        response["HX-Retarget"], response["HX-Reswap"] = "#modal", "innerHTML"
    return response


def _without_from(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("from", None)
    return kept.urlencode()


@roles_required("rep", "manager")
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the open stage that it was closed from."""
    deal = deal_worked(request, pk)
    try:
        opened = deal_reopen(deal=deal, by=request.user)
    except Refused as refusal:
        return answer(request, pk, say_no(refusal), status=status_of(refusal))
    return answer(request, pk, say_moved(opened, f"{opened.name} is open again, in {opened.stage}."))
