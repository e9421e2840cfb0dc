"""Which column is what: from its name first, then from what stands in it. Pure."""

import re
from dataclasses import dataclass, field

from intake.rules import EMPTY_WORDS, NO, YES, RowProblem, date_formats_of, key_fold, number_read

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


@dataclass
class Guess:
    """What the file seems to hold. ``ask`` names what only a person can know."""

    mapping: dict[str, str]
    date_format: str = ""
    date_choices: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def custom_key(name: str) -> str:
    """A column's name as the key of a custom field: 'Total Time Spent' -> total_time_spent."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60].strip("_") or "column"


def custom_type(values: list[str]) -> str:
    """number, bool, date or text: what every value can be read as."""
    seen = {value for value in values if value}
    if not seen:
        return "text"
    words = {value.lower() for value in seen}
    if words <= YES | NO:
        return "bool"
    if all(_is_number(value) for value in seen) and not any(re.match(r"0\d", value) for value in seen):
        return "number"
    return "date" if date_formats_of(list(seen)) else "text"


def _is_number(value: str) -> bool:
    try:
        number_read(value)
    except RowProblem:
        return False
    return True


def empty_words(columns: dict[str, list[str]]) -> list[str]:
    """Words such as 'null' or 'Select' that stand for 'no answer' in this file."""
    found: dict[str, int] = {}
    for values in columns.values():
        for word in {value for value in values if value.lower() in EMPTY_WORDS}:
            found[word] = max(found.get(word, 0), values.count(word))
    # once could be somebody's name; a word that stands for nothing comes again and again
    return sorted(word for word, times in found.items() if times >= 5)


def mapping_guess(
    header: list[str], sample: list[list[str]], synonyms: dict[str, list[str]], *, kinds: dict[str, str], custom: bool
) -> Guess:
    """``synonyms``: field -> names it goes by, best first. ``kinds``: field -> email, number, date, unique ...

    A column that fits nothing becomes a custom field where the kind has them (``custom``), else stays out.
    """
    columns = {name: [row[place].strip() for row in sample] for place, name in enumerate(header)}
    empty = empty_words(columns)
    columns = {name: [value for value in values if value and value not in empty] for name, values in columns.items()}
    folded = {key_fold(name): name for name in reversed(header)}
    taken: dict[str, str] = {}
    for field_name, names in synonyms.items():
        for name in names:
            column = folded.get(key_fold(name))
            if column and column not in taken and _content_fits(kinds.get(field_name, ""), columns[column]):
                taken[column] = field_name
                break
    if "email" in synonyms and "email" not in taken.values():
        _by_content(header, columns, taken)
    guess = Guess({name: taken.get(name, "") for name in header}, empty=empty)
    for name in header:
        if custom and not guess.mapping[name]:
            guess.mapping[name] = f"custom:{custom_key(name)}:{custom_type(columns[name])}"
    _dates(guess, columns, kinds)
    return guess


def _content_fits(kind: str, values: list[str]) -> bool:
    if not values or not kind:
        return True
    if kind == "email":
        return sum(bool(EMAIL.match(value)) for value in values) >= 0.5 * len(values)
    if kind == "number":
        return sum(_is_number(value) for value in values) >= 0.5 * len(values)
    if kind == "unique":
        return len(set(values)) >= 0.95 * len(values)
    return True


def _by_content(header: list[str], columns: dict[str, list[str]], taken: dict[str, str]) -> None:
    for name in header:
        values = columns[name]
        if name not in taken and values and all(EMAIL.match(value) for value in values):
            taken[name] = "email"
            return


def _dates(guess: Guess, columns: dict[str, list[str]], kinds: dict[str, str]) -> None:
    dated = [
        name
        for name, target in guess.mapping.items()
        if kinds.get(target) == "date" or (target.startswith("custom:") and target.endswith(":date"))
    ]
    values = [value for name in dated for value in columns[name]]
    if not values:
        return
    fitting = date_formats_of(values)
    guess.date_choices = fitting
    if len(fitting) == 1 or (fitting and fitting[0] == "yyyy-mm-dd"):
        guess.date_format = fitting[0]
    elif fitting:
        guess.notes.append(
            f"The dates can be read as {' or '.join(fitting)} (such as {values[0]}). Say which; Baton does not guess."
        )
    else:
        guess.notes.append(f"The dates follow no format that Baton knows (such as {values[0][:40]!r}).")
