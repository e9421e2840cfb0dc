"""Why this rep of all people, said for people (part of ``handoff.selectors``)."""

from collections.abc import Iterable
from typing import Any

from core.places import COUNTRIES
from handoff import rules
from handoff.models import Assignment
from team.models import User


def names_in(told: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The names of everybody whom these explanations mention."""
    parts = [part for one in told for part in (one, one.get("then", {}))]
    ids = {
        row[0]
        for part in parts
        for name in ("skipped", "pointers", "loads", "records", "owners")
        for row in part.get(name, [])
    }
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))


def explanation_sentences(assignment: Assignment) -> list[str]:
    """Why this rep of all people, said for people."""
    told = assignment.explanation
    return sentences(told, names_in([told]), assignment.rep.name, assignment.how)


def sentences(told: dict[str, Any], names: dict[int, str], rep: str, how: str) -> list[str]:
    """As ``explanation_sentences``, from its parts; ``rep`` is '' for a lead that nobody can have."""
    out = []
    for _, name, holds in told.get("rules", []):
        verdict = "holds: it decides" if holds else "does not hold for this lead"
        out.append(f"Rule “{name}” {verdict}.")
    out += _needed(told.get("need"))
    if told.get("said"):
        out.append(told["said"])
    elif told.get("by"):
        out.append(f"{told['by']} gave it to {rep}.")
    elif rep:
        out.append(f"{rep} has it: {rules.HOW.get(how, how)}.")
    out += [
        f"{names.get(pk, 'Somebody')} {rules.HOW[why]} and was passed over: {rules.reason_said(reason)}."
        for pk, why, reason in told.get("owners", [])
    ]
    out += _numbers(told, names) + _skipped(told, names)
    then = told.get("then")
    if then:
        out.append(f"Nobody of the rule's own pool could have it, so {then['name']} came next.")
        out += _numbers(then, names) + _skipped(then, names)
    return out


def _needed(need: Any) -> list[str]:
    if not need:
        return []
    languages, country, skills = need
    asked = [f"speaks {rules.languages_said('/'.join(languages))}"] if languages else []
    asked += [f"covers {COUNTRIES.get(country, country)}"] if country else []
    asked += [f"knows {' and '.join(skills)}"] if skills else []
    return [f"It asks for somebody who {', and '.join(asked)}."]


def _numbers(told: dict[str, Any], names: dict[int, str]) -> list[str]:
    """What the strategy looked at."""
    out = []
    rest = f", and {told['others']} more" if told.get("others") else ""
    loads = [f"{names.get(pk, 'Somebody')} {open_now} of {most}" for pk, open_now, most in told.get("loads", [])]
    if loads:
        out.append(f"Open then: {', '.join(loads)}{rest}.")
    records = told.get("records", [])
    shares = [f"{names.get(pk, 'Somebody')} {share} % ({won} of {all_} won)" for pk, share, won, all_ in records]
    if shares:
        out.append(f"Shares by win rate: {', '.join(shares)}{rest}.")
    first, *others = told.get("pointers") or [None]
    turns = [first, *sorted(others, key=lambda one: (one[1], one[0]))]
    if others:
        out.append(f"The order of turns was: {', '.join(names.get(one[0], 'Somebody') for one in turns)}{rest}.")
    return out


def _skipped(told: dict[str, Any], names: dict[int, str]) -> list[str]:
    known = {one[0] for one in told.get("owners", [])}
    rows = [one for one in told.get("skipped", []) if one[0] not in known]
    out = [rules.skipped_sentence(names.get(pk, "Somebody"), reason) for pk, reason in rows]
    if told.get("more"):
        out.append(f"Skipped besides: {rules.counts_said(told['more'])}.")
    return out
