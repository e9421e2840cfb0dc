"""manage.py rescore: score every lead anew with the active model."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from scoring.services import scores_rescore


class Command(BaseCommand):
    help = "Score every lead anew with the active model, in chunks. Workers that are running share the work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="No progress, only the result")

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()

        def progress(done: int, total: int) -> None:
            if not options["quiet"]:
                self.stderr.write(f"\r{done:,} of {total:,} leads", ending="")

        try:
            made = scores_rescore(progress=progress)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        chunks = list(made.chunks.values_list("leads", "changed", "done_at"))
        done = sum(leads for leads, _, at in chunks if at)
        changed = sum(count for _, count, _ in chunks)
        seconds = max(time.monotonic() - begun, 0.001)
        if not options["quiet"]:
            self.stderr.write("")
        self.stdout.write(
            f"{done:,} leads scored, {changed:,} changed, {seconds:.1f} s, {done / seconds:,.0f} a second."
        )
        if made.finished_at is None:
            raise CommandError("Some chunks were put off or are in other hands: the sweeper goes on with them.")
