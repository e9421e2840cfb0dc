"""A policy in words: its sentence on a page, and what a change changed."""

from typing import Any

from handoff.models import MqlPolicy
from leads.conditions import condition_sentence
from leads.rules import ACTIVITY_KINDS

LABELS = {
    "name": "Name",
    "condition": "For leads where",
    "score": "Score",
    "grades": "Fit letters",
    "required": "Must hold too",
    "instant_kinds": "Passes at once",
    "instant_days": "High intent counts for",
    "recycle_wait_days": "Wait of recycled leads",
    "recycle_rise": "Rise of recycled leads",
    "max_cycles": "Passes by score",
    "instant_skips_wait": "High intent skips the wait",
    "ceiling": "A day",
    "ceiling_leads": "Leads a day",
    "is_active": "On",
}


def kind_said(kind: str) -> str:
    return ACTIVITY_KINDS.get(kind, kind.replace("_", " "))


def value_said(name: str, value: Any) -> str:
    """A setting's value for people."""
    if name in ("condition", "required"):
        return condition_sentence(value) if value else ("everybody" if name == "condition" else "nothing")
    if name == "ceiling":
        return str(MqlPolicy.Ceiling(value).label)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("instant_days", "recycle_wait_days"):
        return f"{value} day{'' if value == 1 else 's'}"
    if name == "instant_kinds":
        return ", ".join(map(kind_said, value)) or "nothing"
    if isinstance(value, list):
        return ", ".join(value) or "all"
    return "no limit" if value is None else str(value)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[list[str]]:
    """[what, before, after] of each setting that is another; ``before`` empty: a new policy."""
    return [
        [label, value_said(name, before[name]) if before else "", value_said(name, after[name])]
        for name, label in LABELS.items()
        if name in after and (not before or before[name] != after[name])
    ]


def settings_of(policy: MqlPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in LABELS}


def sentences(policy: MqlPolicy) -> list[str]:
    """What it asks, in a few sentences."""
    letters = f" and a fit of {' or '.join(policy.grades)}" if policy.grades else ""
    needs = f", if {condition_sentence(policy.required)}" if policy.required else ""
    out = [f"MQL from {policy.score} points{letters}{needs}."]
    if policy.instant_kinds:
        days = value_said("instant_days", policy.instant_days)
        out.append(f"At once, whatever the score: {value_said('instant_kinds', policy.instant_kinds)} (last {days}).")
    return [*out, _again(policy), *_ceiling(policy)]


def _again(policy: MqlPolicy) -> str:
    if policy.max_cycles == 1:
        again = "A recycled lead does not pass again by its score"
    else:
        rise = f" and must have gained {policy.recycle_rise} points" if policy.recycle_rise else ""
        most = f", at most {policy.max_cycles} times in all" if policy.max_cycles else ""
        again = f"A recycled lead waits {value_said('recycle_wait_days', policy.recycle_wait_days)}{rise}{most}"
    skips = policy.instant_kinds and policy.instant_skips_wait
    return f"{again}; fresh high intent skips that." if skips else f"{again}."


def _ceiling(policy: MqlPolicy) -> list[str]:
    if policy.ceiling == MqlPolicy.Ceiling.FIXED:
        return [f"At most {policy.ceiling_leads:,} a day go to a rep; the others wait in order of score."]
    if policy.ceiling == MqlPolicy.Ceiling.CAPACITY:
        return ["As many a day as the reps have room for; the others wait in order of score."]
    return []
