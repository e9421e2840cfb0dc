"""How the rules look now: whom each sends leads to, who of them can have one, what is wrong with it. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from core.places import countries_text, country_code
from handoff import rules
from handoff.models import Handoff, RoutingRule
from handoff.services.pool import Routing
from leads.compiler import leads_matching
from leads.conditions import condition_sentence
from leads.models import Lead
from team.models import User

RECENT = timedelta(days=30)
MOST = 1000  # counted up to so many
SHOWN = 30  # of a pool, by name
Strategy, Nobody = RoutingRule.Strategy, RoutingRule.Nobody


@dataclass
class Member:
    """Somebody of a pool. ``reason``: why not now, '' for who can have the next lead."""

    rep: User
    share: int  # percent of the pool
    open: int
    capacity: int
    today: int
    capacity_day: int
    reason: str
    record: rules.Record | None = None

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.open / self.capacity)) if self.capacity else 100

    @property
    def sure(self) -> int:
        """The win rate in percent that is sure."""
        won, lost = self.record or (0, 0)
        return round(100 * rules.wilson_lower(won, won + lost))


@dataclass
class Shown:
    """A rule with what the page says of it."""

    rule: RoutingRule
    sentence: str
    whom: str
    how: list[str]
    members: list[Member] = field(default_factory=list)
    more: int = 0
    ready: int = 0
    asleep: int = 0  # only their hours stand in the way
    matches: int | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Nobody is at work, and the rule does not mind."""
        return not self.ready and bool(self.asleep) and self.rule.nobody == Nobody.ANYWAY


def rules_shown(rows: Iterable[RoutingRule], now: datetime) -> list[Shown]:
    """Each rule with its pool as it stands. A handful of statements, and one a rule that asks for something."""
    order = sorted(rows, key=lambda rule: (rule.position, rule.pk))
    routing = Routing.of_rules(order, [], now=now)
    recent = Handoff.objects.filter(opened_at__gte=now - RECENT)
    any_recent = recent.exists()
    out = []
    reached = True
    for rule, route in zip(routing.order, routing.desk.routes, strict=True):
        one = Shown(rule, rule_sentence(rule), _whom(rule), _how(rule))
        _members(one, routing, route)
        asks = bool(rule.condition or rule.countries)
        if asks and any_recent:
            one.matches = matching(rule, now, Lead.objects.filter(pk__in=recent.values("lead")))[:MOST].count()
        if rule.is_active:
            one.warnings = _warnings(one, routing, route, reached)
            reached = reached and asks
        out.append(one)
    return out


def catches_all(shown: Sequence[Shown]) -> bool:
    """Whether a rule that is on takes every lead, so that none waits for want of a rule."""
    return any(one.rule.is_active and not (one.rule.condition or one.rule.countries) for one in shown)


def rule_sentence(rule: RoutingRule) -> str:
    """'Leads in DACH where employees is at least 50', 'Everybody'."""
    if not (rule.countries or rule.condition):
        return "Everybody"
    said = "Leads"
    if rule.countries:
        said += f" in {countries_text(rule.countries)}"
    return f"{said} where {condition_sentence(rule.condition)}" if rule.condition else said


def _whom(rule: Any) -> str:
    if rule.found_named:
        count = len(rule.found_named)
        return f"{count} people by name" if count != 1 else "one person by name"
    return f"team {rule.team.name}" if rule.team else "every rep"


def _how(rule: RoutingRule) -> list[str]:
    out = {
        Strategy.LEAST_LOADED: ["whoever has the most room"],
        Strategy.BEST_PERFORMER: [
            f"more for who wins more ({rule.won_days} days; {rule.floor_percent} % goes round to everybody)"
        ],
    }.get(Strategy(rule.strategy), ["in turn, by share"])
    owners = [name for name, on in (("lead", rule.lead_owner_first), ("company", rule.company_owner_first)) if on]
    out += [f"the owner of the {' or the '.join(owners)} first"] if owners else []
    out += ["only who speaks the lead's language"] if rule.needs_language else []
    out += ["only who covers the lead's country"] if rule.needs_country else []
    out += [f"only who knows {' and '.join(rule.needs_skills)}"] if rule.needs_skills else []
    team = rule.overflow_team.name if rule.overflow_team else ""
    return out + {
        Nobody.HOLD: ["waits while nobody is there"],
        Nobody.OVERFLOW: [f"flows over to team {team} while nobody is there"],
        Nobody.MANAGER: ["goes to the manager while nobody is there"],
    }.get(Nobody(rule.nobody), ["outside working hours it goes on all the same"])


def _members(one: Shown, routing: Routing, route: rules.Route) -> None:
    pool, rule = route.pool, one.rule
    total = sum(pool.weights.values()) or 1
    records = rule.records.get("reps", {}) if rule.strategy == Strategy.BEST_PERFORMER else None
    for rep in pool.reps:
        reason = "no_share" if pool.own[rep.id] <= 0 else _lacks(route, rep) or rep.unable()
        if not reason and not rep.working:
            reason = _out_of_hours(routing, rep.id)
            one.asleep += 1
        record = rules.Record(*records.get(str(rep.id), (0, 0))) if records is not None else None
        one.members.append(
            Member(
                routing.people[rep.id],
                round(100 * pool.weights[rep.id] / total),
                rep.open,
                rep.capacity_open,
                rep.today,
                rep.capacity_day,
                _said(reason),
                record,
            )
        )
    one.members.sort(key=lambda member: (bool(member.reason), member.rep.name))
    one.ready = sum(not member.reason for member in one.members)
    one.more = max(0, len(one.members) - SHOWN)
    one.members = one.members[:SHOWN]


def _lacks(route: rules.Route, rep: rules.Candidate) -> str:
    lacks = next((one for one in route.skills if one not in rep.skills), "")
    return f"skill:{lacks}" if lacks else ""


def _out_of_hours(routing: Routing, rep: int) -> str:
    calendar = routing.calendars[rep]
    return "holiday" if calendar.is_closed(routing.now) else "off_hours"


def _said(reason: str) -> str:
    if reason == "holiday":
        return "has a holiday"
    return rules.reason_said(reason) if reason else ""


def _warnings(one: Shown, routing: Routing, route: rules.Route, reached: bool) -> list[str]:
    out = [] if reached else ["Never reached: a rule before it takes every lead."]
    if one.matches == 0:
        out.append("It matches none of the leads handed over in the last 30 days.")
    return out + _pool_warnings(route) + _lacking(one.rule, route.pool) + _over_warnings(one.rule, route, routing)


def _pool_warnings(route: rules.Route) -> list[str]:
    pool = route.pool
    out = []
    if not pool.reps:
        out.append("Nobody in this pool takes leads: what this rule catches waits.")
    elif not any(pool.own.values()):
        out.append("Everybody here has the share 0: what this rule catches waits.")
    elif all(_lacks(route, rep) for rep in pool.reps):
        out.append(f"Nobody here knows {' and '.join(route.skills)}: what this rule catches waits.")
    if pool.gone:
        names = User.objects.filter(pk__in=[pk for pk, _ in pool.gone]).values_list("name", flat=True)
        out.append(f"{', '.join(names)} {'takes' if len(pool.gone) == 1 else 'take'} no leads any more.")
    return out


def _lacking(rule: RoutingRule, pool: rules.Pool) -> list[str]:
    """Reps of whom nobody has entered what the rule asks for."""
    out = []
    for asked, what, said in (
        (rule.needs_language, "languages", "languages"),
        (rule.needs_country, "countries", "territory"),
    ):
        without = sum(not getattr(rep, what) for rep in pool.reps) if asked else 0
        if without:
            out.append(f"No {said} entered for {without} of {len(pool.reps)}: they are skipped where it is asked.")
    return out


def _over_warnings(rule: RoutingRule, route: rules.Route, routing: Routing) -> list[str]:
    if rule.nobody != Nobody.OVERFLOW or route.fallback is None:
        return []
    empty = [] if route.fallback.reps else ["The team that it flows over to has nobody else who takes leads."]
    return empty + _circle(rule, routing.order)


def _circle(rule: RoutingRule, order: Iterable[RoutingRule]) -> list[str]:
    """Two teams that flow over to each other: allowed, as nobody is sent on a second time."""
    for other in order:
        if (
            other.is_active
            and other.nobody == Nobody.OVERFLOW
            and rule.team_id is not None
            and (other.team_id, other.overflow_team_id) == (rule.overflow_team_id, rule.team_id)
        ):
            return [f"It and “{other.name}” flow over to each other: when both teams are full, their leads wait."]
    return []


def matching(rule: RoutingRule, now: datetime, within: QuerySet[Lead]) -> QuerySet[Lead]:
    """Those of the leads ``within`` that the rule holds for."""
    rows = leads_matching(rule.condition, now=now, within=within) if rule.condition else within
    if rule.countries:
        rows = rows.filter(_in_territory(frozenset(rule.countries), within))
    return rows


def _in_territory(codes: frozenset[str], within: QuerySet[Lead]) -> Q:
    """Leads whose country (as they wrote it; else the company's) is one of the codes."""
    written = within.order_by().values_list("country", flat=True).distinct()
    firms = within.order_by().values_list("company__country", flat=True).distinct()
    known = [one for one in written if country_code(one)]
    here = [one for one in known if country_code(one) in codes]
    there = [one for one in firms if one and country_code(one) in codes]
    return Q(country__in=here) | (~Q(country__in=known) & Q(company__country__in=there))
