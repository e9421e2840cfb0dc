"""What is for sale."""

from decimal import Decimal

from django.db import IntegrityError, transaction

from core.errors import Refused
from deals import rules
from deals.models import Product


def product_save(
    *,
    product: Product | None,
    sku: str,
    name: str,
    series: str = "",
    price: Decimal,
    currency: str,
    is_active: bool = True,
) -> Product:
    """Add a product, or change the one given. Raises Refused for a SKU in use or a price that is none."""
    if refusal := rules.amount_refusal(price):
        raise Refused(refusal, field="price")
    row = product or Product()
    row.sku, row.name, row.series = sku.strip(), name.strip(), series.strip()
    row.price, row.currency, row.is_active = price, currency.upper(), is_active
    if not row.sku or not row.name:
        raise Refused("A product needs a SKU and a name.", field="sku" if not row.sku else "name")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("Another product has this SKU.", field="sku") from None
    return row
