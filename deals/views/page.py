"""One deal: its page, and writing on it."""

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.errors import Refused
from core.pages import status_of
from deals.forms import AssignForm, LogForm, ProductsForm
from deals.forms.work import edit_form
from deals.services import deal_assign, deal_products_set, deal_update
from deals.views.common import Say, answer, deal_context, deal_seen, deal_worked, first_error, say_no
from leads.services import activity_record
from team.access import roles_required

KINDS = {"call": "Call", "email": "E-mail", "meeting": "Meeting", "note": "Note"}


@roles_required("marketer", "rep", "manager")
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "deals/detail.html", deal_context(request, deal_seen(request, pk)))


def _no(request: HttpRequest, pk: int, refusal: Refused) -> HttpResponse:
    return answer(request, pk, say_no(refusal), status=status_of(refusal))


def _invalid(request: HttpRequest, pk: int, form: Form) -> HttpResponse:
    return _no(request, pk, first_error(form))


@roles_required("rep", "manager")
@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the posted facts: amount, dates, budget, authority, need, timeline, next step."""
    deal = deal_worked(request, pk)
    form = edit_form(deal, request.user, request.POST)
    if not form.is_valid():
        return _invalid(request, pk, form)
    try:
        deal_update(deal=deal, by=request.user, values=form.values())
    except Refused as refusal:
        return _no(request, pk, refusal)
    return answer(request, pk, Say("Saved."))


@roles_required("rep", "manager")
@require_POST
def products(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_worked(request, pk)
    form = ProductsForm(request.POST)
    if not form.is_valid():
        return _invalid(request, pk, form)
    deal_products_set(deal=deal, products=form.cleaned_data["products"], by=request.user)
    return answer(request, pk, Say("Products saved."))


@roles_required("manager")
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the deal to another rep."""
    deal = deal_worked(request, pk)
    form = AssignForm(request.POST, user=request.user)
    if not form.is_valid():
        return _invalid(request, pk, form)
    try:
        given = deal_assign(deal=deal, owner=form.chosen(), by=request.user)
    except Refused as refusal:
        return _no(request, pk, refusal)
    return answer(request, pk, Say(f"{given.owner} has it now."))


@roles_required("rep", "manager")
@require_POST
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """A call, e-mail, meeting or note on the timeline of the deal's lead."""
    deal = deal_worked(request, pk)
    form = LogForm(request.POST)
    if not form.is_valid():
        return _invalid(request, pk, form)
    if deal.lead is None:
        return _no(request, pk, Refused("The deal has no person to log this on.", field="lead"))
    kind, once = form.cleaned_data["kind"], form.cleaned_data["once"]
    told = {**form.facts(), "deal": deal.pk}
    try:
        activity_record(lead=deal.lead, kind=kind, by=request.user, properties=told, key=once)
    except Refused as refusal:
        return _no(request, pk, refusal)
    return answer(request, pk, Say(f"{KINDS[kind]} logged."))
