"""Reading response times: the policies as people read them, an example of one, the two clocks of a handoff."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core import wording
from handoff.models import Handoff, SlaPolicy
from handoff.rules import Terms
from leads.conditions import condition_sentence
from team.models import User
from team.rules import Calendar, Day, days_counted, zone_get
from team.selectors import calendar_of, days_named

FRIDAY, LATE_ON_FRIDAY = 4, time(17, 28)
SHOWN_DAYS = 12


def policies_listed() -> list[SlaPolicy]:
    """In order, each with ``sentence``, ``terms_said``, ``changed`` (its last revision) and ``hidden_by``: the one
    above it that already holds for every lead it could be for."""
    rows = list(SlaPolicy.objects.select_related("tell").prefetch_related("revisions__by"))
    everybody = ""
    for row in rows:
        one: Any = row
        one.sentence = condition_sentence(row.condition)
        one.terms_said = terms_said(row)
        revisions = list(row.revisions.all())
        one.changed = next((last for last in revisions if last.by_id), None)
        one.hidden_by = everybody if row.is_active else ""
        if row.is_active and row.for_everybody:
            everybody = everybody or row.name
    return rows


def terms_said(policy: SlaPolicy) -> list[str]:
    """What happens, in order, each as a short sentence."""
    if policy.warn_minutes is not None:
        warned = f"{wording.allowance(policy.warn_minutes)} before the deadline"
    else:
        warned = f"after {policy.warn_percent} % of the time"
    who = policy.tell.name if policy.tell else "the managers of the team"
    said = [f"The rep is warned {warned}", f"At the deadline {who} {'hears' if policy.tell else 'hear'} of it"]
    if policy.max_reroutes:
        times = "once" if policy.max_reroutes == 1 else f"{policy.max_reroutes} times"
        said.append(f"It goes to another rep, at most {times}, each with a new clock")
    last = "goes to the manager" if policy.after_last == SlaPolicy.After.MANAGER else "stays with the rep, flagged"
    said.append(f"{'Then it' if policy.max_reroutes else 'It'} {last}")
    return said


@dataclass(frozen=True)
class Example:
    """When a lead would be due, by the rep's own clock, and how the time is counted."""

    policy: SlaPolicy
    rep: User
    at: str
    warn: str
    due: str
    days: list[Day]
    more: int  # days that are not shown


def example_of(policy: SlaPolicy, rep: User, wall: datetime) -> Example:
    """What this policy means for a lead that ``rep`` gets when their clock shows ``wall``."""
    zone = zone_get(rep.time_zone)
    start = wall.replace(tzinfo=zone).astimezone(UTC)
    calendar = calendar_of(rep, since=start) if policy.working_time else Calendar({}, rep.time_zone)
    warn, due = Terms(**policy.terms).deadlines(start, calendar)
    names: dict[date, str] = {}
    if policy.working_time:
        for year in {start.year, min(due.year, start.year + 1)}:
            names |= days_named(rep, year)
    days = days_counted(calendar, start, due, names)
    shown = days if len(days) <= SHOWN_DAYS else [*days[: SHOWN_DAYS - 1], days[-1]]
    same = due.astimezone(zone).date() == start.astimezone(zone).date()

    def said(moment: datetime) -> str:
        at = moment.astimezone(zone)
        return f"at {at:%H:%M}" if same else f"on {at:%A} {at.day} {at:%b} at {at:%H:%M}"

    arrived = start.astimezone(zone)
    return Example(
        policy, rep, f"{arrived:%A} {arrived.day} {arrived:%b} at {arrived:%H:%M}", said(warn), said(due), shown,
        len(days) - len(shown),
    )  # fmt: skip


def example_usual(policies: list[SlaPolicy], reps: list[User], now: datetime) -> dict[str, Any]:
    """What the form starts with: a demo request, late on the coming Friday, for a rep who keeps hours."""
    policy = next((one for one in policies if one.instant_only and one.is_active), policies[0])
    rep = next((one for one in reps if one.working_hours.get(str(FRIDAY))), reps[0])
    today = now.astimezone(zone_get(rep.time_zone)).date()
    friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7)
    return {"policy": str(policy.pk), "rep": str(rep.pk), "at": datetime.combine(friday, LATE_ON_FRIDAY)}


def example_reps(user: Any) -> list[User]:
    """Reps to show the example for: those of ``user``'s team first."""
    reps = list(User.objects.filter(is_active=True, is_rep=True).order_by("name", "pk"))
    return sorted(reps, key=lambda one: one.team_id != user.team_id)


def worked_said(handoff: Handoff) -> str:
    """'12 m' of the rep's working time that the answer took; '' when that is not what counts. Two statements."""
    start, answered = handoff.assigned_at, handoff.responded_at
    if not (start and answered and handoff.rep and handoff.sla and handoff.sla.working_time):
        return ""
    return wording.duration(60 * calendar_of(handoff.rep, since=start).worked_between(start, answered))
