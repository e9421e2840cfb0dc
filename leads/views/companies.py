"""Companies: list, page, edit."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import Refused
from core.keyset import keyset_page
from core.pages import refuse
from leads.forms.lead import CompanyForm
from leads.models import Lead, Standing
from leads.selectors.companies import companies_seen_by
from leads.services.editing import company_update
from team.access import roles_required

PAGE = 50
PEOPLE = 50


@roles_required("marketer", "rep", "manager")
@require_safe
def company_list(request: HttpRequest) -> HttpResponse:
    """Companies by name; ``q`` is the beginning of a name or a domain, ``industry`` exact."""
    q, industry = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "industry"))
    rows = companies_seen_by(request.user)
    if q:
        rows = rows.filter(Q(name__istartswith=q) | Q(domain__startswith=q.lower()))
    if industry:
        rows = rows.filter(industry__iexact=industry)
    page = keyset_page(rows, sort="name", cursor=request.GET.get("cursor", ""), size=PAGE)
    seen = Lead.objects.visible_to(request.user).filter(company__in=[row.pk for row in page.rows])
    counts = dict(seen.order_by().values_list("company").annotate(n=Count("pk")))
    context = {
        "page": page,
        "rows": [(row, counts.get(row.pk, 0)) for row in page.rows],
        "q": q,
        "industry": industry,
    }
    return render(request, "leads/companies.html", context)


@roles_required("marketer", "rep", "manager")
@require_safe
def company(request: HttpRequest, pk: int) -> HttpResponse:
    """A company and the people in it that one may see, best first."""
    row = get_object_or_404(companies_seen_by(request.user).select_related("owner", "parent"), pk=pk)
    people: Any = Standing.objects.visible_to(request.user).filter(lead__company=row)
    wide: Any = Standing.objects.all()
    page = keyset_page(
        people, wide=wide.with_lead(), sort="-score", cursor=request.GET.get("cursor", ""), size=PEOPLE
    )
    return render(request, "leads/company.html", {"company": row, "page": page})


@roles_required("marketer", "rep", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def company_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a company that one sees."""
    row = get_object_or_404(companies_seen_by(request.user), pk=pk)
    names = ["name", "domain", "industry", "employees", "revenue", "country", "city"]
    form = CompanyForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(row, name) for name in names}
    )
    if request.method == "POST" and form.is_valid():
        try:
            company_update(company=row, fields=form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row} was saved.")
            return redirect("leads:company", pk=pk)
    return render(
        request, "leads/company_edit.html", {"form": form, "company": row}, status=422 if form.errors else 200
    )
