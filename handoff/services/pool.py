"""The pools as they stand: rules, reps, their load and pointers, read once for a batch and counted along."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, QuerySet

from core.bulk import rows_insert, rows_update
from handoff import rules
from handoff.models import PoolPointer, RoutingRule, RulePerson
from handoff.services.loads import given_today, loads, records_of
from handoff.services.places import asks_place, candidate_of, lead_facts
from handoff.services.slas import matching_by
from team.models import User
from team.selectors import calendars_of

RETRY = timedelta(minutes=1)
COUNT_AGAIN = timedelta(seconds=5)
TURN = ["pointer", "weight", "away"]
THEN = "then:"  # before the cursors of the pool that takes what a rule's own cannot
Nobody = RoutingRule.Nobody


@dataclass
class Outcome:
    """What routing says about one handoff. Without ``rep``: ``why`` for people, look again at ``retry_at``."""

    rep: User | None = None
    how: str = ""
    explanation: dict[str, Any] = field(default_factory=dict)
    rule: RoutingRule | None = None
    why: str = ""
    retry_at: datetime | None = None


def rules_active() -> QuerySet[RoutingRule]:
    return RoutingRule.objects.in_force().filter(is_active=True).select_related("overflow_team")


def rules_lock() -> list[RoutingRule]:
    """The active rules, locked: one chooser at a time holds the pools' cursors, so that the turns are fair. Locked
    plainly and in one order, so that two choosers never wait crosswise. Inside a transaction."""
    return list(rules_active().order_by("id").select_for_update(of=("self",)))


@dataclass(frozen=True)
class Kept:
    """How much each rep had after a batch, for the next one: counting every open lead each time would cost more than
    all the choosing. It holds for a moment, and only while nobody else gave leads out (then the turns have moved)."""

    counted_at: datetime
    turns: dict[tuple[int, bool], dict[int, int]]
    counts: dict[int, tuple[int, int]]


@dataclass
class Routing:
    """Build with ``load``: with the rules of ``rules_lock`` to give leads out, without to look only."""

    now: datetime
    order: list[RoutingRule]
    people: dict[int, User] = field(default_factory=dict)
    calendars: dict[int, rules.Calendar] = field(default_factory=dict)
    candidates: dict[int, rules.Candidate] = field(default_factory=dict)
    managers: list[User] = field(default_factory=list)
    desk: rules.Desk = field(default_factory=lambda: rules.Desk([], {}))
    facts: dict[int, rules.LeadFacts] = field(default_factory=dict)
    counted_at: datetime = field(init=False)
    _rows: dict[tuple[int, int, bool], int] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        lead_ids: Collection[int],
        *,
        now: datetime,
        locked: Sequence[RoutingRule] | None = None,
        kept: Kept | None = None,
    ) -> "Routing":
        """``kept``: what ``keep`` said after an earlier batch; it is believed as far as it can still be true."""
        rows: Iterable[RoutingRule]
        rows = rules_active() if locked is None else locked
        return cls.of_rules(rows, lead_ids, now=now, lock=locked is not None, kept=kept)

    @classmethod
    def of_rules(
        cls,
        rows: Iterable[RoutingRule],
        lead_ids: Collection[int],
        *,
        now: datetime,
        lock: bool = False,
        kept: Kept | None = None,
        since: datetime | None = None,
    ) -> "Routing":
        """As ``load``, for any rules: those of a draft too. ``since``: from when on the calendars are to be right."""
        out = cls(now=now, order=sorted(rows, key=lambda rule: (rule.position, rule.pk)))
        out._people(lock=lock, since=since or now)
        matching = matching_by(out.order, lead_ids, now)
        out.desk = rules.Desk([out._route(rule, matching, lock) for rule in out._prepared()], out.candidates)
        out._count_all(kept)
        out.facts = lead_facts(lead_ids, places=any(asks_place(rule) for rule in out.order))
        return out

    def _people(self, *, lock: bool, since: datetime) -> None:
        wanted = Q(is_rep=True)
        if any(rule.nobody == Nobody.MANAGER for rule in self.order):
            wanted |= Q(is_manager=True)
        # Imported and not invited yet: they cannot sign in, so a lead of theirs would lie.
        rows = User.objects.filter(wanted, is_active=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        rows = rows.order_by("pk")
        if lock:
            # Whoever is deactivated meanwhile waits for our commit, so that ``rep_left`` finds what we gave them.
            rows = rows.select_for_update(of=("self",), no_key=True)
        self.people = {one.pk: one for one in rows}
        self.managers = [one for one in self.people.values() if one.is_manager]
        self.calendars = calendars_of(self.people.values(), since=since)
        working = {one: one.is_working(self.now) for one in set(self.calendars.values())}  # many share one
        for rep in self.people.values():
            if rep.is_rep:
                calendar = self.calendars[rep.pk]
                self.candidates[rep.pk] = candidate_of(rep, calendar.is_off(self.now), working[calendar])

    def _prepared(self) -> list[RoutingRule]:
        """The rules with ``found_named`` and ``found_turns``, read for all of them at once."""
        named: dict[int, dict[int, int]] = {}
        for rule_id, rep_id, weight in RulePerson.objects.filter(rule__in=self.order).values_list(
            "rule_id", "rep_id", "weight"
        ):
            named.setdefault(rule_id, {})[rep_id] = weight
        turns: dict[tuple[int, bool], dict[int, list[Any]]] = {}
        keys = ("pk", "rule_id", "rep_id", "fallback", *TURN)
        for pk, rule_id, rep, then, *turn in PoolPointer.objects.filter(rule__in=self.order).values_list(*keys):
            turns.setdefault((rule_id, then), {})[rep] = turn
            self._rows[rule_id, rep, then] = pk
        for rule in self.order:
            one: Any = rule
            if hasattr(one, "found_named"):  # as somebody else says, not as the database does
                continue
            one.found_named = named.get(rule.pk, {})
            one.found_turns = {then: turns.get((rule.pk, then), {}) for then in (False, True)}
        return self.order

    def _route(self, rule: Any, matching: dict[int, set[int]], lock: bool) -> rules.Route:
        records = records_of(rule, self.now, keep=lock) if rule.strategy == "best_performer" else {}
        pool = rules.Pool(
            [self.candidates[pk] for pk in self.pool_of(rule)],
            **turns_of(rule, False),
            cursors={key: at for key, at in rule.cursors.items() if not key.startswith(THEN)},
            weights=rule.found_named or None,
            strategy=rule.strategy,
            records=records,
            floor=rule.floor_percent,
            hold_off_hours=rule.nobody != Nobody.ANYWAY,
            gone=[pk for pk in rule.found_named if pk not in self.candidates],
        )
        fallback, name = self._fallback(rule, pool)
        return rules.Route(
            rule.pk,
            rule.name,
            pool,
            matching=matching.get(rule.pk),
            countries=frozenset(rule.countries),
            needs_language=rule.needs_language,
            needs_country=rule.needs_country,
            skills=tuple(rule.needs_skills),
            company_owner_first=rule.company_owner_first,
            lead_owner_first=rule.lead_owner_first,
            fallback=fallback,
            fallback_name=name,
        )

    def pool_of(self, rule: Any) -> list[int]:
        """Those whom the rule names, else the reps of its team, else every rep, as far as they take leads."""
        if rule.found_named:
            return [pk for pk in rule.found_named if pk in self.candidates]
        return [pk for pk in self.candidates if rule.team_id is None or self.people[pk].team_id == rule.team_id]

    def _fallback(self, rule: Any, pool: rules.Pool) -> tuple[rules.Pool | None, str]:
        """Who takes what the rule's own pool cannot: one step, from there nobody is sent on."""
        common: dict[str, Any] = {
            **turns_of(rule, True),
            "cursors": {key[len(THEN) :]: at for key, at in rule.cursors.items() if key.startswith(THEN)},
            "hold_off_hours": True,
            "how": rule.nobody,
        }
        if rule.nobody == Nobody.OVERFLOW and rule.overflow_team_id:
            reps = [pk for pk in self.candidates if self.people[pk].team_id == rule.overflow_team_id]
            members = [self.candidates[pk] for pk in reps if pk not in pool.by_id]
            return rules.Pool(members, **common), f"the pool of team {rule.overflow_team.name}"
        if rule.nobody == Nobody.MANAGER:
            # At any hour and however much they have: somebody must look after it.
            off = {one.pk: self.calendars[one.pk].is_off(self.now) for one in self.managers}
            chosen = [one for one in self.managers if one.team_id in (rule.team_id, None)] or self.managers
            members = [
                rules.Candidate(one.pk, away=off[one.pk], capacity_open=10**6, capacity_day=10**6) for one in chosen
            ]
            return rules.Pool(members, **common), "the managers"
        return None, ""

    def _pools(self) -> Iterable[tuple[RoutingRule, bool, rules.Pool]]:
        for rule, route in zip(self.order, self.desk.routes, strict=True):
            yield rule, False, route.pool
            if route.fallback is not None:
                yield rule, True, route.fallback

    def _turns(self) -> dict[tuple[int, bool], dict[int, int]]:
        return {(rule.pk, then): dict(pool.pointers) for rule, then, pool in self._pools()}

    def keep(self) -> Kept:
        """What the next batch may start from."""
        counts = {one.id: (one.open, one.today) for one in self.candidates.values()}
        return Kept(self.counted_at, self._turns(), counts)

    def _count_all(self, kept: Kept | None) -> None:
        """What each rep has: ``kept`` if it is young and nobody else has given anything out since."""
        usable = kept and self.now - kept.counted_at < COUNT_AGAIN and kept.turns == self._turns()
        if kept and usable and self.candidates.keys() <= kept.counts.keys():
            counts, self.counted_at = kept.counts, kept.counted_at
        else:
            open_now, today = loads(self.now), given_today(self.people.values(), self.now)
            counts = {rep: (open_now.get(rep, 0), today.get(rep, 0)) for rep in self.candidates}
            self.counted_at = self.now
        for one in self.candidates.values():
            one.open, one.today = counts[one.id]

    def choose(self, lead_id: int, owner_id: int | None, *, excluded: Collection[int] = ()) -> Outcome:
        """The first rule that holds decides. Counts the lead towards whoever gets it."""
        facts = self.facts.get(lead_id) or rules.LeadFacts(lead_id)
        if owner_id is not None:
            facts = rules.LeadFacts(lead_id, owner_id, facts.company_owner, facts.country, facts.languages)
        decision = self.desk.decide(facts, excluded=excluded)
        route, choice = decision.route, decision.choice
        if route is None:
            why = "No routing rule matches this lead." if self.order else "There is no routing rule yet."
            return Outcome(why=why, retry_at=self.now + RETRY, explanation=decision.explanation)
        rule = self.order[self.desk.routes.index(route)]
        if choice.rep is None:
            retry = self._next_opening(route) if choice.off_hours else self.now + RETRY
            return Outcome(why=decision.nobody_why(), rule=rule, retry_at=retry, explanation=decision.explanation)
        self.desk.serve(decision)
        return Outcome(rep=self.people[choice.rep], how=choice.how, rule=rule, explanation=decision.explanation)

    def _next_opening(self, route: rules.Route) -> datetime:
        """When the first who is able comes to work; looked at again at least every quarter of an hour."""
        reps = [*route.pool.reps, *(route.fallback.reps if route.fallback else [])]
        openings = [self.calendars[one.id].next_opening(self.now) for one in reps if not one.unable()]
        return min([*openings, self.now + timedelta(minutes=15)])

    def close(self) -> None:
        """As it would be with nobody at work: to look only."""
        for one in self.candidates.values():
            one.working = False
        self.desk.look()

    def save(self) -> None:
        """Keep the pointers and cursors that moved."""
        known, fresh = [], []
        for rule, then, pool in self._pools():
            for rep in sorted(pool.changed()):
                turn = pool.pointers[rep], pool.weights.get(rep, 0), rep in pool.away
                pk = self._rows.get((rule.pk, rep, then))
                if pk is None:
                    fresh.append((rule.pk, rep, then, *turn))
                else:
                    known.append((pk, *turn))
        rows_update(PoolPointer, TURN, sorted(known))
        rows_insert(PoolPointer, ["rule", "rep", "fallback", *TURN], fresh)
        self._save_cursors()

    def _save_cursors(self) -> None:
        cursors: dict[int, dict[str, int]] = {rule.pk: {} for rule in self.order}
        for rule, then, pool in self._pools():
            cursors[rule.pk] |= {(THEN if then else "") + key: at for key, at in pool.cursors_now().items()}
        for rule in self.order:
            if rule.cursors != cursors[rule.pk]:
                rule.cursors = cursors[rule.pk]
                RoutingRule.objects.filter(pk=rule.pk).update(cursors=rule.cursors)


def turns_of(rule: Any, then: bool) -> dict[str, Any]:
    """Where everybody's turn in a rule's pool stands, by which weight it was counted, and who was away."""
    found = rule.found_turns[then].items()
    pointers, counted = ({rep: turn[at] for rep, turn in found} for at in (0, 1))
    return {"pointers": pointers, "counted": counted, "away": [rep for rep, turn in found if turn[2]]}
