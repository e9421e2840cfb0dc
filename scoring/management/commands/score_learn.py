"""manage.py score_learn: a scorecard from closed outcomes, shown as points; with --save as a draft."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from scoring.learn.evaluate import OURS, cleaned, evaluate, evaluate_newest
from scoring.learn.fit import card_learn, enough_check
from scoring.learn.report import card_lines, evaluation_lines, input_lines
from scoring.learn.table import Table
from scoring.management.commands.score_evaluate import file_arguments, file_table
from scoring.selectors.outcomes import labelled_table, outcomes_table
from scoring.services.learning import model_learned


class Command(BaseCommand):
    help = (
        "Learn a scorecard from the outcomes in the database: leads that sales won, lost or rejected, with their "
        "facts as of the handoff; or, with --label, from a field of leads that says who converted; or from a file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        file_arguments(parser, label_needed=False)
        parser.add_argument("--file", type=Path, help="Learn from this CSV file instead of the database")
        parser.add_argument("--save", action="store_true", help="Make a draft model of it (database only)")
        parser.add_argument("--name", default="Learned", help="The name of the draft")
        parser.add_argument("--card", type=Path, help="Write the card to this file, for score_evaluate")
        parser.add_argument("--no-measure", action="store_true", help="Skip the cross-validation")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._learn(options)
        except Refused as refusal:
            raise CommandError(refusal.message) from None

    def _learn(self, options: dict[str, Any]) -> None:
        if options["file"] and (options["save"] or not options["label"]):
            raise Refused("A file needs --label, and cannot be saved as a model: import its leads, then learn.")
        table, source = _table(options)
        enough_check(table.wins)
        table, look = cleaned(table, options["keep"])
        card = card_learn(table, seed=options["seed"])
        lines = [*input_lines(table, look), "", *card_lines(card)]
        measured: dict[str, Any] = {"look": look}
        if not options["no_measure"]:
            found = evaluate(table, seed=options["seed"])
            newest = evaluate_newest(table)
            for one in (found, *([newest] if newest else [])):
                lines += ["", *evaluation_lines(one)]
            ours = found.measures[OURS]
            measured |= {"auc": round(ours.auc.value, 4), "brier": round(ours.brier.value, 4)}
            measured |= {"auc_low": round(ours.auc.low, 4), "auc_high": round(ours.auc.high, 4)}
        if options["card"]:
            options["card"].write_text(json.dumps(card.as_json(), indent=1), encoding="utf-8")
        if options["save"]:
            made = model_learned(card=card, source=source, name=options["name"], measured=measured)
            lines += ["", f"Saved as the draft '{made}'. Nothing counts before it is activated on the scoring desk."]
        for line in lines:
            self.stdout.write(line)


def _table(options: dict[str, Any]) -> tuple[Table, str]:
    if options["file"]:
        return file_table(options["file"], options), "rows of a file"
    if options["label"]:
        found = labelled_table(label=options["label"], exclude=options["exclude"])
        return found, f"leads by their field {options['label'].removeprefix('custom.')}"
    return outcomes_table(exclude=options["exclude"]), "closed outcomes"
