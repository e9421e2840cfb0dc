"""The pools as they stand: rules, reps, their load and pointers, read once for a batch and counted along."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count

from core.bulk import rows_insert, rows_update, where_in
from funnels.models import Stage
from handoff import rules
from handoff.models import Assignment, Handoff, PoolPointer, RoutingRule
from handoff.services.slas import matching_by
from leads.models import Lead, Standing
from team.models import User
from team.selectors import calendars_of

# An accepted lead takes room in a rep's load until its deal closes (deals tells: ``deal.closed``) or the lead moves
# on (won, recycled). After this many days it does not any more: the deal's own stall marks show it.
LOAD_DAYS = 90
RETRY = timedelta(minutes=1)
COUNT_AGAIN = timedelta(seconds=5)


@dataclass
class Outcome:
    """What routing says about one handoff. Without ``rep``: ``why`` for people, look again at ``retry_at``."""

    rep: User | None = None
    how: str = ""
    explanation: dict[str, Any] = field(default_factory=dict)
    rule: RoutingRule | None = None
    why: str = ""
    retry_at: datetime | None = None


def rules_lock() -> list[RoutingRule]:
    """The active rules, locked: one chooser at a time holds the pools' cursors, so that the turns are fair. Locked
    plainly and in one order, so that two choosers never wait crosswise. Inside a transaction."""
    return list(RoutingRule.objects.filter(is_active=True).order_by("id").select_for_update(of=("self",)))


@dataclass(frozen=True)
class Kept:
    """How much each rep had after a batch, for the next one: counting every open lead each time would cost more than
    all the choosing. It holds for a moment, and only while nobody else gave leads out (then the turns have moved)."""

    counted_at: datetime
    turns: dict[int, tuple[int, dict[int, int]]]
    counts: dict[int, tuple[int, int]]


@dataclass
class Routing:
    """Build with ``load``: with the rules of ``rules_lock`` to give leads out, without to look only."""

    now: datetime
    order: list[RoutingRule]
    people: dict[int, User] = field(default_factory=dict)
    calendars: dict[int, rules.Calendar] = field(default_factory=dict)
    candidates: dict[int, rules.Candidate] = field(default_factory=dict)
    pools: dict[int, rules.Pool] = field(default_factory=dict)
    matching: dict[int, set[int]] = field(default_factory=dict)
    company_owners: dict[int, int | None] = field(default_factory=dict)
    counted_at: datetime = field(init=False)
    _rows: dict[tuple[int, int], int] = field(default_factory=dict)
    _touched: set[tuple[int, int]] = field(default_factory=set)

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
        rows = RoutingRule.objects.filter(is_active=True) if locked is None else locked
        out = cls(now=now, order=sorted(rows, key=lambda rule: (rule.position, rule.pk)))
        out._people(lock=locked is not None)
        out._pools()
        out._count_all(kept)
        out.matching = matching_by(out.order, lead_ids, now)
        owned = where_in(Lead.objects.filter(company__owner__isnull=False), "pk", list(lead_ids))
        out.company_owners = dict(owned.values_list("pk", "company__owner"))
        return out

    def _people(self, *, lock: bool) -> None:
        # Imported and not invited yet: they cannot sign in, so a lead of theirs would lie.
        reps = User.objects.filter(is_active=True, is_rep=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        reps = reps.order_by("pk")
        if lock:
            # Whoever is deactivated meanwhile waits for our commit, so that ``rep_left`` finds what we gave them.
            reps = reps.select_for_update(of=("self",), no_key=True)
        self.people = {rep.pk: rep for rep in reps}
        self.calendars = calendars_of(self.people.values(), since=self.now)
        working = {one: one.is_working(self.now) for one in set(self.calendars.values())}  # many share one
        for rep in self.people.values():
            calendar = self.calendars[rep.pk]
            self.candidates[rep.pk] = rules.Candidate(
                id=rep.pk,
                weight=rep.weight,
                capacity_open=rep.capacity_open,
                capacity_day=rep.capacity_day,
                away=calendar.is_off(self.now),
                working=working[calendar],
            )

    def _pools(self) -> None:
        """For each rule the active reps of its team; every rep for a rule without one."""
        pointers: dict[int, dict[int, int]] = {rule.pk: {} for rule in self.order}
        rows = PoolPointer.objects.filter(rule__in=self.order)
        for pk, rule_id, rep_id, pointer in rows.values_list("pk", "rule_id", "rep_id", "pointer"):
            pointers[rule_id][rep_id] = pointer
            self._rows[rule_id, rep_id] = pk
        for rule in self.order:
            reps = [rep.pk for rep in self.people.values() if rule.team_id is None or rep.team_id == rule.team_id]
            self.pools[rule.pk] = rules.Pool(
                [self.candidates[rep] for rep in reps],
                pointers=pointers[rule.pk],
                cursor=rule.cursor,
                hold_off_hours=rule.hold_off_hours,
            )

    def _turns(self) -> dict[int, tuple[int, dict[int, int]]]:
        return {rule: (pool.cursor, pool.pointers) for rule, pool in self.pools.items()}

    def keep(self) -> Kept:
        """What the next batch may start from."""
        counts = {one.id: (one.open, one.today) for one in self.candidates.values()}
        return Kept(self.counted_at, self._turns(), counts)

    def _count_all(self, kept: Kept | None) -> None:
        """What each rep has: ``kept`` if it is young and nobody else has given anything out since."""
        usable = kept and self.now - kept.counted_at < COUNT_AGAIN and kept.turns == self._turns()
        if kept and usable and self.people.keys() <= kept.counts.keys():
            counts, self.counted_at = kept.counts, kept.counted_at
        else:
            loads, today = _loads(self.now), _today(self.people.values(), self.now)
            counts = {rep: (loads.get(rep, 0), today.get(rep, 0)) for rep in self.people}
            self.counted_at = self.now
        for one in self.candidates.values():
            one.open, one.today = counts[one.id]

    def choose(self, lead_id: int, owner_id: int | None, *, excluded: Collection[int] = ()) -> Outcome:
        """The first rule that holds decides. Counts the lead towards whoever gets it."""
        tried = []
        for rule in self.order:
            holds = rule.pk not in self.matching or lead_id in self.matching[rule.pk]
            tried.append([rule.pk, rule.name, holds])
            if holds:
                return self._by_rule(rule, lead_id, owner_id, excluded, tried)
        why = "No routing rule matches this lead." if self.order else "There is no routing rule yet."
        return Outcome(why=why, retry_at=self.now + RETRY, explanation={"rules": tried})

    def _by_rule(
        self, rule: RoutingRule, lead_id: int, owner_id: int | None, excluded: Collection[int], tried: list[Any]
    ) -> Outcome:
        pool = self.pools[rule.pk]
        choice = pool.choose(preferred=self._preferred(rule, lead_id, owner_id), excluded=excluded)
        explanation = {
            "rules": tried,
            "rule": rule.pk,
            "how": choice.how,
            "skipped": choice.skipped,
            "pointers": choice.pointers,
        }
        if choice.rep is None:
            name = f"the pool of “{rule.name}”"
            why = rules.nobody_sentence(choice.skipped, name)
            why = why[0].upper() + why[1:]
            retry = self._next_opening(pool.reps) if choice.off_hours else self.now + RETRY
            return Outcome(why=why, rule=rule, retry_at=retry, explanation=explanation)
        self._count(rule, choice)
        return Outcome(rep=self.people[choice.rep], how=choice.how, rule=rule, explanation=explanation)

    def _preferred(self, rule: RoutingRule, lead_id: int, owner_id: int | None) -> list[tuple[rules.Candidate, str]]:
        wanted = [(owner_id, "lead_owner")]
        if rule.company_owner_first:
            wanted.append((self.company_owners.get(lead_id), "company_owner"))
        return [(self.candidates[rep], why) for rep, why in wanted if rep is not None and rep in self.candidates]

    def _count(self, rule: RoutingRule, choice: rules.Choice) -> None:
        assert choice.rep is not None
        rep = self.candidates[choice.rep]
        rep.open += 1
        rep.today += 1
        self.pools[rule.pk].serve(choice)
        self._touched.add((rule.pk, choice.rep))
        if rep.unable():  # full now, in whichever pools they are
            for pool in self.pools.values():
                pool.look()

    def _next_opening(self, pool: Iterable[rules.Candidate]) -> datetime:
        """When the first who is able comes to work; looked at again at least every quarter of an hour."""
        openings = [self.calendars[one.id].next_opening(self.now) for one in pool if not one.unable()]
        return min([*openings, self.now + timedelta(minutes=15)])

    def save(self) -> None:
        """Keep the pointers and cursors that moved."""
        moved = {pair: self.pools[pair[0]].pointers[pair[1]] for pair in sorted(self._touched)}
        known = [(self._rows[pair], pointer) for pair, pointer in moved.items() if pair in self._rows]
        rows_update(PoolPointer, ["pointer"], known)
        fresh = [(*pair, pointer) for pair, pointer in moved.items() if pair not in self._rows]
        rows_insert(PoolPointer, ["rule", "rep", "pointer"], fresh)
        for rule in self.order:
            if rule.cursor != self.pools[rule.pk].cursor:
                rule.cursor = self.pools[rule.pk].cursor
                RoutingRule.objects.filter(pk=rule.pk).update(cursor=rule.cursor)


def _loads(now: datetime) -> Counter[int]:
    """How many open leads each rep has: the undecided, and the accepted that are still with sales."""
    undecided = Handoff.objects.filter(state=Handoff.State.ASSIGNED, rep__isnull=False)
    counts = undecided.values("rep").annotate(open=Count("pk")).order_by().values_list("rep", "open")
    accepted = Handoff.objects.filter(
        state=Handoff.State.ACCEPTED, closed_at=None, decided_at__gte=now - timedelta(days=LOAD_DAYS)
    )
    # In two steps: joined, the planner likes to read every lead that ever was handed off.
    pairs = list(accepted.values_list("rep", "lead"))
    handed_off = Standing.objects.filter(stage__kind=Stage.Kind.HANDED_OFF)
    still = set(where_in(handed_off, "pk", [lead for _, lead in pairs]).values_list("pk", flat=True))
    return Counter(dict(counts)) + Counter(rep for rep, lead in pairs if lead in still and rep is not None)


def _today(people: Iterable[User], now: datetime) -> dict[int, int]:
    """New leads since the beginning of each rep's own day."""
    zones: dict[str, list[int]] = {}
    for rep in people:
        zones.setdefault(rep.time_zone, []).append(rep.pk)
    out: dict[int, int] = {}
    for since, ids in _day_starts(zones, now).items():
        rows = Assignment.objects.filter(rep__in=ids, at__gte=since)
        out |= dict(rows.values("rep").annotate(count=Count("pk")).order_by().values_list("rep", "count"))
    return out


def _day_starts(zones: Mapping[str, list[int]], now: datetime) -> dict[datetime, list[int]]:
    """Whose day began when."""
    out: dict[datetime, list[int]] = {}
    for zone, ids in zones.items():
        out.setdefault(rules.day_start(now, zone), []).extend(ids)
    return out
