"""Rules as people say them."""

from leads.conditions import condition_sentence
from leads.rules import ACTIVITY_KINDS
from scoring import drift, rules
from scoring.models import DriftCheck, ScoringModel, ScoringRule

SETTINGS = {
    "name": "name",
    "fit_cap": "fit cap",
    "engagement_cap": "engagement cap",
    "negative_cap": "negative cap",
    "fit_bounds": "fit letters",
    "engagement_bounds": "engagement digits",
    "stage_bars": "stage bars",
}


def setting_say(model: ScoringModel, name: str) -> str:
    """A setting of a model as people say it: 'A from 40, B from 25, C from 10'."""
    value = getattr(model, name)
    if name.endswith("_bounds"):
        signs = "ABC" if name == "fit_bounds" else "123"
        return ", ".join(f"{sign} from {bound}" for sign, bound in zip(signs, value, strict=False))
    if name == "stage_bars":
        return ", ".join(f"{stage} from {bar}" for stage, bar in value.items()) or "none"
    return str(value)


def settings_say(model: ScoringModel) -> str:
    """All settings of a model on one line."""
    return "; ".join(f"{label} {setting_say(model, name)}" for name, label in SETTINGS.items())


def rule_terms(rule: ScoringRule) -> list[tuple[str, str]]:
    """What makes a rule what it is, term by term, so that two can be told apart."""
    deed = bool(rule.activity_kind)
    return [
        ("name", rule.name),
        ("points", f"{rule.points:+d}"),
        ("when", rule_sentence(rule)),
        ("points last", fade_say(rule) if deed else "while it holds"),
        ("at most", str(rule.cap) if deed else ""),
        ("counts", "yes" if rule.is_active else "switched off"),
    ]


def rule_say(rule: ScoringRule) -> str:
    """A rule as people say it: '+12 for viewed pricing, halving every 21 days, at most 36'."""
    off = "" if rule.is_active else " (switched off)"
    if not rule.activity_kind:
        return f"{rule.points:+d} {rule.name}: {condition_sentence(rule.condition)}{off}"
    return f"{rule.points:+d} {rule.name}: {_times(rule)} '{_kind(rule)}', {fade_say(rule)}, at most {rule.cap}{off}"


def _kind(rule: ScoringRule) -> str:
    return ACTIVITY_KINDS.get(rule.activity_kind, rule.activity_kind.replace("_", " "))


def _times(rule: ScoringRule) -> str:
    """How often its deed counts: 'each time', 'once', 'at most 2 times a day'."""
    if rule.counts == rules.DAILY:
        return f"at most {'once' if rule.a_day == 1 else f'{rule.a_day} times'} a day"
    return "once" if rule.counts == rules.ONCE else "each time"


def fade_say(rule: ScoringRule) -> str:
    """What becomes of its points: 'halving every 30 days', 'for 30 days'."""
    days = f"{rule.half_life_days} day{'' if rule.half_life_days == 1 else 's'}"
    return f"for {days}" if rule.fade == rules.EXPIRING else f"halving every {days}"


def evidence_say(rule: ScoringRule) -> str:
    """What a learned rule rests on: '1,305 leads, 69 % converted; 6 to 24 points (95 %)'; '' for one made by hand."""
    seen = rule.evidence
    if not seen:
        return ""
    rate = f"{round(100 * seen['rate'])} % converted"
    return f"{seen['n']:,} leads, {rate}; {round(seen['low'])} to {round(seen['high'])} points (95 %)"


def rule_sentence(rule: ScoringRule) -> str:
    """Only what it asks for: 'employees is between 50 and 1000', or 'each time: viewed pricing'."""
    if not rule.activity_kind:
        return f"if {condition_sentence(rule.condition)}"
    kind = _kind(rule)
    return f"{_times(rule)}: {kind[0].lower()}{kind[1:]}"


def drift_words(check: DriftCheck) -> str:
    """What moved, for people."""
    parts = []
    if check.psi is not None and check.psi > drift.MOVED:
        parts.append(
            f"the scores of the leads lie otherwise than when it was activated (stability index {check.psi:.2f}, "
            f"usual up to {drift.MOVED})"
        )
    told = check.calibration
    if told.get("moved"):
        parts.append(
            f"of {told['n']:,} leads {100 * told['came']:.0f} % converted where {100 * told['said']:.0f} % were said"
        )
    return " and ".join(parts)
