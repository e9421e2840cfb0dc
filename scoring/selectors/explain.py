"""One lead's score, point by point, and what would lift it over the bar."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from core.ask import ask
from core.clock import db_now
from leads.conditions import condition_sentence
from leads.models import Activity, Lead
from leads.rules import ACTIVITY_KINDS
from leads.wording import properties_said
from scoring import explain, rules
from scoring.selectors.compute import Basis, basis_of, deeds_of, fit_matching, utc_day


@dataclass(frozen=True)
class Line:
    """One part of a score, for people. ``points`` are today's, in tenths; all lines sum exactly to the score."""

    rule_id: int | None
    group: str
    name: str
    why: str
    points: Decimal
    award: int
    activity_id: int | None = None
    at: datetime | None = None
    half_on: date | None = None
    gone_on: date | None = None
    capped: str = ""

    @property
    def half_at(self) -> datetime | None:
        """When it has faded to half: points change at midnight UTC, another hour and maybe another day elsewhere."""
        return _midnight(self.half_on)

    @property
    def gone_at(self) -> datetime | None:
        """From when it gives nothing, or less than half a point."""
        return _midnight(self.gone_on)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


@dataclass(frozen=True)
class Group:
    """All lines of one rule."""

    name: str
    why: str
    group: str
    points: Decimal
    lines: list[Line]


@dataclass(frozen=True)
class Column:
    """One of the groups that a score is made of. ``points`` may be below 0: of the negative one."""

    group: str
    label: str
    points: int
    rules: list[Group]

    @property
    def size(self) -> int:
        """Without its sign, for a sum that is written out."""
        return abs(self.points)


@dataclass(frozen=True)
class Explanation:
    score: int
    fit: int
    engagement: int
    negative: int
    grade: str
    reason: str
    lines: list[Line]
    lifts: list[dict[str, Any]] = field(default_factory=list)
    bar: int | None = None
    model: Any = None

    @property
    def to_go(self) -> int:
        """Points that are missing to the MQL bar; 0 over it, or where there is none."""
        return max((self.bar or 0) - self.score, 0)

    @property
    def advice(self) -> str:
        """What would lift it over the bar, as a sentence; '' when it is over it."""
        if not self.to_go:
            return ""
        missing = f"{self.to_go} point{'' if self.to_go == 1 else 's'} to MQL: "
        enough = [_step_say(one) for one in self.lifts if one["enough"]][:NAMED]
        if enough:
            return f"{missing}{', or '.join(enough)} would do."
        near = ", ".join(_step_say(one) for one in self.lifts[:NAMED])
        return f"{missing}no single thing would do{f'; what helps: {near}' if near else ''}."

    @property
    def groups(self) -> list[Group]:
        """The lines by rule, strongest rule first; fit, engagement, negative, in each a rounding last."""
        rows: dict[tuple[str, str], list[Line]] = {}
        for line in self.lines:
            rows.setdefault((line.group, line.name), []).append(line)
        found = [
            Group(name, lines[0].why, group, sum((one.points for one in lines), Decimal(0)), lines)
            for (group, name), lines in rows.items()
        ]
        return sorted(found, key=lambda one: (ORDER.index(one.group), one.name == ROUNDING, -abs(one.points)))

    @property
    def columns(self) -> list[Column]:
        """The groups that the score is the sum of, each with its lines; the negative one only where it takes."""
        found = [
            Column(group, label, points, [one for one in self.groups if one.group == group])
            for group, label, points in (
                (rules.FIT, "Fit", self.fit),
                (rules.ENGAGEMENT, "Engagement", self.engagement),
                (rules.NEGATIVE, "Negative", self.score - self.fit - self.engagement),
            )
        ]
        return [one for one in found if one.group != rules.NEGATIVE or one.rules]


ORDER = [rules.FIT, rules.ENGAGEMENT, rules.NEGATIVE]
ROUNDING = "Rounding"
SHOWN = 50  # deeds of one rule that a page shows
NAMED = 3  # ways to lift a score that a sentence names
CAPPED = {
    "rule": "the rule's cap",
    "group": "the group's cap",
    "floor": "never below 0",
    "daily": "no more of them a day",
    "once": "counts once",
}


def _step_say(step: dict[str, Any]) -> str:
    """'2 × Viewed pricing (+24)', 'not “Student” (+30)'."""
    if step["without"]:
        return f"not “{step['name']}” ({step['gain']:+d})"
    times = f"{step['times']} × " if step["times"] > 1 else ""
    return f"{times}{step['name']} ({step['gain']:+d})"


def mql_bar(lead_id: int | None = None) -> int | None:
    """The score from which this lead is an MQL, as the room of the handoff says; None when nobody says. Without a
    lead: the bar of the default policy, for leads of no segment."""
    bar: int | None = ask("mql.bar") if lead_id is None else ask("mql.bar", lead_id=lead_id)
    return bar


def mql_bars(lead_ids: Collection[int]) -> dict[int, int]:
    """The bar of each lead; empty when nobody says."""
    return ask("mql.bars", lead_ids=lead_ids) or {}


def score_explain(lead: Lead, now: datetime | None = None, *, basis: Basis | None = None) -> Explanation | None:
    """The score of a lead at ``now``, taken apart; None without an active model.

    The points of ``lines`` sum exactly to ``score``.
    """
    now = now or db_now()
    basis = basis or basis_of()
    if basis is None:
        return None
    matching = fit_matching(basis, [lead.pk], now).get(lead.pk, set())
    found = [(kind, at, pk) for _, kind, at, pk in deeds_of(basis.card, [lead.pk], now)]
    times = {pk: at for _, at, pk in found}
    deeds = [(kind, utc_day(at), pk) for kind, at, pk in found]
    today = utc_day(now)
    plain = [(kind, day) for kind, day, _ in deeds]
    score = rules.fold(basis.card, matching, rules.deed_sums(basis.card, plain, today))
    parts = explain.explain(basis.card, matching, deeds, today)
    bar = mql_bar(lead.pk)
    steps = explain.lifts(basis.card, matching, plain, today, bar) if bar is not None else []
    return Explanation(
        score=score.score,
        fit=score.fit,
        engagement=score.engagement,
        negative=score.negative,
        grade=score.grade,
        reason=score.reason,
        lines=[_line(part, basis, times) for part in parts],
        lifts=[_lift(step, basis) for step in steps],
        bar=bar,
        model=basis.model,
    )


def deeds_said(told: Explanation) -> dict[int, str]:
    """What each deed that a page shows was about, by activity: 'path: /pricing'. One query."""
    shown = [line.activity_id for group in told.groups for line in group.lines[:SHOWN] if line.activity_id]
    rows = Activity.objects.filter(pk__in=shown).values_list("pk", "properties")
    return {pk: properties_said(properties) for pk, properties in rows}


def _why(rule: rules.Rule, basis: Basis) -> str:
    if not rule.kind:
        return condition_sentence(basis.conditions.get(rule.id, {}))
    return ACTIVITY_KINDS.get(rule.kind, rule.kind.replace("_", " "))


def _line(part: explain.Part, basis: Basis, times: dict[int, datetime]) -> Line:
    if part.rule is None:
        return Line(None, part.group, ROUNDING, "Scores are whole numbers", part.points, 0)
    return Line(
        rule_id=part.rule.id,
        group=part.group,
        name=part.rule.name,
        why=_why(part.rule, basis),
        points=part.points,
        award=part.award,
        activity_id=part.ref,
        at=times.get(part.ref) if part.ref else None,
        half_on=date.fromordinal(part.half_day) if part.half_day else None,
        gone_on=date.fromordinal(part.gone_day) if part.gone_day else None,
        capped=CAPPED.get(part.capped, ""),
    )


def _lift(step: explain.Lift, basis: Basis) -> dict[str, Any]:
    return {
        "without": step.rule.points < 0,
        "name": step.rule.name,
        "group": step.rule.group,
        "why": _why(step.rule, basis),
        "times": step.times,
        "gain": step.gain,
        "enough": step.enough,
    }
