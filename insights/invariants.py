"""What must hold of the contract's kept weeks, for ``manage.py doctor``."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from core.clock import db_now
from core.invariants import SHOWN, Broken
from insights.contract_rows import NUMBERS
from insights.metrics.contract import is_small
from insights.metrics.scope import Scope
from insights.models import EVERYBODY, Contract, ContractWeek
from insights.rules.contract import Cell, total
from insights.rules.weeks import Weeks
from insights.selectors import contract_now
from insights.services.weeks import KEPT, NEWEST, week_keep, weeks_due, weeks_known
from team.models import User
from team.rules import zone_get

LATE = "insights: a kept week is counted again in time"
TORN = "insights: a kept week is whole"
OTHER = "insights: a kept week equals its rows"
TRIES = 3  # an answer may be logged between the count and the look at its rows


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """Above so many handoffs that weeks are kept. The last two that are over and the oldest are counted again first:
    a week that is merely behind is not broken."""
    held = contract_now()
    weeks = weeks_known(now, held)
    if is_small(weeks):
        return
    late = [(monday, at) for monday, at in weeks_due(weeks, now, grace).items() if at]
    for monday, at in late[:SHOWN]:
        yield Broken(LATE, f"the week of {monday} was counted last {at:%Y-%m-%d %H:%M}.", serious=False)
    mondays = weeks.mondays
    for monday in mondays[-KEPT:]:
        if _torn(monday):
            yield Broken(TORN, f"the week of {monday}: everybody's numbers are not the sum of the owners'.")
    for monday in sorted({mondays[0], *mondays[-NEWEST - 1 : -1]}):
        wrong: list[str] = []
        for _ in range(TRIES):
            wrong = _unlike_rows(monday, held)
            if not wrong:
                break
        yield from (Broken(OTHER, f"the week of {monday}: {line}.") for line in wrong)


def _cells(monday: date) -> dict[int, Cell]:
    rows = ContractWeek.objects.filter(monday=monday).values_list("owner", "body")
    return {owner: Cell.load(body) for owner, body in rows}


def _torn(monday: date) -> bool:
    cells = _cells(monday)
    return bool(cells) and cells.pop(EVERYBODY, None) != total(cells.values())


def _unlike_rows(monday: date, held: Contract) -> list[str]:
    """Numbers of a week that differ from the rows that they open on the page."""
    now = db_now()
    if not week_keep(monday, now, held):
        return []  # counted or promised otherwise at this very moment
    cell: Any = _cells(monday)[EVERYBODY]
    week = Weeks.of(monday, zone_get(held.time_zone))
    scope = Scope(user=User(is_admin=True), period=week, now=now, view="activity")
    kept = {"delivered": cell.mqls, "decided": cell.decided}
    kept |= {name: getattr(cell, name) for name in NUMBERS if hasattr(cell, name)}
    rows = {name: NUMBERS[name][2](scope).count() for name in kept}
    return [f"{name} says {n:,}, its rows are {rows[name]:,}" for name, n in kept.items() if n != rows[name]]
