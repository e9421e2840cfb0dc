"""``manage.py rollup``: catch up, rebuild or check the dashboards' sums."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insights import services


class Command(BaseCommand):
    help = "Bring the dashboards' sums up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="empty them and count everything anew")
        parser.add_argument("--check", action="store_true", help="compare them with the whole ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebuild"]:
            people = services.rollup_rebuild(progress=lambda n: self.stdout.write(f"{n:,} people"))
            self.stdout.write(f"Rebuilt: {people:,} people.")
        elif options["check"]:
            wrong = services.rollup_check(full=True)
            if wrong:
                raise CommandError("\n".join(wrong))
            self.stdout.write("The rollups equal the ledger.")
        else:
            self.stdout.write(f"{services.rollup_drain(seconds=600):,} ledger rows counted.")
