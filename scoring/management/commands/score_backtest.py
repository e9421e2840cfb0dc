"""manage.py score_backtest: try a model on the past, and print what it would have called an MQL."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import Refused
from scoring.backtest import figures
from scoring.backtest.figures import Rate, Side
from scoring.models import BacktestRun, ScoringModel
from scoring.selectors.explain import mql_bar
from scoring.services import backtest_execute, backtest_start
from scoring.services.backtest import DEFAULT_DAYS


class Command(BaseCommand):
    help = (
        "Try a scoring model and an MQL bar on the leads, deeds and outcomes of the last days, as they were known "
        "then, beside the active model. The result is on the model's page too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", type=int, required=True, help="Version of the model")
        parser.add_argument("--bar", type=int, help="Score from which a lead is an MQL (default: today's bar)")
        parser.add_argument("--days", type=int, default=DEFAULT_DAYS)
        parser.add_argument("--quiet", action="store_true", help="No progress, only the result")

    def handle(self, *args: Any, **options: Any) -> None:
        model = ScoringModel.objects.filter(version=options["model"]).first()
        if model is None:
            known = ", ".join(str(one) for one in ScoringModel.objects.values_list("version", flat=True))
            raise CommandError(f"No version {options['model']}. There are: {known or 'none'}.")
        bar = options["bar"] if options["bar"] is not None else mql_bar() or 0
        begun, cpu = time.monotonic(), time.process_time()
        try:
            run = backtest_start(model=model, bar=bar, days=options["days"], hold=True)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        backtest_execute(run, progress=None if options["quiet"] else self._progress)
        if run.state != BacktestRun.State.DONE:
            raise CommandError(run.error or f"The back-test is {run.get_state_display().lower()}.")
        self._say(run)
        spent = time.monotonic() - begun
        self.stdout.write(
            f"{run.done:,} leads in {spent:.1f} s, {run.done / max(spent, 0.001):,.0f} a second; "
            f"{time.process_time() - cpu:.1f} s of CPU here, the database's not counted."
        )

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"\r{done:,} of {total:,} leads", ending="" if done < total else "\n")

    def _say(self, run: BacktestRun) -> None:
        models = [run.model, run.against] if run.against else [run.model]
        bars = [run.bar, run.against_bar]
        for model, bar, trial in zip(models, bars, run.counts["trials"], strict=False):
            self.stdout.write(f"{model} from {bar}, {run.days} days:")
            for line in _lines(figures.side(trial, bar, run.days)):
                self.stdout.write(f"  {line}")
        for name in run.left_out:
            self.stdout.write(f"Left out, the past does not know it: {name}")


def _lines(side: Side) -> list[str]:
    return [
        f"{side.mqls:,} MQLs, {side.per_week:,.1f} a week",
        f"accepted by sales {_rate(side.accepted)}",
        f"precision: won {_rate(side.precision)}",
        f"recall: of the won, called before {_rate(side.recall)}; {side.missed:,} missed",
    ]


def _rate(rate: Rate) -> str:
    if not rate.n:
        return "nobody knows: no cases"
    small = ", few" if rate.small else ""
    return f"{rate.share:.1%} ({rate.low:.1%} to {rate.high:.1%}, {rate.k:,} of {rate.n:,}{small})"
