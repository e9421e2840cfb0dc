"""Keeping the contract's weeks where there are many handoffs. The two newest are counted again every minute, the
older ones every quarter of an hour: a verdict or an answer may come weeks later, and a deadline passes without
anybody saving anything, so time alone decides when to count."""

import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from core.clock import db_now
from insights.metrics.contract import Work, is_small
from insights.models import EVERYBODY, ContractWeek
from insights.rules.contract import Cell, total
from insights.rules.weeks import WEEK, Weeks, weeks_back
from insights.selectors import contract_now, terms_of
from team.rules.calendar import zone_get

KEPT = 26  # weeks
NEWEST = 2
OFTEN, SELDOM = timedelta(minutes=1), timedelta(minutes=15)


def weeks_drain(*, seconds: float = 10, now: datetime | None = None) -> int:
    """Count the weeks whose time has come, the newest first; returns how many. Two at once count the same twice, and
    the later one stays."""
    now = now or db_now()
    zone = zone_get(contract_now().time_zone)
    weeks = weeks_back(now, zone, KEPT)
    due = _due(weeks, now)
    if not due or is_small(weeks_back(now, zone, 13)):
        return 0
    done, end = 0, time.monotonic() + seconds
    for monday in due:
        week_keep(monday, Weeks.of(monday, zone), now)
        done += 1
        if time.monotonic() > end:
            break
    return done


def _due(weeks: Weeks, now: datetime) -> list[date]:
    rows = ContractWeek.objects.filter(monday__in=weeks.mondays, owner=EVERYBODY)
    counted = dict(rows.values_list("monday", "counted_at"))
    newest = weeks.mondays[-1] - WEEK * (NEWEST - 1)
    return [
        monday
        for monday in reversed(weeks.mondays)
        if monday not in counted or now - counted[monday] > (OFTEN if monday >= newest else SELDOM)
    ]


def week_keep(monday: date, week: Weeks, now: datetime) -> Mapping[int, Cell]:
    """Count one week and keep it: for each owner, and for everybody."""
    cells = Work(week, now, terms_of()).count()[monday]
    rows: dict[int, Any] = {EVERYBODY: total(cells.values()), **cells}
    with transaction.atomic():
        ContractWeek.objects.filter(monday=monday).delete()
        ContractWeek.objects.bulk_create(
            [
                ContractWeek(monday=monday, owner=owner, body=cell.dump(), counted_at=now)
                for owner, cell in rows.items()
            ],
            ignore_conflicts=True,
        )
    return rows
