"""What the deal views share: finding the deal, and answering in the shape that was asked for."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from core.clock import screen_now
from core.errors import Refused
from deals.access import sees_prices, works_deals
from deals.forms import AssignForm, BoardFilter, LogForm, ProductsForm, TaskForm
from deals.forms.work import edit_form
from deals.models import Deal, Product
from deals.selectors import board, deal_page
from deals.selectors.checklist import checklist_of
from funnels.selectors import stages_all


@dataclass
class Say:
    """A line above the fragment: what happened, and how to take it back."""

    text: str
    bad: bool = False
    undo: str = ""
    seq: int = 0


def deal_seen(request: HttpRequest, pk: int) -> Deal:
    """The deal, when the person may see it; else 404."""
    rows = Deal.objects.visible_to(request.user).select_related(
        "stage__funnel", "lead__company", "company", "owner", "lost_reason"
    )
    return get_object_or_404(rows, pk=pk)


def deal_worked(request: HttpRequest, pk: int) -> Deal:
    """The deal, when the person may work on it; 404 when they do not see it, 403 when they only see it."""
    deal = deal_seen(request, pk)
    if not Deal.objects.editable_by(request.user).filter(pk=pk).exists():
        raise PermissionDenied
    return deal


def say_moved(deal: Deal, text: str) -> Say:
    return Say(text, undo=reverse("deals:undo", args=[deal.pk]), seq=deal.seq)


def say_no(refusal: Refused) -> Say:
    return Say(refusal.message, bad=True)


def first_error(form: Form) -> Refused:
    """The first thing a form did not understand, as a refusal."""
    name, errors = next(iter(form.errors.items()))
    return Refused(f"{form.fields[name].label or name.replace('_', ' ')}: {errors[0]}", field=name)


def answer(request: HttpRequest, pk: int, say: Say, *, status: int = 200) -> HttpResponse:
    """After a change: the board or the deal as it is now (htmx), else back to the page with the message."""
    on_board = request.POST.get("from") == "board"
    if not request.htmx:  # type: ignore[attr-defined]
        (messages.error if say.bad else messages.success)(request, say.text)
        return redirect("deals:board") if on_board else redirect("deals:detail", pk=pk)
    if on_board:
        response = render(request, "deals/_board.html", board_context(request, say), status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#board", "outerHTML"
    else:
        response = render(
            request, "deals/_deal.html", deal_context(request, deal_seen(request, pk), say), status=status
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#deal", "outerHTML"
    response["HX-Trigger-After-Swap"] = "close-modal"
    return response


def board_context(request: HttpRequest, say: Say | None = None) -> dict[str, Any]:
    """The board that the query string asks for."""
    stages = stages_all()
    filters = BoardFilter(request.GET, user=request.user)
    return {
        "board": board(request.user, filters.wanted(), stages, screen_now()),
        "filters": filters,
        "query": filters.query(),
        "say": say,
        "prices": sees_prices(request.user),
        "works": works_deals(request.user),
    }


def deal_context(request: HttpRequest, deal: Deal, say: Say | None = None, **more: Any) -> dict[str, Any]:
    user: Any = request.user
    may = Deal.objects.editable_by(user).filter(pk=deal.pk).exists()
    chosen = list(deal.products.all())
    context = {
        "deal": deal,
        "page": deal_page(deal, user, stages_all(), screen_now()),
        "products": chosen,
        "say": say,
        "prices": sees_prices(user),
        "may": may,
        "form": edit_form(deal, user),
        "log": LogForm(),
        "task": TaskForm(),
        "checklist": checklist_of(deal, screen_now()) if works_deals(user) else None,
    }
    if may:
        context["assign"] = AssignForm(user=user, initial={"owner": str(deal.owner_id)})
        if Product.objects.filter(is_active=True).exists():
            context["choose"] = ProductsForm(initial={"products": [one.pk for one in chosen]})
    return context | more
