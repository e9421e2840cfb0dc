"""``manage.py doctor``: check the invariants on the live database; exit 1 when one is broken."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from core.clock import db_now
from core.flow import flow_map
from core.invariants import Broken, collect


class Command(BaseCommand):
    help = (
        "Check that nothing was lost, doubled or torn: docs/doctor.md lists what is checked. Exits 0 when everything"
        " holds and 1 when an invariant is broken; notes alone exit 0. Changes no business data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=120,
            help="Seconds that work may be overdue before it counts as stuck (default 120)",
        )
        parser.add_argument("--json", action="store_true", help="One JSON object instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        now = db_now()
        grace = timedelta(seconds=options["grace"])
        everything: list[Broken] = []
        paths = flow_map().INVARIANTS
        started = time.monotonic()
        for path, findings in collect(paths, now, grace):
            everything += findings
            if not options["json"]:
                self._say(path, findings, time.monotonic() - started)
            started = time.monotonic()
        broken = [one for one in everything if one.serious]
        if options["json"]:
            rows = [{"check": one.check, "message": one.message, "serious": one.serious} for one in everything]
            self.stdout.write(json.dumps({"healthy": not broken, "findings": rows}))
        elif broken:
            self.stdout.write(self.style.ERROR(f"{len(broken)} broken."))
        else:
            self.stdout.write(self.style.SUCCESS("Everything holds."))
        if broken:
            sys.exit(1)

    def _say(self, path: str, findings: list[Broken], seconds: float) -> None:
        state = "broken" if any(one.serious for one in findings) else "ok"
        self.stdout.write(f"{path.rpartition('.')[0]:<24} {state:<7} {seconds:6.2f} s")
        for one in findings:
            self.stdout.write(f"  {'BROKEN' if one.serious else 'note  '} {one.check}: {one.message}")
