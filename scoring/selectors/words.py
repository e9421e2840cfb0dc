"""Rules as people say them."""

from leads.conditions import condition_sentence
from leads.rules import ACTIVITY_KINDS
from scoring import rules
from scoring.models import ScoringRule


def rule_say(rule: ScoringRule) -> str:
    """A rule as people say it: '+12 for viewed pricing, halving every 21 days, at most 36'."""
    off = "" if rule.is_active else " (switched off)"
    if rule.group == rules.FIT:
        return f"{rule.points:+d} {rule.name}: {condition_sentence(rule.condition)}{off}"
    kind = ACTIVITY_KINDS.get(rule.activity_kind, rule.activity_kind.replace("_", " "))
    fades = f"halving every {rule.half_life_days} days, at most {rule.cap}"
    return f"{rule.points:+d} {rule.name}: each time '{kind}', {fades}{off}"


def evidence_say(rule: ScoringRule) -> str:
    """What a learned rule rests on: '1,305 leads, 69 % converted; 6 to 24 points (95 %)'; '' for one made by hand."""
    seen = rule.evidence
    if not seen:
        return ""
    rate = f"{round(100 * seen['rate'])} % converted"
    return f"{seen['n']:,} leads, {rate}; {round(seen['low'])} to {round(seen['high'])} points (95 %)"


def rule_sentence(rule: ScoringRule) -> str:
    """Only what it asks for: 'employees is between 50 and 1000', or 'each time: viewed pricing'."""
    if rule.group == rules.FIT:
        return f"if {condition_sentence(rule.condition)}"
    kind = ACTIVITY_KINDS.get(rule.activity_kind, rule.activity_kind.replace("_", " "))
    return f"each time: {kind[0].lower()}{kind[1:]}"
