"""The demo company, from nothing to a year of history, in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from core.clock import db_now
from core.errors import Refused
from deals.models import Deal
from handoff.models import Handoff
from insights.demo import live, words
from insights.demo.contract import contract_write
from insights.demo.crossings import handoffs_write
from insights.demo.decisions import decisions_write
from insights.demo.paths import Paths
from insights.demo.plan import Firm, Person, firms_make, office, person_make
from insights.demo.policies import enterprise_make
from insights.demo.routing import rules_write
from insights.demo.write import Writer, email_of
from leads.models import Activity, Lead
from team.models import User


@dataclass
class Report:
    leads: int
    activities: int
    handoffs: int
    deals: int


def is_here() -> bool:
    """The demo company was loaded before."""
    return User.objects.filter(email=email_of(words.PEOPLE[0][0])).exists()


@transaction.atomic
def demo_make(*, leads: int, seed: int) -> Report:
    """Write the demo company. Raises Refused when the database has leads already."""
    if Lead.objects.exists():
        raise Refused("This database has leads already; the demo company would mix with them.")
    now = db_now().replace(second=0, microsecond=0)
    dice = Random(seed)
    firms = firms_make(dice, count=min(700, max(12, leads // 4)), now=now)
    people = year_make(dice, firms, leads, now)
    people += live.on_the_clock(dice, firms, leads + 1, now)
    writer = Writer(now)
    enterprise_make(writer.users)
    writer.firms(firms)
    made = writer.people(people)
    deals = writer.sales(people, made)
    handoffs_write(writer, people, made)
    live.tasks_write(writer, deals)
    live.corners_write(writer)
    rules_write(writer)
    contract_write(writer)
    decisions_write(writer)
    return Report(Lead.objects.count(), Activity.objects.count(), Handoff.objects.count(), Deal.objects.count())


def year_make(dice: Random, firms: list[Firm], count: int, now: datetime) -> list[Person]:
    """People of the last twelve months, more of them lately, oldest first."""
    days = sorted((365 * dice.random() ** 1.25 + 0.2 for _ in range(count)), reverse=True)
    paths = Paths(dice, now)
    people = []
    for number, ago in enumerate(days, start=1):
        at = now - timedelta(days=ago)
        if dice.random() < 0.8 and office(at) < now:
            at = office(at)
        one = person_make(dice, number, dice.choice(firms), at)
        paths.walk(one)
        people.append(one)
    return people
