"""manage.py import_csv KIND FILE: bring a CSV file in, with a dry run and a report of every row."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from intake.kinds import KINDS
from intake.models import ImportRun
from intake.rules import DATE_FORMATS
from intake.services import run_check, run_create, run_execute, run_map, run_start


class Command(BaseCommand):
    help = "Import leads, companies, products, users or deals from a CSV file. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=list(KINDS))
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            nargs="+",
            action="extend",
            default=[],
            metavar="COLUMN=FIELD",
            help="What a column is; COLUMN= or COLUMN=ignore leaves it out, COLUMN=custom:key:type keeps it",
        )
        parser.add_argument("--stage", nargs="+", action="extend", default=[], metavar="NAME=KEY")
        parser.add_argument("--date-format", choices=list(DATE_FORMATS), default="")
        parser.add_argument("--encoding", default="", help="Such as utf-8, cp1252, utf-16; guessed when not given")
        parser.add_argument("--delimiter", default="", help="One character, or 'tab'")
        parser.add_argument("--dry-run", action="store_true", help="Judge every row, write nothing")
        parser.add_argument("--yes", action="store_true", help="Take the guessed mapping without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        delimiter = {"tab": "\t", "\\t": "\t"}.get(options["delimiter"], options["delimiter"])
        if len(delimiter) > 1:
            raise CommandError("A delimiter is one character.")
        try:
            run, _, _ = run_create(
                kind=options["kind"], by=None, path=options["file"], encoding=options["encoding"], delimiter=delimiter
            )
            self._map(run, options)
            if not (options["yes"] or options["dry_run"] or self._agreed()):
                run.delete()
                raise CommandError("Nothing imported.")
            (run_check if options["dry_run"] else run_start)(run, hold=True)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        began = time.monotonic()
        run_execute(run)
        self._report(run, time.monotonic() - began, dry=options["dry_run"])

    def _map(self, run: ImportRun, options: dict[str, Any]) -> None:
        mapping = self._mapping(run, options["map"])
        stages = dict(run.options.get("stages", {}))
        stages |= {name: key for name, _, key in (pair.rpartition("=") for pair in options["stage"])}
        for note in run.options.get("said", []):
            self.stdout.write(f"note: {note}")
        self.stdout.write(f"{run.file_name}: {run.encoding}, separated by {run.delimiter!r}")
        for column, target in mapping.items():
            self.stdout.write(f"  {column} -> {target or '(left out)'}")
        for name, key in stages.items():
            self.stdout.write(f"  stage {name} -> {key or '(not mapped: such rows are rejected)'}")
        date_format = options["date_format"] or run.date_format
        if date_format:
            self.stdout.write(f"  dates: {date_format}")
        if run.options.get("empty"):
            self.stdout.write(f"  read as empty: {', '.join(run.options['empty'])}")
        run_map(run, mapping=mapping, date_format=date_format, stages=stages)

    @staticmethod
    def _mapping(run: ImportRun, pairs: list[str]) -> dict[str, str]:
        mapping = dict(run.mapping)
        for pair in pairs:
            column, sign, target = pair.rpartition("=")
            if not sign:
                raise CommandError(f"--map {pair!r}: write COLUMN=FIELD.")
            if target in mapping.values():  # the field moves from the column that was guessed
                mapping = {name: "" if known == target else known for name, known in mapping.items()}
            mapping[column] = "" if target == "ignore" else target
        return mapping

    def _agreed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Not confirmed: look at the mapping above, then say --yes or change it with --map.")
        return input("Import with this mapping? [y/N] ").strip().lower() in ("y", "yes")

    def _report(self, run: ImportRun, seconds: float, *, dry: bool) -> None:
        for issue in run.issues.order_by("line")[:50]:
            self.stdout.write(f"line {issue.line}: {issue.field + ': ' if issue.field else ''}{issue.reason}")
        if run.rejected > 50:
            self.stdout.write(f"... and {run.rejected - 50:,} more rejected rows, all kept with import {run.pk}")
        for note, times in run.notes.items():
            self.stdout.write(f"note: {note}: {times:,}")
        if run.state == ImportRun.State.FAILED:
            raise CommandError(run.error)
        speed = run.rows_in / seconds if seconds else 0
        if dry:
            self.stdout.write("Dry run, nothing written.")
        counted = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in run.counters.items())
        self.stdout.write(f"{counted} ({seconds:.1f} s, {speed:,.0f} rows/s)")
