"""``manage.py demo``: load the demo company, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from insights.demo import words
from insights.demo.company import demo_make, is_here
from insights.demo.write import email_of
from insights.services import rollup_drain


class Command(BaseCommand):
    help = "Load the demo company: a year of leads, handoffs and deals. A second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--leads", type=int, default=1500, help="how many leads came in the last year")
        parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same company")
        parser.add_argument("--force", action="store_true", help="also where the settings forbid demo data")
        parser.add_argument("--print-logins", action="store_true", help="only print who can sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print_logins"]:
            self.logins()
            return
        if not settings.DEMO_ALLOWED and not options["force"]:
            raise CommandError("Demo data is off here (BATON_DEMO). Say --force if this database may hold it.")
        if options["leads"] < 1:
            raise CommandError("--leads must be at least 1.")
        if is_here():
            self.stdout.write("The demo company is already here; nothing changed.")
        else:
            try:
                made = demo_make(leads=options["leads"], seed=options["seed"])
            except Refused as refusal:
                raise CommandError(refusal.message) from refusal
            rollup_drain(seconds=600)
            self.stdout.write(
                f"{words.SELLER}, the demo company: {made.leads} leads, {made.activities} activities, "
                f"{made.handoffs} handoffs, {made.deals} deals."
            )
        self.logins()

    def logins(self) -> None:
        if not is_here():
            self.stdout.write("There is no demo company here.")
            return
        for name, full, role, team, _ in words.PEOPLE:
            self.stdout.write(
                f"  {email_of(name):34} {words.PASSWORD}   {role:9} {full}{', ' + team if team else ''}"
            )
