"""What was counted of a model's rules, for the desk and for the page of a rule. A person sees counts of sales' leads
over those that they may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet

from leads.querysets import owner_filter
from scoring.lift import QUIET_DAYS, Lift, Tally, rule_print
from scoring.models import DriftCheck, Handed, ScoringModel, ScoringRule, Study
from scoring.selectors.words import drift_words


@dataclass
class Met:
    """What one rule meets. ``now``: leads for whom it holds, over everybody."""

    now: int
    lift: Lift
    dead: str = ""
    stale: bool = False  # the rule was changed since it was counted
    last: datetime | None = None

    @property
    def tally(self) -> Tally:
        return self.lift.with_it

    @property
    def share(self) -> float:
        """Percent won of those closed, for a bar."""
        return 100 * self.tally.win.value


def study_newest(kind: str, model: ScoringModel | None = None) -> Study | None:
    """The newest study of a kind, whatever became of it."""
    found = Study.objects.filter(kind=kind)
    return (found.filter(model=model) if model else found).first()


def count_done(model: ScoringModel) -> Study | None:
    """The newest count of a model that came to its end."""
    return model.studies.filter(kind=Study.Kind.COUNT, state=Study.State.DONE).first()


def handed_visible(model: ScoringModel, user: Any) -> QuerySet[Handed]:
    """The counted leads of sales that ``user`` may see."""
    return Handed.objects.filter(model=model).filter(owner_filter(user, "lead__standing__owner"))


def holding(rows: QuerySet[Handed], group: str, place: int) -> QuerySet[Handed]:
    """Those for whom the rule at this place of this group held."""
    return rows.annotate(held=F(group).bitand(1 << place)).exclude(held=0)


def rules_met(model: ScoringModel, user: Any, study: Study | None = None) -> dict[int, Met]:
    """Rule id -> what it meets, of the newest count; empty when there is none. Four queries."""
    study = study or count_done(model)
    if study is None:
        return {}
    found = list(model.rules.all())
    names = {rule.pk: rule.name for rule in found}
    rows = handed_visible(model, user).order_by()
    tallies: dict[int, Tally] = {}
    everybody = Tally()
    for index, group in enumerate(ScoringRule.Group.values):
        places = {said["place"]: rule.pk for rule in found if rule.group == group and (said := _said(study, rule))}
        for bits, verdict, outcome, times in rows.values(group, "verdict", "outcome").values_list(
            group, "verdict", "outcome", Count("pk")
        ):
            if not index:
                everybody.add(verdict, outcome, times)
            for place, rule_id in places.items():
                if bits >> place & 1:
                    tallies.setdefault(rule_id, Tally()).add(verdict, outcome, times)
    return {
        rule.pk: _met(rule, said, tallies.get(rule.pk, Tally()), everybody, names)
        for rule in found
        if (said := _said(study, rule))
    }


def _said(study: Study, rule: ScoringRule) -> dict[str, Any] | None:
    found: dict[str, Any] | None = study.result.get("rules", {}).get(str(rule.pk))
    return found


def _met(rule: ScoringRule, said: dict[str, Any], tally: Tally, everybody: Tally, names: dict[int, str]) -> Met:
    last = datetime.fromisoformat(said["last"]) if said["last"] else None
    met = Met(said["now"], Lift(tally, everybody.without(tally)), stale=said["print"] != rule_print(rule), last=last)
    met.dead = "" if met.stale else _dead(said, met, names, rule)
    return met


def _dead(said: dict[str, Any], met: Met, names: dict[int, str], rule: ScoringRule) -> str:
    """Why the rule does nothing, for people; '' when it does."""
    if not said["now"]:
        return "Holds for nobody now" + (f": last done on {met.last:%-d %b %Y}." if met.last else ".")
    if said["recent"] == 0:
        return f"Holds for nobody who came or did anything in the last {QUIET_DAYS} days."
    if said["twin"] in names:
        return f"Holds for the very same leads as “{names[said['twin']]}”."
    if said["tried"] and not said["moved"]:
        return (
            f"Changes nobody's score: of {said['tried']} leads tried without it, all kept theirs (a cap, or others)."
        )
    return ""


def met_context(model: ScoringModel, groups: Iterable[tuple[str, str, int, list[Any]]], user: Any) -> dict[str, Any]:
    """For a page with the rules of a model: each rule gets its ``met``; the counts' state; the dead rules."""
    done = count_done(model)
    met = rules_met(model, user, done) if done else {}
    for _, _, _, found in groups:
        for rule in found:
            rule.met = met.get(rule.pk)
    names = {rule.pk: rule.name for rule in model.rules.all()}
    check = DriftCheck.objects.filter(model=model).first() if model.state == ScoringModel.State.ACTIVE else None
    return {
        "drift": check,
        "drift_said": drift_words(check) if check and check.moved else "",
        "counted": done,
        "counting": study_newest(Study.Kind.COUNT, model),
        "dead": [(pk, names[pk], one.dead) for pk, one in met.items() if one.dead],
    }
