"""Keeping the contract's weeks where there are many handoffs. The two newest are counted again every minute, those of
half a year every quarter of an hour, older ones once a day: a verdict or an answer may come weeks later, and a
deadline passes without anybody saving anything, so time alone decides when to count."""

import time
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from core.clock import db_now
from handoff.models import Handoff
from insights.metrics.contract import is_small
from insights.metrics.week_count import Work
from insights.models import EVERYBODY, Contract, ContractWeek
from insights.rules.contract import Cell, total
from insights.rules.weeks import WEEK, Weeks, monday_of, weeks_back
from insights.selectors import contract_now, terms_of
from team.rules.calendar import zone_get

KEPT = 26  # weeks at the least; all of them since the first handoff
MOST = 1040
NEWEST = 2
OFTEN, SELDOM, RARELY = timedelta(minutes=1), timedelta(minutes=15), timedelta(days=1)


def weeks_drain(*, seconds: float = 10, now: datetime | None = None) -> int:
    """Count the weeks whose time has come, the newest first; returns how many. Of two at once the later one stays."""
    now = now or db_now()
    held = contract_now()
    weeks = weeks_known(now, held)
    due = weeks_due(weeks, now)
    if not due or is_small(weeks):
        return 0
    done, end = 0, time.monotonic() + seconds
    for monday in due:
        week_keep(monday, now, held)
        done += 1
        if time.monotonic() > end:
            break
    return done


def weeks_known(now: datetime, held: Contract) -> Weeks:
    """The weeks to keep, when there are more handoffs in them than can be counted while somebody waits."""
    zone = zone_get(held.time_zone)
    first = Handoff.objects.order_by("opened_at", "id").values_list("opened_at", flat=True).first()
    back = (monday_of(now, zone) - monday_of(first, zone)) // WEEK + 1 if first else 0
    return weeks_back(now, zone, max(KEPT, min(back, MOST)))


def weeks_due(weeks: Weeks, now: datetime, late: timedelta = timedelta(0)) -> dict[date, datetime | None]:
    """The weeks to be counted (since at least ``late``), the newest first, and when each was counted last."""
    rows = ContractWeek.objects.filter(monday__gte=weeks.first, owner=EVERYBODY)
    counted = dict(rows.values_list("monday", "counted_at"))
    found: dict[date, datetime | None] = {}
    for back, monday in enumerate(reversed(weeks.mondays)):
        age = OFTEN if back < NEWEST else SELDOM if back < KEPT else RARELY
        if monday not in counted or now - counted[monday] > age + late:
            found[monday] = counted.get(monday)
    return found


def week_keep(monday: date, now: datetime, held: Contract) -> bool:
    """Count one week and keep it: for each owner, and for everybody. Not kept when somebody counted it later, or
    changed the contract since ``held`` was read: what was counted may not hold any more."""
    week = Weeks.of(monday, zone_get(held.time_zone))
    cells = Work(week, now, terms_of()).count()[monday]
    rows: dict[int, Any] = {EVERYBODY: total(cells.values()), **cells}
    contract_now(make=True)
    with transaction.atomic():
        current = Contract.objects.select_for_update().get(pk=1)  # one after the other
        kept = ContractWeek.objects.filter(monday=monday)
        if current.revision != held.revision or kept.filter(counted_at__gt=now).exists():
            return False
        kept.delete()
        ContractWeek.objects.bulk_create([_row(monday, owner, cell, now) for owner, cell in rows.items()])
    return True


def _row(monday: date, owner: int, cell: Cell, now: datetime) -> ContractWeek:
    return ContractWeek(monday=monday, owner=owner, body=cell.dump(), counted_at=now)
