"""The board and what is done on it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import screen_now
from core.errors import Refused
from core.pages import status_of
from core.rules import whole_read
from deals.access import sees_prices, works_deals
from deals.forms import BoardFilter, MoveForm
from deals.forms.work import edit_form
from deals.models import Deal
from deals.selectors import board_column
from deals.services import deal_move_with, deal_undo
from deals.services.moves import deal_missing
from deals.views.common import (
    Say,
    answer,
    board_context,
    deal_worked,
    first_error,
    say_moved,
    say_no,
)
from funnels.models import Funnel, Stage
from team.access import roles_required


@roles_required("marketer", "rep", "manager")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """A pipeline's open stages as columns; htmx gets the board only."""
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "deals/_board.html" if part else "deals/board.html", board_context(request))


@roles_required("marketer", "rep", "manager")
@require_safe
def column(request: HttpRequest, stage: int) -> HttpResponse:
    """More cards of one column, below ``?after=``."""
    found = get_object_or_404(Stage.objects.select_related("funnel"), pk=stage, funnel__kind=Funnel.Kind.SALES)
    filters = BoardFilter(request.GET, user=request.user)
    try:
        cards, more = board_column(
            request.user, filters.wanted(), found, screen_now(), after=request.GET.get("after", "")
        )
    except Refused as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    context = {
        "cards": cards,
        "more": more,
        "stage": found,
        "query": filters.query(),
        "prices": sees_prices(request.user),
        "works": works_deals(request.user),
    }
    return render(request, "deals/_cards.html", context)


@roles_required("rep", "manager")
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a deal; what the stage asks for may come along in the same post. Answers with a form that asks for
    what is still missing."""
    deal = deal_worked(request, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return answer(request, pk, say_no(first_error(form)), status=422)
    to, seq = form.cleaned_data["stage"], form.cleaned_data["seq"]
    facts = edit_form(deal, request.user, request.POST)
    try:
        if not facts.is_valid():
            return _ask(request, deal, to, facts)
        cause = "board" if request.POST.get("from") == "board" else "moved"
        moved = deal_move_with(deal=deal, to=to, by=request.user, values=facts.values(), seq=seq, cause=cause)
    except Refused as refusal:
        if refusal.code == "required" and request.htmx:  # type: ignore[attr-defined]
            return _ask(request, deal, to, facts, refusal)
        return answer(request, pk, say_no(refusal), status=status_of(refusal))
    return answer(request, pk, say_moved(moved, f"{moved.name} is in {moved.stage}."))


def _ask(
    request: HttpRequest, deal: Deal, to: Stage, facts: forms.Form, refusal: Refused | None = None
) -> HttpResponse:
    """The form for what the stage asks for, in the page's dialog."""
    missing = set(deal_missing(deal, to)) | set(facts.errors)
    asked = edit_form(deal, request.user, where="ask")
    for name in [
        name for name in asked.fields if name not in missing and not (name == "currency" and "amount" in missing)
    ]:
        del asked.fields[name]
    context = {
        "deal": deal,
        "to": to,
        "form": asked,
        "refusal": refusal or first_error(facts),
        "from": request.POST.get("from", ""),
        "query": request.GET.urlencode(),
    }
    response = render(request, "deals/_ask.html", context, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#modal", "innerHTML"
    return response


@roles_required("rep", "manager")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the last move, win or loss."""
    deal = deal_worked(request, pk)
    try:
        back = deal_undo(deal=deal, by=request.user, seq=whole_read(request.POST.get("seq", "")) or 0)
    except Refused as refusal:
        return answer(request, pk, say_no(refusal), status=status_of(refusal))
    return answer(request, pk, Say(f"{back.name} is back in {back.stage}."))
