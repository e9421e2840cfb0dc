"""A condition split into what is asked of the database once and what is answered anew for each day. Pure.

Facts have no history: the database says how they are now. What somebody did, and how long somebody is known, is
answered as of the day. Facts that say where a lead stands now (stage, times through marketing, days without activity)
would tell the outcome: a rule that asks for one cannot be tried on the past.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400.0
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a lead did. Times in seconds since 1970; ``known``: when it was written down."""

    kind: str
    at: float
    known: float
    human: bool = True  # else: suspected to be a bot, which gives no points


@dataclass(frozen=True, slots=True)
class Then:
    """What was known of a lead at a moment."""

    moment: float
    since: float  # when the lead was first known
    deeds: Sequence[Deed]  # written down until then


Answer = Callable[[frozenset[int], Then], bool]


@dataclass
class Split:
    """Conditions by rule, taken apart. ``asked``: what the database answers, each once; the answers come back as the
    set of the places that hold."""

    asked: list[Node] = field(default_factory=list)
    whole: dict[int, int] = field(default_factory=dict)  # rule -> place: the database answers all of it
    moving: dict[int, Answer] = field(default_factory=dict)  # rule -> answered anew each day
    left_out: list[int] = field(default_factory=list)  # rules that cannot be tried
    edges: list[Callable[[Then], list[float]]] = field(default_factory=list)  # moments when an answer may turn
    kinds: set[str] = field(default_factory=set)

    def add(self, rule_id: int, condition: Node) -> None:
        if any(name.startswith("standing.") for name in _facts(condition)):
            self.left_out.append(rule_id)
        elif not moves(condition):
            self.whole[rule_id] = self._place(condition)
        else:
            self.moving[rule_id] = self._answer(condition)

    def _place(self, node: Node) -> int:
        if node not in self.asked:
            self.asked.append(node)
        return self.asked.index(node)

    def _answer(self, node: Node) -> Answer:
        if not moves(node):
            place = self._place(node)
            return lambda held, _: place in held
        if "not" in node:
            inner = self._answer(node["not"])
            return lambda held, then: not inner(held, then)
        for word, test in (("all", all), ("any", any)):
            if word in node:
                parts = [self._answer(part) for part in node[word]]
                return lambda held, then, test=test: test(part(held, then) for part in parts)  # type: ignore[misc]
        return self._did(node) if "did" in node else self._age(node)

    def _did(self, node: Node) -> Answer:
        kind, times = node["did"], node.get("times", 1)
        window = node["within_days"] * DAY if node.get("within_days") else None
        self.kinds.add(kind)
        if window is not None:
            self.edges.append(lambda then: [deed.at + window for deed in then.deeds if deed.kind == kind])

        def answer(_: frozenset[int], then: Then) -> bool:
            oldest = then.moment - window if window is not None else float("-inf")
            return sum(deed.kind == kind and deed.at >= oldest for deed in then.deeds) >= times

        return answer

    def _age(self, node: Node) -> Answer:
        span, older = float(node["value"]) * DAY, node["op"] == ">="
        self.edges.append(lambda then: [then.since + span])
        if older:
            return lambda _, then: then.moment - then.since >= span
        return lambda _, then: then.moment - then.since <= span

    def matching(self, rules: Collection[int], held: frozenset[int], then: Then | None) -> frozenset[int]:
        """Those of these rules that hold. ``then`` may be None where no rule moves."""
        found = [one for one in rules if self.whole.get(one) in held]
        if then is not None:
            found += [one for one in rules if one in self.moving and self.moving[one](held, then)]
        return frozenset(found)


def moves(node: Any) -> bool:
    """True when the answer depends on what was done until when, or on how long the lead is known."""
    if isinstance(node, list):
        return any(moves(one) for one in node)
    if not isinstance(node, dict):
        return False
    if "did" in node or str(node.get("fact", "")).endswith("_days"):
        return True
    return any(moves(value) for value in node.values())


def _facts(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_facts(one) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if "fact" in node:
        return {str(node["fact"])}
    return set().union(*(_facts(value) for value in node.values())) if node else set()
