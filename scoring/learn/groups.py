"""A fact cut into groups, and the question that asks whether a lead is in one. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from scoring.learn.table import RANGED, UNSEEN, Kind


@dataclass(frozen=True)
class Evidence:
    """What a group's points rest on. Weights are log-odds beside the weakest group of the same fact."""

    n: int = 0
    wins: int = 0
    weight: float = 0.0
    low: float = 0.0  # of the weight, 95 %
    high: float = 0.0

    @property
    def rate(self) -> float:
        return self.wins / self.n if self.n else 0.0


@dataclass(frozen=True)
class Group:
    """Numbers from ``low`` up to below ``high``; or these values; and/or the unknown; and/or all not named."""

    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    numbers: bool = False  # low and high mean something (both None: any number)
    unknown: bool = False
    rest: bool = False
    points: int = 0
    evidence: Evidence = field(default_factory=Evidence)


def fold_text(text: str) -> str:
    """The form in which the condition language compares text."""
    return text.strip().lower()


@dataclass(frozen=True)
class Trait:
    """One fact and its groups. Every value is in exactly one of them, unseen ones in none.

    A pair names cells of its two ``parts`` ("1-0": the second group of one, the first of the other); what it does not
    name is in no group.
    """

    name: str
    fact: str
    kind: Kind
    groups: tuple[Group, ...]
    parts: tuple["Trait", ...] = ()

    @cached_property
    def _by_text(self) -> dict[str, int]:
        return {fold_text(text): index for index, one in enumerate(self.groups) for text in one.values}

    @cached_property
    def _unknown(self) -> int:
        return next((index for index, one in enumerate(self.groups) if one.unknown), -1)

    @cached_property
    def _rest(self) -> int:
        return next((index for index, one in enumerate(self.groups) if one.rest), -1)

    @cached_property
    def _ranges(self) -> list[tuple[float, float, int]]:
        edge = float("inf")
        return [
            (-edge if one.low is None else one.low, edge if one.high is None else one.high, index)
            for index, one in enumerate(self.groups)
            if one.numbers
        ]

    def place(self, value: Any) -> int:
        """The index of the value's group; -1 when it is in none."""
        if self.kind is Kind.PAIR:
            cell = "-".join(str(part.place(one)) for part, one in zip(self.parts, value, strict=True))
            return self._by_text.get(cell, -1)
        if value is UNSEEN:
            return -1
        if value is None:
            return self._unknown
        if self.kind in RANGED:
            return next((index for low, high, index in self._ranges if low <= value < high), -1)
        return self._by_text.get(fold_text(value), self._rest)

    def points(self, value: Any) -> int:
        index = self.place(value)
        return self.groups[index].points if index >= 0 else 0

    def merged(self, parts: Sequence[Sequence[int]]) -> "Trait":
        """The same fact with these groups put together."""
        return replace(self, groups=tuple(_union([self.groups[i] for i in part]) for part in parts))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value, "parts": [part.as_json() for part in self.parts]}

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> "Trait":
        groups = tuple(
            Group(**{**one, "values": tuple(one["values"]), "evidence": Evidence(**one["evidence"])})
            for one in raw["groups"]
        )
        parts = tuple(cls.of_json(one) for one in raw["parts"])
        return cls(raw["name"], raw["fact"], Kind(raw["kind"]), groups, parts)


def _union(groups: Sequence[Group]) -> Group:
    ranged = [one for one in groups if one.numbers]
    n, wins = sum(one.evidence.n for one in groups), sum(one.evidence.wins for one in groups)
    low = high = None
    if ranged:
        low = None if any(one.low is None for one in ranged) else min(one.low or 0.0 for one in ranged)
        high = None if any(one.high is None for one in ranged) else max(one.high or 0.0 for one in ranged)
    return Group(
        low=low,
        high=high,
        values=tuple(value for one in groups for value in one.values),
        numbers=bool(ranged),
        unknown=any(one.unknown for one in groups),
        rest=any(one.rest for one in groups),
        evidence=Evidence(n=n, wins=wins),
    )


def group_say(trait: Trait, group: Group) -> str:
    """A group for people: '300 to below 900', 'Google, Bing', 'anything else', 'unknown'."""
    if trait.kind is Kind.PAIR:
        return " or ".join(" and ".join(group_say(*one) for one in cell) for cell in _cells(trait, group))
    said = []
    if trait.kind is Kind.KNOWN and group.values:
        said.append("known")
    elif group.values:
        said.append(", ".join(group.values))
    if group.rest:
        said.append("anything else")
    if group.numbers:
        said.append(_range_say(trait.kind, group))
    if group.unknown:
        said.append("unknown")
    return " or ".join(said)


def _cells(trait: Trait, group: Group) -> list[list[tuple[Trait, Group]]]:
    """The cells of a pair's group, each as the groups of both facts."""
    found = []
    for cell in group.values:
        places = map(int, cell.split("-"))
        found.append([(part, part.groups[place]) for part, place in zip(trait.parts, places, strict=True)])
    return found


def _range_say(kind: Kind, group: Group) -> str:
    low, high = group.low, group.high
    if low is None and high is None:
        return "known"
    if kind is Kind.COUNT:
        first, last = int(low or 0), int(high) - 1 if high is not None else None
        if last is None:
            return f"{first} times or more"
        return f"{first} times" if first == last else f"{first} to {last} times"
    if low is None:
        return f"below {high:g}"
    return f"{low:g} or more" if high is None else f"{low:g} to below {high:g}"


def condition_of(trait: Trait, group: Group, *, within_days: int = 90) -> dict[str, Any]:
    """The group in the one condition language."""
    if trait.kind is Kind.PAIR:
        cells = [
            {"all": [condition_of(*one, within_days=within_days) for one in cell]} for cell in _cells(trait, group)
        ]
        return cells[0] if len(cells) == 1 else {"any": cells}
    asked: list[dict[str, Any]] = []
    if trait.kind is Kind.COUNT:
        return _deed(trait.fact.removeprefix("did:"), group, within_days)
    if group.numbers:
        asked.append(_range(trait.fact, group))
    if group.rest:
        asked.append(_rest(trait, group))
    elif group.values:
        asked.append(_among(trait, group))
    if group.unknown and not group.rest:
        asked.append(_fact(trait.fact, "empty"))
    return asked[0] if len(asked) == 1 else {"any": asked}


def _fact(fact: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


def _range(fact: str, group: Group) -> dict[str, Any]:
    parts = []
    if group.low is not None:
        parts.append(_fact(fact, ">=", group.low))
    if group.high is not None:
        parts.append(_fact(fact, "<", group.high))
    if not parts:
        return _fact(fact, "not_empty")
    return parts[0] if len(parts) == 1 else {"all": parts}


def _among(trait: Trait, group: Group) -> dict[str, Any]:
    if trait.kind is Kind.KNOWN:
        return _fact(trait.fact, "not_empty")
    if trait.fact == "lead.consent_email":
        return _fact(trait.fact, "is", group.values[0] == "true")
    values = list(group.values)
    return _fact(trait.fact, "is", values[0]) if len(values) == 1 else _fact(trait.fact, "in", values)


def _rest(trait: Trait, group: Group) -> dict[str, Any]:
    """None of what the other groups name; the empty ones only when the unknown are in this group."""
    others = [value for one in trait.groups if one is not group for value in one.values]
    known = _fact(trait.fact, "not_empty")
    if not others:
        return {"any": [known, _fact(trait.fact, "empty")]} if group.unknown else known
    none = _fact(trait.fact, "not_in", others)
    return none if group.unknown else {"all": [none, known]}


def _deed(kind: str, group: Group, within_days: int) -> dict[str, Any]:
    def did(times: float) -> dict[str, Any]:
        return {"did": kind, "times": int(times), "within_days": within_days}

    parts = []
    if group.low:
        parts.append(did(group.low))
    if group.high is not None:
        parts.append({"not": did(group.high)})
    return parts[0] if len(parts) == 1 else {"all": parts}
