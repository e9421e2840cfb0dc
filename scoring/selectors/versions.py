"""Two versions of the model side by side, and who changed what."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from scoring.models import ScoringChange, ScoringModel, ScoringRule
from scoring.selectors.words import SETTINGS, rule_sentence, rule_terms, setting_say

LOG = 100
Pair = tuple[ScoringRule | None, ScoringRule | None]


@dataclass(frozen=True)
class Difference:
    """A rule that is not the same in both. ``what``: added, removed or changed; ``changes`` (term, before, after)."""

    what: str
    before: ScoringRule | None
    after: ScoringRule | None
    changes: list[tuple[str, str, str]]

    @property
    def rule(self) -> ScoringRule:
        """The later of the two."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def sentence(self) -> str:
        return rule_sentence(self.rule)


@dataclass(frozen=True)
class Comparison:
    before: ScoringModel
    after: ScoringModel
    settings: list[tuple[str, str, str]]  # (setting, before, after) that differ
    rules: list[Difference]
    same: int  # rules that are alike in both


def versions() -> QuerySet[ScoringModel]:
    return ScoringModel.objects.select_related("created_by").order_by("-version")


def change_log() -> QuerySet[ScoringChange]:
    """The newest changes of all versions."""
    return ScoringChange.objects.select_related("model", "by").order_by("-id")[:LOG]


def compare(before: ScoringModel, after: ScoringModel) -> Comparison:
    """What is different in ``after``. Two queries."""
    pairs = _pairs(list(before.rules.all()), list(after.rules.all()))
    found = [_difference(old, new) for old, new in pairs]
    differs = [one for one in found if one is not None]
    order = {"changed": 0, "added": 1, "removed": 2}
    differs.sort(key=lambda one: (order[one.what], one.rule.group, -abs(one.rule.points)))
    settings = [
        (label[0].upper() + label[1:], setting_say(before, name), setting_say(after, name))
        for name, label in SETTINGS.items()
        if getattr(before, name) != getattr(after, name)
    ]
    return Comparison(before, after, settings, differs, len(found) - len(differs))


def _pairs(old: list[ScoringRule], new: list[ScoringRule]) -> list[Pair]:
    """Which rule became which: first those that are alike in all, then those that ask for the same, then those of
    the same name; the rest came or went."""
    keys: Sequence[Callable[[ScoringRule], Any]] = (
        lambda one: (one.group, one.name, _asks(one), one.points),
        lambda one: (one.group, _asks(one)),
        lambda one: (one.group, one.name),
    )
    pairs: list[Pair] = []
    for key in keys:
        waiting: dict[Any, list[ScoringRule]] = {}
        for one in new:
            waiting.setdefault(key(one), []).append(one)
        left = []
        for one in old:
            same = waiting.get(key(one))
            if same:
                pairs.append((one, same.pop(0)))
            else:
                left.append(one)
        old, new = left, [one for some in waiting.values() for one in some]
    return [*pairs, *((one, None) for one in old), *((None, one) for one in new)]


def _asks(rule: ScoringRule) -> str:
    return rule.activity_kind or json.dumps(rule.condition, sort_keys=True)


def _difference(old: ScoringRule | None, new: ScoringRule | None) -> Difference | None:
    if old is None or new is None:
        return Difference("removed" if new is None else "added", old, new, [])
    terms = zip(rule_terms(old), rule_terms(new), strict=True)
    changes = [(term, was, now) for (term, was), (_, now) in terms if was != now]
    return Difference("changed", old, new, changes) if changes else None
