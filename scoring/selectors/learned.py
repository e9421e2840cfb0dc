"""A study of learning as its page shows it."""

from dataclasses import dataclass
from typing import Any

from core.charts import Chart, lines
from scoring.learn.tune import CHANGE, DROP, KEEP
from scoring.models import ScoringRule, Study
from scoring.selectors.words import rule_sentence

VERDICTS = {
    KEEP: ("fits", "good", "The data agrees: its points are within what the outcomes say."),
    CHANGE: ("other points", "warn", "The outcomes say otherwise, beyond chance."),
    DROP: ("says nothing", "bad", "The outcomes show no effect that these points could stand for."),
    "few": ("too few leads", "", "It held for too few leads, or for nearly all: the outcomes say nothing of it."),
}


@dataclass(frozen=True)
class Advice:
    """What the data says of one active rule."""

    rule: ScoringRule
    sentence: str
    now: int
    points: int
    low: float
    high: float
    n: int
    rate: float
    verdict: str
    word: str
    tone: str
    why: str

    @property
    def is_change(self) -> bool:
        return self.verdict in (CHANGE, DROP)

    @property
    def few(self) -> bool:
        return self.verdict == "few"


def advice(study: Study) -> list[Advice]:
    """Suggestions for rules that there still are: changes first, the largest before."""
    found = study.result.get("suggestions", [])
    rules = ScoringRule.objects.in_bulk([one["rule"] for one in found])
    made = [_advice(one, rules[one["rule"]]) for one in found if one["rule"] in rules]
    return sorted(made, key=lambda one: (not one.is_change, one.few, -abs(one.points - one.now), one.rule.pk))


def _advice(one: dict[str, Any], rule: ScoringRule) -> Advice:
    word, tone, why = VERDICTS[one["verdict"]]
    names = ("now", "points", "low", "high", "n", "rate", "verdict")
    said: dict[str, Any] = {name: one[name] for name in names}
    return Advice(rule=rule, sentence=rule_sentence(rule), word=word, tone=tone, why=why, **said)


def calibration(measured: dict[str, Any]) -> Chart:
    """What was said and what came, by tenths of rising chance; the table has the interval of what came."""
    tenths = measured["tenths"]
    said = [100 * one[1] for one in tenths]
    came = [100 * one[2] for one in tenths]
    chart = lines(
        "Said and came, in tenths by rising chance",
        [str(place) for place in range(1, len(tenths) + 1)],
        [("Said by the score", "sales", said), ("Came", "handoff", came)],
        head=["Tenth", "Leads", "Said", "Came", "95 %"],
        said=lambda value: f"{value:.0f} %",
    )
    chart.rows = [
        [place, f"{n:,}", f"{100 * one:.1f} %", f"{100 * share:.1f} %", f"{100 * low:.1f}–{100 * high:.1f} %"]
        for place, (n, one, share, low, high) in enumerate(tenths, 1)
    ]
    return chart
