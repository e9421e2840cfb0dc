"""The ordered rules over their pools: who gets a lead, and what an explanation says. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.places import SPOKEN
from handoff.rules.candidates import Candidate, Choice
from handoff.rules.choice import Pool
from handoff.rules.needs import NOTHING, Need
from handoff.rules.sayings import nobody_sentence

ANYWAY, HOLD, OVERFLOW, MANAGER = "anyway", "hold", "overflow", "manager"


@dataclass(frozen=True)
class LeadFacts:
    """What routing knows of a lead. ``country`` and ``languages`` are codes of core.places, empty when unknown."""

    id: int
    owner: int | None = None
    company_owner: int | None = None
    country: str = ""
    languages: tuple[str, ...] = ()


@dataclass
class Route:
    """One rule, ready to choose. ``matching``: the leads its condition holds for; None for everybody."""

    id: int
    name: str
    pool: Pool
    matching: Collection[int] | None = None
    countries: frozenset[str] = frozenset()
    needs_language: bool = False
    needs_country: bool = False
    skills: tuple[str, ...] = ()
    company_owner_first: bool = True
    lead_owner_first: bool = True
    fallback: Pool | None = None
    fallback_name: str = ""
    _needs: dict[tuple[tuple[str, ...], str], Need] = field(default_factory=dict)

    def holds(self, lead: LeadFacts) -> bool:
        if self.countries and lead.country not in self.countries:
            return False
        return self.matching is None or lead.id in self.matching

    def need(self, lead: LeadFacts) -> Need:
        """What this rule asks of the rep for this lead; an unknown language or country asks nothing."""
        languages = (lead.languages or SPOKEN.get(lead.country, ())) if self.needs_language else ()
        country = lead.country if self.needs_country else ""
        if not (languages or country or self.skills):
            return NOTHING
        key = languages, country
        if key not in self._needs:
            self._needs[key] = Need(languages, country, self.skills)
        return self._needs[key]


@dataclass
class Decision:
    """``route`` is None when no rule holds; ``choice.rep`` is None when nobody can have it."""

    route: Route | None
    choice: Choice
    fallback: bool = False
    explanation: dict[str, Any] = field(default_factory=dict)

    def nobody_why(self) -> str:
        """Why the lead waits, in one line."""
        assert self.route is not None
        told = self.explanation
        why = nobody_sentence(told["skipped"], f"the pool of “{self.route.name}”", told.get("more"))
        if "then" in told:
            then = told["then"]
            why += " " + nobody_sentence(then["skipped"], then["name"], then.get("more"))
        return why[0].upper() + why[1:]


class Desk:
    """The rules in their order and everybody who may get leads, while a batch is given out."""

    def __init__(self, routes: Sequence[Route], candidates: Mapping[int, Candidate]) -> None:
        self.routes, self.candidates = list(routes), dict(candidates)

    def decide(self, lead: LeadFacts, *, excluded: Collection[int] = ()) -> Decision:
        """The first rule that holds decides. Gives nothing out: see ``serve``."""
        tried: list[list[Any]] = []
        for route in self.routes:
            holds = route.holds(lead)
            tried.append([route.id, route.name, holds])
            if holds:
                return self._by_route(route, lead, excluded, tried)
        return Decision(None, Choice(), explanation={"rules": tried})

    def _by_route(self, route: Route, lead: LeadFacts, excluded: Collection[int], tried: list[list[Any]]) -> Decision:
        need = route.need(lead)
        owners = _owners(route, lead)
        preferred = [(self.candidates[rep], why) for rep, why in owners.items() if rep in self.candidates]
        first = route.pool.choose(preferred=preferred, excluded=excluded, need=need)
        told: dict[str, Any] = {"rules": tried, "rule": route.id, "how": first.how, **_told(first)}
        if owners and (passed := self._passed_over(owners, first)):
            told["owners"] = passed
        if need is not NOTHING:
            told["need"] = [list(need.languages), need.country, list(need.skills)]
        out = Decision(route, first, explanation=told)
        if first.rep is not None:
            if route.pool.strategy != "round_robin":
                told["strategy"] = route.pool.strategy
            return out
        if route.fallback is not None:
            wanted = NOTHING if route.fallback.how == MANAGER else need
            then = route.fallback.choose(excluded=excluded, need=wanted)
            told["then"] = {"name": route.fallback_name, "how": route.fallback.how, **_told(then)}
            then.off_hours = then.off_hours or first.off_hours
            told["how"] = then.how
            return Decision(route, then, fallback=True, explanation=told)
        return out

    def _passed_over(self, owners: Mapping[int, str], choice: Choice) -> list[list[Any]]:
        """[rep, why they came first, why they could not have it] of each owner before the one who was chosen."""
        out: list[list[Any]] = []
        reasons = dict(choice.skipped[: len(owners)])
        for rep, why in owners.items():
            if rep == choice.rep and choice.how == why:
                break
            out.append([rep, why, reasons.get(rep, "") if rep in self.candidates else "no_rep"])
        return out

    def serve(self, decision: Decision) -> None:
        """The chosen one has the lead: it counts in their load, and their turn is over."""
        assert decision.route is not None and decision.choice.rep is not None
        pool = decision.route.fallback if decision.fallback else decision.route.pool
        assert pool is not None
        pool.serve(decision.choice)
        rep = self.candidates.get(decision.choice.rep) or pool.by_id[decision.choice.rep]
        rep.open += 1
        rep.today += 1
        if rep.unable():  # full now, in whichever pools they are
            self.look()

    def look(self) -> None:
        """Somebody became able or unable."""
        for pool in self._pools():
            pool.look()

    def lighter(self, rep: int) -> None:
        """A rep who can have leads has fewer open than before."""
        for pool in self._pools():
            pool.lighter(rep)

    def _pools(self) -> Iterator[Pool]:
        for route in self.routes:
            yield route.pool
            if route.fallback is not None:
                yield route.fallback


def _owners(route: Route, lead: LeadFacts) -> dict[int, str]:
    """Who comes first by this rule, in order, each with why."""
    out: dict[int, str] = {}
    if route.lead_owner_first and lead.owner is not None:
        out[lead.owner] = "lead_owner"
    if route.company_owner_first and lead.company_owner is not None:
        out.setdefault(lead.company_owner, "company_owner")
    return out


def _told(choice: Choice) -> dict[str, Any]:
    told: dict[str, Any] = {"skipped": choice.skipped, "pointers": choice.pointers}
    if choice.more:
        told["more"] = choice.more
    if choice.loads:
        told["loads"] = choice.loads
    if choice.records:
        told["records"] = choice.records
    if choice.others:
        told["others"] = choice.others
    return told
