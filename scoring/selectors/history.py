"""One lead's score over the last days: the same fold, day by day, under the active model."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from core.charts import Chart, lines
from core.clock import db_now
from leads.models import Lead
from leads.rules import ACTIVITY_KINDS
from scoring import rules
from scoring.selectors.compute import Basis, basis_of, deeds_of, fit_matching, utc_day
from scoring.selectors.explain import mql_bar

DAYS = 90
NAMED = 4  # kinds of deeds that a day names


@dataclass(frozen=True)
class History:
    """``scores`` at the end of each UTC day from ``first``, the last of now; ``done`` what counts of each day."""

    model: Any
    first: date
    scores: list[rules.Score]
    done: dict[date, str]
    bar: int | None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=index) for index in range(len(self.scores))]

    @property
    def chart(self) -> Chart:
        """The line with the deeds on it, and behind it the days on which something changed."""
        labels = [f"{day.day} {day:%b}" for day in self.days]
        score = [one.score for one in self.scores]
        series: list[tuple[str, str, list[int]]] = [("Score", "marketing", score)]
        if self.bar is not None:
            series.append((f"MQL bar {self.bar}", "neutral", [self.bar] * len(score)))
        marks = {index: self.done[day] for index, day in enumerate(self.days) if day in self.done}
        chart = lines(f"Score of the last {len(score)} days", labels, series, head=[], marks=marks)
        chart.head = ["Day, and what was done", "Score", "Fit", "Engagement", "Negative"]
        chart.rows = [
            [": ".join(filter(None, [f"{day:%a} {labels[at]} {day.year}", marks.get(at)])), *row]
            for at, (day, row) in enumerate(zip(self.days, map(_row, self.scores), strict=True))
            if at in marks or at in (0, len(score) - 1) or score[at - 1] != score[at]
        ][::-1]
        return chart


def _row(one: rules.Score) -> list[int]:
    return [one.score, one.fit, one.engagement, one.negative]


def score_history(lead: Lead, now: datetime | None = None, *, basis: Basis | None = None) -> History | None:
    """The score of the last 90 days, or since the lead, or its first deed that counts, is known; None without an
    active model. Its last day is the score of ``now``. Facts have no history: what holds today is taken for all."""
    now = now or db_now()
    basis = basis or basis_of()
    if basis is None:
        return None
    today = utc_day(now)
    matching = fit_matching(basis, [lead.pk], now).get(lead.pk, set())
    # every deed that still counted on the first day, and all since
    since = now - timedelta(days=DAYS)
    found = rules.tally(((kind, utc_day(at)) for _, kind, at, _ in deeds_of(basis.card, [lead.pk], since)), today)
    known = min([utc_day(lead.created_at), today, *(day for _, day in found)])
    begin = max(today - DAYS + 1, known)
    scores = rules.history(basis.card, matching, found, begin, today)
    return History(basis.model, date.fromordinal(begin), scores, _done(found, begin), mql_bar(lead.pk))


def _done(found: Counter[tuple[str, int]], begin: int) -> dict[date, str]:
    """What was done on each day from ``begin``: 'Viewed pricing 2 times, Requested a demo'."""
    by_day: defaultdict[int, list[str]] = defaultdict(list)
    for (kind, day), times in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        if day >= begin:
            name = ACTIVITY_KINDS.get(kind, kind.replace("_", " "))
            by_day[day].append(f"{name} {times} times" if times > 1 else name)
    return {
        date.fromordinal(day): ", ".join([*names[:NAMED], *(["and more"] if len(names) > NAMED else [])])
        for day, names in by_day.items()
    }
