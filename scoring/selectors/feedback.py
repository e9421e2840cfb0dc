"""What sales and customers say of the leads that a rule, a campaign or a persona brought: verdicts and reasons; and
the rows behind each number. Counted from ``Handed``, over the leads that a person may see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet

from core.clock import db_now
from core.rules import whole_read
from leads.compiler import condition_q
from leads.models import Activity, Standing
from scoring.lift import Tally, days_counting
from scoring.models import Handed, ScoringModel, ScoringRule, Study
from scoring.selectors.cards import card_of
from scoring.selectors.met import count_done, handed_visible, holding

BY = {"rule": "Rule", "campaign": "Campaign", "persona": "Persona"}
FIELDS = {"campaign": "lead__campaign", "persona": "lead__persona"}
PERIODS = {30: "Last 30 days", 90: "Last 90 days", 365: "Last 12 months", 0: "All time"}
FATES = {
    "handed": "Handed to sales",
    "accepted": "Accepted by sales",
    "rejected": "Rejected by sales",
    "won": "Won",
    "lost": "Lost",
}
NO_REASON, NONE = "No reason given", "(none)"
MOST_LINES = 200
SORTS = ("n", "accepted", "rejected", "won", "lost", "reject_share", "win_share", "label")


@dataclass(frozen=True)
class Reason:
    """One reason and how often it was given; ``share`` in percent of all rejected, or lost."""

    label: str
    n: int
    share: int
    key: str  # as it is kept: '' where none was given


@dataclass
class Line:
    """One rule, campaign or persona. ``key``: the rule's id, or the text."""

    label: str
    key: str
    tally: Tally = field(default_factory=Tally)
    rejects: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)

    @property
    def reject_reasons(self) -> list[Reason]:
        return reasons_of(self.rejects)

    @property
    def lost_reasons(self) -> list[Reason]:
        return reasons_of(self.losses)

    @property
    def reject_share(self) -> float | None:
        """Share rejected of those decided."""
        return self.tally.rejected / self.tally.decided if self.tally.decided else None

    @property
    def win_share(self) -> float | None:
        """Share won of those closed: won, lost or rejected."""
        return self.tally.won / self.tally.closed if self.tally.closed else None

    def add(self, told: Sequence[str], times: int) -> None:
        """``told`` as in TOLD."""
        verdict, reason, outcome, lost_reason = told
        self.tally.add(verdict, outcome, times)
        if verdict == "rejected":
            self.rejects[reason] += times
        if outcome == "lost":
            self.losses[lost_reason] += times


def reasons_of(counted: Counter[str]) -> list[Reason]:
    """Reasons, most first."""
    total = counted.total()
    return [
        Reason(label or NO_REASON, n, round(100 * n / total), label)
        for label, n in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]


@dataclass(frozen=True)
class Asked:
    """Which of sales' leads: of the last ``days`` (0: all), of a rule, campaign or persona (``by``, ``key``), what
    became of them, and for what reason (None: any)."""

    days: int = 0
    by: str = ""
    key: str = ""
    what: str = "handed"
    reason: str | None = None


def feedback(model: ScoringModel, user: Any, *, by: str, days: int, sort: str = "-n") -> list[Line]:
    """The lines of the feedback page, at most 200. A query, of rules three."""
    rows = _within(handed_visible(model, user), days).order_by()
    lines = _by_rule(model, rows) if by == "rule" else _by_text(rows, FIELDS[by])
    return _sorted([one for one in lines if one.tally.n], sort)[:MOST_LINES]


def _sorted(lines: list[Line], sort: str) -> list[Line]:
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    if name == "label":
        return sorted(lines, key=lambda one: one.label.lower(), reverse=falling)

    def value(line: Line) -> tuple[bool, float]:
        found = getattr(line, name) if name.endswith("_share") else getattr(line.tally, name)
        # who has no such number comes last either way
        return (found is not None) == falling, found or 0

    return sorted(sorted(lines, key=lambda one: one.label.lower()), key=value, reverse=falling)


TOLD = ("verdict", "reason", "outcome", "lost_reason")


def _by_text(rows: QuerySet[Handed], name: str) -> list[Line]:
    lines: dict[str, Line] = {}
    for text, *told, times in rows.values(name, *TOLD).values_list(name, *TOLD, Count("pk")):
        lines.setdefault(text, Line(text or NONE, text)).add(told, times)
    return list(lines.values())


def _by_rule(model: ScoringModel, rows: QuerySet[Handed]) -> list[Line]:
    study = count_done(model)
    lines: list[Line] = []
    found = list(model.rules.all())
    for group in ScoringRule.Group.values:
        here = {
            place: Line(rule.name, str(rule.pk))
            for rule in found
            if rule.group == group and (place := rule_place(study, rule)) is not None
        }
        for bits, *told, times in rows.values(group, *TOLD).values_list(group, *TOLD, Count("pk")):
            for place, line in here.items():
                if bits >> place & 1:
                    line.add(told, times)
        lines += here.values()
    return lines


def rule_place(study: Study | None, rule: ScoringRule) -> int | None:
    """The rule's bit in its group's column of the count; None when it was not counted."""
    said = study.result.get("rules", {}).get(str(rule.pk)) if study else None
    return said["place"] if said else None


def _within(rows: QuerySet[Handed], days: int) -> QuerySet[Handed]:
    return rows.filter(at__gte=db_now() - timedelta(days=days)) if days else rows


def handed_rows(model: ScoringModel, user: Any, asked: Asked) -> QuerySet[Handed]:
    """The rows behind a number of sales' leads; none for a rule that was not counted."""
    rows = _within(handed_visible(model, user), asked.days)
    if asked.by == "rule":
        rule = model.rules.filter(pk=whole_read(asked.key) or 0).first()
        place = rule_place(count_done(model), rule) if rule else None
        rows = holding(rows, rule.group, place) if rule and place is not None else rows.none()
    elif asked.by in FIELDS:
        rows = rows.filter(**{FIELDS[asked.by]: asked.key})
    if asked.what in ("accepted", "rejected"):
        rows = rows.filter(verdict=asked.what)
    elif asked.what in ("won", "lost"):
        rows = rows.filter(outcome=asked.what)
    if asked.reason is not None:
        rows = rows.filter(**{"lost_reason" if asked.what == "lost" else "reason": asked.reason})
    return rows


def rule_tale(model: ScoringModel, user: Any, rule: ScoringRule) -> Line:
    """One rule's verdicts and reasons, over all time; how many were changed since sales got them is apart."""
    line = Line(rule.name, str(rule.pk))
    rows = handed_rows(model, user, Asked(by="rule", key=str(rule.pk))).order_by()
    for *told, times in rows.values(*TOLD).values_list(*TOLD, Count("pk")):
        line.add(told, times)
    return line


def edited_count(model: ScoringModel, user: Any, rule: ScoringRule) -> int:
    """Of the rule's leads that sales got: how many were changed since, so that their facts may be later ones."""
    return handed_rows(model, user, Asked(by="rule", key=str(rule.pk))).filter(edited=True).count()


def leads_now(rule: ScoringRule, user: Any) -> QuerySet[Standing]:
    """The leads that a person may see for whom a rule holds now."""
    now = db_now()
    rows = Standing.objects.visible_to(user)
    if not rule.activity_kind:
        return rows.filter(condition_q(rule.condition, now=now, root="standing"))
    arithmetic = card_of(rule.model, [rule])
    since = now - timedelta(days=days_counting(arithmetic.on_deeds[0]))
    deeds = Activity.objects.filter(kind=rule.activity_kind, at__gte=since, bot=Activity.Bot.HUMAN)
    return rows.filter(pk__in=deeds.filter(lead__isnull=False).values("lead"))
