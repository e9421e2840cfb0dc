"""What is for sale: managers keep the list."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import Refused
from core.pages import refuse
from deals.forms import ProductForm
from deals.models import Product
from deals.services import product_save
from team.access import roles_required


@roles_required("manager")
@require_http_methods(["GET", "HEAD", "POST"])
def products(request: HttpRequest) -> HttpResponse:
    """The list, and a form for one more."""
    return _page(request, None)


@roles_required("manager")
@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """The list with one product open for changing."""
    return _page(request, get_object_or_404(Product, pk=pk))


def _page(request: HttpRequest, product: Product | None) -> HttpResponse:
    names = list(ProductForm.base_fields)
    initial = {name: getattr(product, name) for name in names} if product else {"currency": settings.CURRENCY}
    form = ProductForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = product_save(product=product, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("deals:products")
    rows = Product.objects.order_by("-is_active", "name", "pk")[:500]
    context = {"form": form, "rows": rows, "product": product}
    return render(request, "deals/products.html", context, status=422 if form.errors else 200)
