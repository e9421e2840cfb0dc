"""A person's wishes: what by which way, when not. Reading and writing them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Refused
from team.models import Channel, Held, NotifyPlan, User
from team.rules import zone_get
from team.rules.events import EVENTS, MAIL_BY_ITSELF
from team.rules.quiet import NOW, awake_hours, clock_parse, quiet_until
from team.selectors import calendar_of


def plan_of(user: User) -> NotifyPlan:
    """The person's plan; the defaults, not saved, for somebody who never chose."""
    return NotifyPlan.objects.filter(user=user).first() or NotifyPlan(user=user)


def held_until(user: User, now: datetime, urgent: str = NOW) -> datetime | None:
    """When something for ``user`` may leave the house; None: now."""
    plan = plan_of(user)
    if plan.quiet == NotifyPlan.Quiet.OFF:
        return None
    return quiet_until(
        now,
        quiet=plan.quiet,
        own=(plan.quiet_from, plan.quiet_to),
        through=plan.through,
        calendar=calendar_of(user, since=now),
        urgent=urgent,
    )


@transaction.atomic
def quiet_save(*, user: User, quiet: str, quiet_from: str, quiet_to: str, through: str) -> None:
    """Raises Refused for a time that is none. What is held now is looked at again at once."""
    if quiet not in NotifyPlan.Quiet.values or through not in NotifyPlan.Through.values:
        raise Refused("Choose one of these.", field="quiet")
    times = clock_parse(quiet_from, "quiet_from"), clock_parse(quiet_to, "quiet_to")
    if quiet == NotifyPlan.Quiet.OWN:
        awake_hours(*times)
    values = {"quiet": quiet, "quiet_from": times[0], "quiet_to": times[1], "through": through}
    NotifyPlan.objects.update_or_create(user=user, defaults=values)
    Held.objects.filter(user=user).update(until=db_now())


@transaction.atomic
def events_save(*, user: User, by_mail: Iterable[str], by_channel: Mapping[int, Sequence[str]]) -> None:
    """Which events come by e-mail, and which through each of the person's own channels (id -> events)."""
    mail = [one for one in by_mail if one in EVENTS]
    User.objects.filter(pk=user.pk).update(notify_email=MAIL_BY_ITSELF in mail)
    rest = [one for one in mail if one != MAIL_BY_ITSELF]
    NotifyPlan.objects.update_or_create(user=user, defaults={"mail_events": rest})
    for channel in Channel.objects.filter(user=user, pk__in=list(by_channel)):
        channel.events = [one for one in by_channel[channel.pk] if one in EVENTS]
        channel.save(update_fields=["events"])


def digest_moment(user: User, hour: int, after: datetime) -> datetime:
    """The first time after ``after`` at which the person's clock shows ``hour``."""
    zone = zone_get(user.time_zone)
    day = after.astimezone(zone).date()
    for offset in range(3):
        there = datetime(day.year, day.month, day.day, hour, tzinfo=zone) + timedelta(days=offset)
        moment = there.astimezone(zone_get("UTC"))
        if moment > after:
            return moment
    raise AssertionError("there is an hour within three days")


@transaction.atomic
def digest_save(*, user: User, on: bool, hour: int) -> None:
    """Ask for the daily digest at ``hour`` (0 to 23) of the person's clock, or for none."""
    if not 0 <= hour <= 23:
        raise Refused("Choose an hour of the day.", field="digest_hour")
    following = digest_moment(user, hour, db_now()) if on else None
    values: dict[str, Any] = {"digest": on, "digest_hour": hour, "digest_next_at": following}
    NotifyPlan.objects.update_or_create(user=user, defaults=values)


def zone_changed(user: User) -> None:
    """The person's clock shows another time now: the next digest goes by it."""
    plan = NotifyPlan.objects.filter(user=user, digest=True).first()
    if plan:
        digest_save(user=user, on=True, hour=plan.digest_hour)
    Held.objects.filter(user=user).update(until=db_now())
