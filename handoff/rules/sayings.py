"""Why somebody did not get a lead, for people. Pure."""

from collections.abc import Mapping, Sequence

from core.places import COUNTRIES, LANGUAGES

_SKIPPED = {
    "had_it": "had it before",
    "no_share": "takes no share (weight 0)",
    "away": "is off",
    "off_hours": "is not at work now",
    "gone": "takes no leads any more",
    "no_rep": "takes no leads",
}
_COUNTED = {
    "had_it": "had it already",
    "no_share": "take no share",
    "away": "off",
    "off_hours": "not at work",
    "gone": "take no leads any more",
    "language": "do not speak the language",
    "country": "do not cover the country",
    "skill": "lack the skill",
}


def languages_said(codes: str) -> str:
    return " or ".join(LANGUAGES.get(code, code) for code in codes.split("/"))


def reason_said(reason: str) -> str:
    """'does not speak German', '12 of 12 open', 'is off'."""
    code, _, detail = reason.partition(":")
    if code == "language":
        return f"does not speak {languages_said(detail)}"
    if code == "country":
        return f"does not cover {COUNTRIES.get(detail, detail)}"
    if code == "skill":
        return f"lacks the skill “{detail}”"
    return _SKIPPED.get(code) or (f"{detail} open" if code == "full" else f"{detail} today")


def skipped_sentence(name: str, reason: str) -> str:
    """'Ines was skipped: 12 of 12 open.'"""
    return f"{name} was skipped: {reason_said(reason)}."


def counts_said(counts: Mapping[str, int]) -> str:
    """'3 full, 1 off' of {code: how many}."""
    words: dict[str, int] = {}
    for code, count in counts.items():
        word = _COUNTED.get(code, "full")
        words[word] = words.get(word, 0) + count
    return ", ".join(f"{count} {word}" for word, count in words.items())


def nobody_sentence(skipped: Sequence[tuple[int, str]], pool: str, more: Mapping[str, int] | None = None) -> str:
    """Why nobody of the pool can have a lead, in one line."""
    if not skipped:
        return f"{pool} has no active reps."
    counts: dict[str, int] = {}
    for _, reason in skipped:
        code = reason.partition(":")[0]
        counts[code] = counts.get(code, 0) + 1
    for code, count in (more or {}).items():
        counts[code] = counts.get(code, 0) + count
    return f"Nobody of {pool} can have it: {counts_said(counts)}."
