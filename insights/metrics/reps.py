"""The reps beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from insights.metrics.opened import Total
from insights.metrics.sales import closed_by
from insights.metrics.scope import Scope
from insights.rules import rates
from team.models import User


@dataclass
class RepLine:
    """One rep's line of the sales page."""

    pk: int
    name: str = "Nobody"
    open: int = 0
    open_value: Decimal = Decimal(0)
    won: int = 0
    lost: int = 0
    won_value: Decimal = Decimal(0)

    @property
    def win_rate(self) -> float | None:
        return rates.win_rate(self.won, self.lost)


def per_rep(scope: Scope, opened: Mapping[int, Total]) -> list[RepLine]:
    """Deals by owner: open now; won and lost in the period. Two queries."""
    found = {pk: RepLine(pk, open=one.n, open_value=one.value) for pk, one in opened.items()}
    for owner, won_, _, _, n, _, value in closed_by(scope, "owner"):
        line = found.setdefault(owner, RepLine(owner))
        if won_:
            line.won, line.won_value = line.won + n, line.won_value + value
        else:
            line.lost += n
    for pk, name in User.objects.filter(pk__in=found).values_list("pk", "name"):
        found[pk].name = name
    return sorted(found.values(), key=lambda one: (-one.won_value, -one.won, one.name))
