"""The kinds of things that a file can bring."""

from core.errors import Refused
from intake.kinds.base import Kind
from intake.kinds.companies import Companies
from intake.kinds.deals import Deals
from intake.kinds.leads import Leads
from intake.kinds.products import Products
from intake.kinds.users import Users

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Leads(), Companies(), Products(), Users(), Deals())}


def kind_get(name: str) -> Kind:
    """Raises Refused for a kind there is not."""
    try:
        return KINDS[name]
    except KeyError:
        raise Refused(f"{name!r} is not one of {', '.join(KINDS)}.", field="kind") from None
