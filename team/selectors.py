"""Reading people, and when they work."""

from collections.abc import Container, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from team import rules
from team.models import CompanyDay, Team, TimeOff, User
from team.rules import Calendar, ClosedDays, spans_join, zone_get
from team.rules.calendar import Span

FEW = 50  # people for whom time off is asked by name


def people_seen_by(user: User) -> QuerySet[User]:
    """An admin, or a manager without a team, sees everybody; a manager the own team."""
    rows = User.objects.select_related("team").order_by("-is_active", "name", "pk")
    if user.is_admin or (user.is_manager and user.team_id is None):
        return rows
    return rows.filter(Q(team=user.team_id) | Q(pk=user.pk)) if user.is_manager else rows.filter(pk=user.pk)


def managers_of(team_ids: Iterable[int | None]) -> dict[int | None, list[User]]:
    """Whom to tell about each team's trouble: its managers, those of no team, and admins when there is neither. One
    query."""
    people = list(User.objects.filter(Q(is_manager=True) | Q(is_admin=True), is_active=True).order_by("pk"))
    out: dict[int | None, list[User]] = {}
    for team in set(team_ids):
        managers = [one for one in people if one.is_manager and one.team_id in (team, None)]
        out[team] = managers or [one for one in people if one.is_admin]
    return out


def teams_counted() -> QuerySet[Team]:
    """Teams with ``people`` and ``reps``, the active ones in each."""
    active = Q(members__is_active=True)
    return Team.objects.annotate(
        people=Count("members", filter=active), reps=Count("members", filter=active & Q(members__is_rep=True))
    ).order_by("name")


def calendars_of(people: Iterable[User], *, since: datetime) -> dict[int, Calendar]:
    """The working calendars of these people, right from ``since`` on. Two statements however many they are; people
    of one place who keep the same hours share one, so it may be the key of what is reckoned with it."""
    people = list(people)
    off = _time_off(people, since)
    days = CompanyDay.objects.filter(day__gte=since.date() - timedelta(days=2))
    company = frozenset(days.values_list("day", flat=True))
    known: dict[tuple[object, ...], Calendar] = {}
    out = {}
    for one in people:
        away = off.get(one.pk, ())
        key = (str(one.working_hours), one.time_zone, one.country, one.region, away)
        if key not in known:
            # nothing closed at all: an empty set, which costs nothing to ask
            closed: Container[date] = frozenset()
            if one.country or company:
                closed = ClosedDays(one.country, one.region, company)
            known[key] = Calendar(one.working_hours, one.time_zone, closed, away)
        out[one.pk] = known[key]
    return out


def _time_off(people: list[User], since: datetime) -> dict[int, tuple[Span, ...]]:
    rows = TimeOff.objects.filter(ends_at__gt=since)
    if len(people) <= FEW:
        rows = rows.filter(user__in=people)
    found: dict[int, list[Span]] = {}
    for user, start, end in rows.order_by().values_list("user_id", "starts_at", "ends_at"):
        found.setdefault(user, []).append((start, end))
    return {user: spans_join(spans) for user, spans in found.items()}


def calendar_of(person: User, *, since: datetime) -> Calendar:
    """One person's working calendar, right from ``since`` on."""
    return calendars_of([person], since=since)[person.pk]


def working_time(person: User, now: datetime) -> dict[str, Any]:
    """When somebody works, for people: this week in words (``week``), ``now_said``, this year's ``holidays`` (date,
    name, whether it is over), the ``place`` they are of, and the ``time_off`` ahead, by the person's own clock."""
    zone = zone_get(person.time_zone)
    today = now.astimezone(zone).date()
    names = days_named(person, today.year)
    calendar = calendar_of(person, since=now - timedelta(days=8))
    off = person.time_off.filter(ends_at__gt=now)
    return {
        "week": rules.week_of(calendar, now, names | days_named(person, today.year + 1)),
        "now_said": rules.now_said(calendar, now),
        "holidays": [(day, name, day < today) for day, name in sorted(names.items())],
        "year": today.year,
        "place": rules.place_name(person.country, person.region),
        "time_off": [(one, _shown(one.starts_at, zone), _shown(one.ends_at, zone)) for one in off],
    }


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    # As text: a template would turn it back into the reader's zone.
    at = moment.astimezone(zone)
    return f"{at.day} {at:%b %Y %H:%M}"


def days_named(person: User, year: int) -> dict[date, str]:
    """Public holidays of the year where the person is, and the company's own days off."""
    own = dict(CompanyDay.objects.filter(day__year=year).values_list("day", "name"))
    return {**rules.holidays_of(person.country, person.region, year), **own}
