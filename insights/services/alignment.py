"""The week by mail, on Mondays at nine where the reader lives. Once, whoever tries and however often; late in the
same week when nothing ran on Monday."""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from core.clock import db_now
from core.mail import mail_queue
from insights.boards.alignment import sheet
from insights.boards.links import WeekLinks
from insights.metrics.scope import Scope
from insights.models import AlignmentMail
from insights.rules.weeks import WEEK, Weeks, monday_mail_at, monday_of, week_name
from insights.selectors import contract_now, terms_of
from team.models import User
from team.rules import zone_get

log = logging.getLogger(__name__)


def alignment_drain(*, now: datetime | None = None) -> int:
    """Mail last week to everybody who wants it and whose Monday nine o'clock has passed by ``now`` (default: by the
    database's clock); returns how many. Whose mail cannot be written holds up nobody and is tried again."""
    readers = list(_readers())
    if not readers:
        return 0
    now = now or db_now()
    company = zone_get(contract_now().time_zone)
    since = (now - timedelta(days=16)).date()
    sent = set(AlignmentMail.objects.filter(monday__gte=since).values_list("user_id", "monday"))
    done = 0
    for user in readers:
        monday = week_due(now, zone_get(user.time_zone), company)
        if monday is not None and (user.pk, monday) not in sent:
            try:
                done += alignment_send(user=user, monday=monday, now=now)
            except Exception:
                log.exception("the week's mail to user %s could not be written", user.pk)
    return done


def week_due(now: datetime, zone: Any, company: Any) -> date | None:
    """The Monday of the week to be mailed by ``now`` to somebody in ``zone``: the one that ended with their last
    Monday. None before nine o'clock there, and while that week still runs where the company is."""
    monday = monday_of(now, zone)
    last = Weeks.of(monday - WEEK, company)
    return None if now < max(monday_mail_at(monday, zone), last.end) else last.first


def _readers() -> Any:
    staff = Q(is_manager=True) | Q(is_marketer=True) | Q(is_admin=True)
    return User.objects.filter(staff, is_active=True, mail_alignment=True).select_related("team").order_by("pk")


def alignment_send(*, user: User, monday: date, now: datetime) -> int:
    """Queue one person's mail of one week; 0 when it was queued before."""
    letter = alignment_letter(user=user, monday=monday, now=now)
    try:
        with transaction.atomic():
            AlignmentMail.objects.create(user=user, monday=monday, at=now)
            mail_queue(key=f"contract:{week_name(monday)}:{user.pk}", to=user.email, **letter)
    except IntegrityError:  # somebody else was first
        return 0
    return 1


def alignment_letter(*, user: User, monday: date, now: datetime) -> dict[str, str]:
    """Subject, text and HTML of a week as this person may see it."""
    company = zone_get(contract_now().time_zone)
    scope = Scope(user=user, period=Weeks.of(monday, company), now=now, view="activity")
    context = sheet(scope, monday, terms_of(), WeekLinks({}))
    subject = f"Week {context['number']}: marketing and sales together"
    context |= {
        "subject": subject,
        "carried": [one for one in context["carried"] if one.done_at is None],
        "user": user,
        "url": settings.SITE_URL + reverse("insights:alignment", args=[week_name(monday)]),
        "profile": settings.SITE_URL + reverse("team:profile"),
        "company_zone": company.key,
    }
    return {
        "subject": subject,
        "text": render_to_string("insights/mail/alignment.txt", context),
        "html": render_to_string("insights/mail/alignment.html", context),
    }
