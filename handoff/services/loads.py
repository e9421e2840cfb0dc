"""What each rep has: open leads, those of today, deals won and lost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import Count

from core.ask import ask
from core.bulk import where_in
from funnels.models import Stage
from handoff import rules
from handoff.models import Assignment, Handoff, RoutingRule
from leads.models import Standing
from team.models import User

# An accepted lead takes room in a rep's load until its deal closes (deals tells: ``deal.closed``) or the lead moves
# on (won, recycled). After this many days it does not any more: the deal's own stall marks show it.
LOAD_DAYS = 90


def loads(now: datetime) -> Counter[int]:
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


def given_today(people: Iterable[User], now: datetime) -> dict[int, int]:
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


def records_of(rule: RoutingRule, now: datetime, *, keep: bool) -> dict[int, rules.Record]:
    """What each rep won and lost in the days that the rule looks at, counted once a day (UTC); ``keep`` writes the
    count to the rule."""
    said = rule.records
    if said.get("day") != f"{now:%Y-%m-%d}" or said.get("days") != rule.won_days:
        found = ask("reps.won", since=now - timedelta(days=rule.won_days)) or {}
        said = {"day": f"{now:%Y-%m-%d}", "days": rule.won_days, "reps": {str(rep): n for rep, n in found.items()}}
        rule.records = said
        if keep:
            RoutingRule.objects.filter(pk=rule.pk).update(records=said)
    return {int(rep): rules.Record(won, lost) for rep, (won, lost) in said["reps"].items()}
