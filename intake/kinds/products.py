"""What is sold."""

from collections.abc import Sequence
from typing import Any

from deals.models import Product
from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, differing
from intake.rules import key_fold


class Products(Kind):
    name, label, roles = "products", "Products", ("manager",)
    help = "A name or an SKU is needed; a missing SKU is made from the name."
    fields = (
        Field("name", "Name", limit=120, names=("product", "product name", "title", "item")),
        Field("sku", "SKU", limit=60, names=("code", "product code", "article", "id", "product id")),
        Field("series", "Series", limit=80, names=("family", "category", "line", "product line")),
        Field("price", "Price", "money", names=("sales price", "list price", "unit price", "retail price")),
        Field("currency", "Currency", limit=3, names=("cur",)),
    )

    def mapping_problem(self, targets: set[str]) -> str:
        return "" if targets & {"name", "sku"} else "Say which column is the product's name or SKU."

    def keys(self, values: dict[str, Any]) -> list[str]:
        if values.get("sku"):
            return ["sku:" + key_fold(values["sku"])]
        if values.get("name"):
            return ["name:" + key_fold(values["name"])]
        raise RowProblem("A product needs a name or an SKU.", "name")

    def write(self, items: Sequence[Item], context: Context) -> None:
        known = {key_fold(row.name): row for row in Product.objects.order_by("-pk")}
        skus = {key_fold(row.sku): row for row in Product.objects.all()}
        for item in items:
            values = dict(item.values)
            name = values.setdefault("name", values.get("sku", ""))
            row = skus.get(key_fold(values["sku"])) if values.get("sku") else known.get(key_fold(name))
            if row is None:
                row = Product(
                    **{"sku": _sku(name, set(skus)), "currency": context.currency, **values},
                )
                item.outcome = CREATED
            else:
                changed = differing(row, values)
                if key_fold(values["name"]) == key_fold(row.name) and not values.get("sku"):
                    changed.pop("name", None)  # found by a name that is spelt a little differently
                for field, value in changed.items():
                    setattr(row, field, value)
                item.outcome = UPDATED if changed else UNCHANGED
            known[key_fold(row.name)] = skus[key_fold(row.sku)] = row
            if item.outcome != UNCHANGED and not context.dry:
                row.save()


def _sku(name: str, taken: set[str]) -> str:
    base = "-".join("".join(c if c.isalnum() else " " for c in name.upper()).split())[:50] or "PRODUCT"
    found, number = base, 2
    while key_fold(found) in taken:
        found, number = f"{base}-{number}", number + 1
    return found
