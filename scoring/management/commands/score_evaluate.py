"""manage.py score_evaluate FILE: how good a learned scorecard is on a file of outcomes."""

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from scoring.learn.card import Card
from scoring.learn.evaluate import cleaned, evaluate, evaluate_card, evaluate_newest, evaluate_on
from scoring.learn.report import evaluation_lines, input_lines
from scoring.learn.table import Table, table_read


def file_arguments(parser: CommandParser, *, label_needed: bool) -> None:
    """What both commands ask about a file."""
    parser.add_argument("--label", required=label_needed, help="The column that says who converted (yes or no)")
    parser.add_argument("--date", default="", help="The column with the date of the outcome: never an input")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="COLUMN", help="No input; repeat it, or use * at the end"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="COLUMN", help="An input though it looks leaked"
    )
    parser.add_argument("--seed", type=_whole, default=0, help="Another way to cut the folds")


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise ArgumentTypeError("a whole number from 0")
    return int(text)


def file_table(path: Path, options: dict[str, Any]) -> Table:
    return table_read(path, label=options["label"], date=options["date"], exclude=options["exclude"])


class Command(BaseCommand):
    help = (
        "Measure a scorecard on a CSV file of outcomes: five-fold cross-validation beside three baselines; with "
        "--train, learned from that file and tried on this one; with --card, a card that score_learn wrote."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="A CSV file with a header")
        file_arguments(parser, label_needed=True)
        parser.add_argument("--train", type=Path, help="Learn from this file instead of by cross-validation")
        parser.add_argument("--card", type=Path, help="Try this card instead of learning one")
        parser.add_argument("--no-baselines", action="store_true", help="Only the scorecard (cross-validation)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for line in self.lines(options):
                self.stdout.write(line)
        except Refused as refusal:
            raise CommandError(refusal.message) from None

    def lines(self, options: dict[str, Any]) -> list[str]:
        table = file_table(options["file"], options)
        if options["card"]:
            return evaluation_lines(evaluate_card(_card(options["card"]), table))
        if options["train"]:
            train, look = cleaned(file_table(options["train"], options), options["keep"])
            test = _like(table, train)
            return [*input_lines(train, look), "", *evaluation_lines(evaluate_on(train, test))]
        table, look = cleaned(table, options["keep"])
        found = evaluate(table, seed=options["seed"], baselines=not options["no_baselines"])
        lines = [*input_lines(table, look), "", *evaluation_lines(found)]
        newest = evaluate_newest(table) if options["date"] else None
        if newest:
            lines += ["", *evaluation_lines(newest)]
        elif options["date"]:
            lines += ["", "Too few outcomes of both kinds in the newest fifth to try a card of the older rows on it."]
        return lines


def _card(path: Path) -> Card:
    try:
        return Card.of_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{path} is no card that score_learn wrote.", field="card") from None


def _like(test: Table, train: Table) -> Table:
    """The test rows with the inputs of the training rows, in their order and of their kind."""
    columns = {one.name: one for one in test.columns}
    missing = [one.name for one in train.columns if one.name not in columns]
    if missing:
        raise Refused(f"The file has no column '{missing[0]}', which was learned from.", field="file")
    kinds = [(columns[one.name], one.kind) for one in train.columns]
    for column, kind in kinds:
        if column.kind is not kind:
            raise Refused(f"'{column.name}' holds numbers in one file and other values in the other.", field="file")
    return Table([column for column, _ in kinds], test.wins, test.moments)
