"""The daily digest: once for each person and day, at the hour of their clock, when there is something to say."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from core import mail, outbox
from core.ask import ask
from core.clock import db_now
from team.models import Channel, NotifyPlan, User
from team.rules import day_start, zone_get
from team.rules.plain import plain
from team.selectors import calendar_of
from team.telling.address import address_send
from team.telling.plans import digest_moment
from team.telling.send import NotSent, channel_note


@dataclass(frozen=True)
class Part:
    """One matter: how many, the first of them as (text, path), and where all of them are."""

    title: str
    total: int
    lines: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


def digest_of(user: User) -> list[Part]:
    """What today's digest says to ``user``; [] when there is nothing to say."""
    found: list[dict[str, Any]] = ask("digest.of", user_id=user.pk) or []
    return [Part(**one) for one in found if one["total"]]


def digest_drain(*, limit: int = 500) -> int:
    """Intend every digest that is due; returns how many. Two drains at once, or one again after a crash, make one:
    the outbox has each (person, day, way) once."""
    done = 0
    for _ in range(limit):
        due = NotifyPlan.objects.filter(digest_next_at__lte=db_now()).order_by("digest_next_at")
        user_id = due.values_list("user_id", flat=True).first()
        if user_id is None:
            break
        done += _intend(user_id)
    return done


@transaction.atomic
def _intend(user_id: int) -> int:
    now = db_now()
    rows = NotifyPlan.objects.filter(user=user_id, digest_next_at__lte=now).select_related("user")
    plan = rows.select_for_update(of=("self",)).first()
    if plan is None:
        return 0
    user = plan.user
    plan.digest_next_at = digest_moment(user, plan.digest_hour, now)  # also for who left: they may come back
    plan.save(update_fields=["digest_next_at"])
    if not user.is_active or not _works_today(user):
        return 0
    day = now.astimezone(zone_get(user.time_zone)).date().isoformat()
    ways: list[int | None] = [None]
    ways += [one.pk for one in Channel.objects.live().filter(user=user) if "digest" in one.events]
    facts = [(f"{user_id}:{day}:{way or 'mail'}", {"user_id": user_id, "channel_id": way}) for way in ways]
    outbox.emit_many("notice.digest", facts)
    return 1


def _works_today(user: User) -> bool:
    """No digest on a day without working hours, a holiday or in time off. Work that is over counts: an evening's
    digest tells of the day."""
    now = db_now()
    began = day_start(now, user.time_zone)
    calendar = calendar_of(user, since=began)
    return calendar.next_opening(began) < digest_moment(user, 0, now) and not calendar.is_off(now)


def digest_send(key: str, *, user_id: int, channel_id: int | None = None, **_: Any) -> None:
    """Outbox handler of ``notice.digest``. Says what is true when it is sent; nothing when there is nothing."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    parts = digest_of(user) if user else []
    if user is None or not parts:
        return
    if channel_id is None:
        _mail(key, user, parts)
        return
    channel = Channel.objects.live().filter(pk=channel_id).first()
    if channel is None:
        return
    answer = address_send(channel.address, "Today in Baton", plain(digest_line(parts)) + f"\n{settings.SITE_URL}/")
    channel_note(channel, answer)
    if not answer.ok:
        raise NotSent(answer.said)


def digest_line(parts: list[Part]) -> str:
    """The whole digest as one short line."""
    return " · ".join(f"{one.title}: {one.total}" for one in parts)


def _mail(key: str, user: User, parts: list[Part]) -> None:
    site = settings.SITE_URL
    subject = f"Today: {digest_line(parts)}"
    context = {"subject": subject, "parts": parts, "site": site, "settings_url": site + reverse("team:notifications")}
    said = [
        "\n".join([f"{one.title} ({one.total})", *(f"- {text}\n  {site}{url}" for text, url in one.lines)])
        for one in parts
    ]
    mail.deliver(
        f"digest:{key}",
        to=user.email,
        subject=subject,
        text="\n\n".join(said) + f"\n\nWhat is told how and when: {context['settings_url']}\n",
        html=render_to_string("team/mail/digest.html", context),
    )
