"""What marketing and sales promise each other: versions with a first week, of the company or of one team."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from core.clock import db_now
from core.errors import Refused
from core.ordered import row_revise
from insights.models import Contract, ContractWeek, Promise
from insights.rules.weeks import monday_of, monday_on, week_name
from insights.selectors import contract_now
from team.access import managers_only
from team.models import Team
from team.rules.calendar import zone_get

CHANGED = "Somebody else changed the contract since you opened it. Reload to see their version, then change it again."
FIRST_WEEKS = 53  # the first promise may reach back so far: there is nothing that it would rewrite
SHARES = ("accept_share", "answer_share")
MOST = {"mqls": 1_000_000, "attempts": 50, "attempt_days": 60}


@transaction.atomic
def promise_save(*, by: Any, revision: int, team: Team | None, since: date, values: dict[str, Any]) -> Promise:
    """Promise from the week of ``since`` on. A version for that very week is replaced; weeks before keep theirs.

    Raises Refused for who may not, for a week that is over, and for nonsense; Conflict when somebody changed the
    contract since ``revision``.
    """
    _may(by, team)
    since = monday_on(since)
    _check(values)
    now = db_now()
    contract = _locked(by, revision, now)
    current = monday_of(now, zone_get(contract.time_zone))
    _check_since(team, since, current)
    row, _ = Promise.objects.update_or_create(
        team=team, since=since, defaults={**values, "made_by": by, "made_at": now}
    )
    _forget(since)
    return row


@transaction.atomic
def promise_withdraw(*, by: Any, revision: int, promise: Promise) -> None:
    """Take back a promise that has not begun. Raises Refused once its first week has begun."""
    _may(by, promise.team)
    now = db_now()
    contract = _locked(by, revision, now)
    if promise.since <= monday_of(now, zone_get(contract.time_zone)):
        raise Refused("Its first week has begun. Make a new promise from a later week instead.")
    promise.delete()


@transaction.atomic
def zone_save(*, by: Any, revision: int, zone: str) -> Contract:
    """Where weeks begin. Every week is counted anew. Raises Refused for who may not, Conflict as above."""
    _may(by, None)
    contract = _locked(by, revision, db_now())
    Contract.objects.filter(pk=contract.pk).update(time_zone=zone)
    ContractWeek.objects.all().delete()
    contract.time_zone = zone
    return contract


def _locked(by: Any, revision: int, now: Any) -> Contract:
    """The contract with its next revision, held until commit."""
    return row_revise(contract_now(make=True), revision, {"changed_by": by, "changed_at": now}, said=CHANGED)


def _may(by: Any, team: Team | None) -> None:
    managers_only(by, "Only managers change what is promised.")
    if team is not None and not by.is_admin and by.team_id not in (None, team.pk):
        raise Refused("Only the team's own manager promises for it.", field="team", code="forbidden")


def _check(values: dict[str, Any]) -> None:
    for name in SHARES:
        if not 0 <= values[name] <= 100:
            raise Refused("A share is 0 to 100 %.", field=name)
    for name, most in MOST.items():
        if not 0 <= values[name] <= most:
            raise Refused(f"At most {most:,}.", field=name)
    if values["attempts"] and not values["attempt_days"]:
        raise Refused("Say within how many working days.", field="attempt_days")


def _check_since(team: Team | None, since: date, current: date) -> None:
    judged = Promise.objects.filter(Q(team=team) | Q(team=None), since__lt=current)  # the company's holds for a team
    if since > current + timedelta(weeks=104):
        raise Refused("That is more than two years ahead.", field="since")
    if since >= current:
        return
    if judged.exists():
        said = f"The past is judged by what was promised then. From {week_name(current)} on, at the earliest."
        raise Refused(said, field="since")
    if since < current - timedelta(weeks=FIRST_WEEKS):
        raise Refused("A first promise may reach back a year.", field="since")


def _forget(since: date) -> None:
    """Weeks counted by other promises."""
    ContractWeek.objects.filter(monday__gte=since).delete()
