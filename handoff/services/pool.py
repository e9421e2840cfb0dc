"""The pools as they stand: rules, reps, their load and pointers, read once for a batch and counted along."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Q

from funnels.models import Stage
from handoff import rules
from handoff.models import Assignment, Handoff, PoolPointer, RoutingRule, SlaPolicy
from leads.compiler import leads_matching
from leads.models import Lead
from team.models import TimeOff, User

# An accepted lead takes room in a rep's load until its deal closes (deals tells: ``deal.closed``) or the lead moves
# on (won, recycled). After this many days it does not any more: the deal's own stall marks show it.
LOAD_DAYS = 90
RETRY = timedelta(minutes=1)


def open_load(now: datetime) -> Q:
    """Handoffs that take room in their rep's load."""
    return Q(state=Handoff.State.ASSIGNED) | Q(
        state=Handoff.State.ACCEPTED,
        closed_at=None,
        decided_at__gte=now - timedelta(days=LOAD_DAYS),
        lead__standing__stage__kind=Stage.Kind.HANDED_OFF,
    )


@dataclass
class Outcome:
    """What routing says about one handoff. Without ``rep``: ``why`` for people, look again at ``retry_at``."""

    rep: User | None = None
    how: str = ""
    explanation: dict[str, Any] = field(default_factory=dict)
    rule: RoutingRule | None = None
    why: str = ""
    retry_at: datetime | None = None


@dataclass
class Routing:
    """Build with ``load``. With ``lock`` it must be inside a transaction: the rules' rows (the pools' cursors) are
    locked plainly, in one order, so that two choosers are fair and never wait crosswise."""

    now: datetime
    order: list[RoutingRule]
    people: dict[int, User] = field(default_factory=dict)
    candidates: dict[int, rules.Candidate] = field(default_factory=dict)
    pointers: dict[int, dict[int, int]] = field(default_factory=dict)
    matching: dict[int, set[int]] = field(default_factory=dict)
    _touched: set[tuple[int, int]] = field(default_factory=set)
    _moved: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, lead_ids: Collection[int], *, now: datetime, lock: bool) -> "Routing":
        found = RoutingRule.objects.filter(is_active=True).order_by("id")
        rows = list(found.select_for_update(of=("self",)) if lock else found)
        out = cls(now=now, order=sorted(rows, key=lambda rule: (rule.position, rule.pk)))
        out._people()
        out.pointers = {rule.pk: {} for rule in rows}
        for rule_id, rep_id, pointer in PoolPointer.objects.filter(rule__in=rows).values_list(
            "rule_id", "rep_id", "pointer"
        ):
            out.pointers[rule_id][rep_id] = pointer
        out.matching = matching_by(out.order, lead_ids, now)
        return out

    def _people(self) -> None:
        # Imported and not invited yet: they cannot sign in, so a lead of theirs would lie.
        reps = User.objects.filter(is_active=True, is_rep=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        self.people = {rep.pk: rep for rep in reps.order_by("pk")}
        loads = _loads(self.now)
        today = _today(self.people.values(), self.now)
        off = TimeOff.objects.filter(starts_at__lte=self.now, ends_at__gt=self.now)
        away = set(off.values_list("user_id", flat=True))
        for rep in self.people.values():
            self.candidates[rep.pk] = rules.Candidate(
                id=rep.pk,
                weight=rep.weight,
                open=loads.get(rep.pk, 0),
                capacity_open=rep.capacity_open,
                today=today.get(rep.pk, 0),
                capacity_day=rep.capacity_day,
                away=rep.pk in away,
                working=rules.is_working(self.now, rep.working_hours, rep.time_zone),
            )

    def pool(self, rule: RoutingRule) -> list[rules.Candidate]:
        """The active reps of the rule's team; every rep for a rule without one."""
        return [
            self.candidates[rep.pk]
            for rep in self.people.values()
            if rule.team_id is None or rep.team_id == rule.team_id
        ]

    def choose(self, lead: Lead, owner_id: int | None, *, excluded: Collection[int] = ()) -> Outcome:
        """The first rule that holds decides. Counts the lead towards whoever gets it."""
        tried = []
        for rule in self.order:
            holds = rule.pk not in self.matching or lead.pk in self.matching[rule.pk]
            tried.append([rule.pk, rule.name, holds])
            if holds:
                return self._by_rule(rule, lead, owner_id, excluded, tried)
        why = "No routing rule matches this lead." if self.order else "There is no routing rule yet."
        return Outcome(why=why, retry_at=self.now + RETRY, explanation={"rules": tried})

    def _by_rule(
        self, rule: RoutingRule, lead: Lead, owner_id: int | None, excluded: Collection[int], tried: list[Any]
    ) -> Outcome:
        pool = self.pool(rule)
        choice = rules.choose(
            pool,
            pointers=self.pointers[rule.pk],
            cursor=rule.cursor,
            preferred=self._preferred(rule, lead, owner_id),
            excluded=excluded,
            hold_off_hours=rule.hold_off_hours,
        )
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
            retry = self._next_opening(pool) if choice.off_hours else self.now + RETRY
            return Outcome(why=why, rule=rule, retry_at=retry, explanation=explanation)
        self._count(rule, choice)
        return Outcome(rep=self.people[choice.rep], how=choice.how, rule=rule, explanation=explanation)

    def _preferred(self, rule: RoutingRule, lead: Lead, owner_id: int | None) -> list[tuple[rules.Candidate, str]]:
        wanted = [(owner_id, "lead_owner")]
        if rule.company_owner_first and lead.company is not None:
            wanted.append((lead.company.owner_id, "company_owner"))
        return [(self.candidates[rep], why) for rep, why in wanted if rep is not None and rep in self.candidates]

    def _count(self, rule: RoutingRule, choice: rules.Choice) -> None:
        assert choice.rep is not None
        self.candidates[choice.rep].open += 1
        self.candidates[choice.rep].today += 1
        self.pointers[rule.pk][choice.rep] = choice.pointer
        self._touched.add((rule.pk, choice.rep))
        if rule.cursor != choice.cursor:
            rule.cursor = choice.cursor
            self._moved.add(rule.pk)

    def _next_opening(self, pool: Iterable[rules.Candidate]) -> datetime:
        """When the first who is able comes to work; looked at again at least every quarter of an hour."""
        openings = [
            rules.next_opening(self.now, self.people[one.id].working_hours, self.people[one.id].time_zone)
            for one in pool
            if not one.unable()
        ]
        return min([*openings, self.now + timedelta(minutes=15)])

    def save(self) -> None:
        """Keep the pointers and cursors that moved."""
        if self._touched:
            PoolPointer.objects.bulk_create(
                [
                    PoolPointer(rule_id=rule, rep_id=rep, pointer=self.pointers[rule][rep])
                    for rule, rep in sorted(self._touched)
                ],
                update_conflicts=True,
                unique_fields=["rule", "rep"],
                update_fields=["pointer"],
            )
        for rule in self.order:
            if rule.pk in self._moved:
                RoutingRule.objects.filter(pk=rule.pk).update(cursor=rule.cursor)


def _loads(now: datetime) -> dict[int, int]:
    rows = Handoff.objects.filter(open_load(now), rep__isnull=False, closed_at=None)
    return dict(rows.values("rep").annotate(open=Count("pk")).order_by().values_list("rep", "open"))


def _today(people: Iterable[User], now: datetime) -> dict[int, int]:
    """New leads since the beginning of each rep's own day."""
    zones: dict[str, list[int]] = {}
    for rep in people:
        zones.setdefault(rep.time_zone, []).append(rep.pk)
    today = Q(pk__in=[])
    for zone, ids in zones.items():
        today |= Q(rep__in=ids, at__gte=rules.day_start(now, zone))
    rows = Assignment.objects.filter(today, at__gte=now - timedelta(hours=50))
    return dict(rows.values("rep").annotate(count=Count("pk")).order_by().values_list("rep", "count"))


def matching_by(policies: Iterable[Any], lead_ids: Collection[int], now: datetime) -> dict[int, set[int]]:
    """For each rule or policy with a condition: which of the leads it holds for."""
    within = Lead.objects.filter(pk__in=lead_ids)
    return {
        one.pk: set(leads_matching(one.condition, now=now, within=within).values_list("pk", flat=True))
        for one in policies
        if one.condition
    }


@dataclass
class Slas:
    """The response times in force; the first whose condition holds counts."""

    policies: list[SlaPolicy]
    matching: dict[int, set[int]]

    @classmethod
    def load(cls, lead_ids: Collection[int], *, now: datetime) -> "Slas":
        policies = list(SlaPolicy.objects.filter(is_active=True))
        return cls(policies, matching_by(policies, lead_ids, now))

    def start(self, handoff: Handoff, rep: User, now: datetime) -> None:
        """Start the human clock of ``handoff`` for ``rep``."""
        handoff.assigned_at, handoff.warned_at, handoff.escalated_at = now, None, None
        handoff.sla = next((one for one in self.policies if self._holds(one, handoff)), None)
        if handoff.sla is None:
            handoff.warn_at = handoff.due_at = None
            return
        minutes = handoff.sla.minutes
        hours = rep.working_hours if handoff.sla.working_time else None
        handoff.due_at = rules.due_at(now, minutes, hours, rep.time_zone)
        handoff.warn_at = rules.due_at(now, minutes * handoff.sla.warn_percent / 100, hours, rep.time_zone)

    def _holds(self, policy: SlaPolicy, handoff: Handoff) -> bool:
        if policy.instant_only and not handoff.instant:
            return False
        return policy.pk not in self.matching or handoff.lead_id in self.matching[policy.pk]
