"""Writing people, their tokens and what they were told."""

import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.template.loader import render_to_string

from core import outbox
from core.bulk import rows_insert
from core.clock import db_now
from core.errors import Conflict, Refused
from core.mail import mail_queue
from core.models import OutboxMessage
from team import rules
from team.auth import token_digest
from team.models import ApiToken, CompanyDay, Notice, User
from team.telling.news import news_tell
from team.telling.plans import zone_changed

RESET_PAUSE = 120  # seconds


@transaction.atomic
def first_admin_create(*, name: str, email: str, password: str, time_zone: str) -> User:
    """The first person of an empty Baton. Raises Conflict when somebody exists already: two at once make one."""
    # A row that only one of two can insert decides the race; it is kept as the sign that set-up is done.
    try:
        with transaction.atomic():
            OutboxMessage.objects.create(
                topic="setup",
                key="first admin",
                handler="team.services.first_admin_create",
                state=OutboxMessage.State.DONE,
                done_at=db_now(),
            )
    except IntegrityError:
        raise Conflict("Baton is set up already. Sign in instead.") from None
    if User.objects.exists():
        raise Conflict("Baton is set up already. Sign in instead.")
    return User.objects.create_user(email, password, name=name, time_zone=time_zone, is_admin=True)


ROUTED = ("is_active", "is_rep", "is_manager", "is_admin", "weight", "team_id")  # what says whether they get leads


def person_save(*, person: User, by: User, values: dict[str, Any]) -> User:
    """Change a person, or add one (who then sets a password by mail). Who may own no leads any more, because they may
    not sign in or neither sell nor lead, gives back what they had not decided: ``user.deactivated``.

    Raises Refused when the last admin would lose the role, or when somebody would lock themselves out.
    """
    _somebody_stays(person, by, values)
    before = User(**{name: getattr(person, name) for name in ROUTED}, time_zone=person.time_zone)
    for name, value in values.items():
        setattr(person, name, value)
    with transaction.atomic():
        if person._state.adding:
            person.set_unusable_password()
        try:
            with transaction.atomic():
                person.save()
        except IntegrityError:
            raise Refused("Somebody with this e-mail is here already.", field="email") from None
        if person.time_zone != before.time_zone:
            zone_changed(person)
        if before.is_active and not person.is_active:
            ApiToken.objects.filter(user=person, revoked_at=None).update(revoked_at=db_now())
        _leaving_tell(before, person, by)
    return person


def _leaving_tell(before: User, person: User, by: User) -> None:
    """Whoever hands leads over hears that somebody is gone, or takes none of their team any more."""
    key = f"{person.pk}:{db_now().isoformat()}"
    if (before.is_active and not person.is_active) or (before.may_own and not person.may_own):
        outbox.emit("user.deactivated", key, user_id=person.pk, by_id=by.pk)
    elif before.takes_leads and (not person.takes_leads or person.team_id != before.team_id):
        outbox.emit("user.rerouted", key, user_id=person.pk, team_id=before.team_id)


def _somebody_stays(person: User, by: User, values: dict[str, Any]) -> None:
    active_after = values.get("is_active", person.is_active)
    admin_after = values.get("is_admin", person.is_admin)
    if person.pk and person.is_admin and not (active_after and admin_after):
        others = User.objects.filter(is_admin=True, is_active=True).exclude(pk=person.pk)
        if not others.exists():
            raise Refused("This is the last admin. Make somebody else an admin first.", field="is_admin")
    if person.pk == by.pk and not active_after:
        raise Refused("You cannot deactivate yourself.", field="is_active")


def hours_save(*, person: User, hours: rules.Hours, country: str, region: str) -> User:
    """Keep when somebody works and whose holidays they have. Raises Refused for a place that is not known."""
    rules.country_check(country, region)
    person.working_hours, person.country, person.region = hours, country, region
    person.save(update_fields=["working_hours", "country", "region"])
    return person


@transaction.atomic
def company_days_add(*, first: date, last: date | None, name: str) -> int:
    """Give everybody these days off; a day that is one already takes the new name. Returns how many days.

    Raises Refused for days that run backwards or are more than a month.
    """
    last = last or first
    if last < first:
        raise Refused("The end must not be before the beginning.", field="last")
    if (last - first).days > 30:
        raise Refused("At most 31 days in a row.", field="last")
    for offset in range((last - first).days + 1):
        CompanyDay.objects.update_or_create(day=first + timedelta(days=offset), defaults={"name": name})
    return (last - first).days + 1


def invite_send(*, person: User, link: str, by: User) -> None:
    """Mail a person the link at which they choose a password."""
    _link_mail(
        key=f"invite:{person.pk}:{secrets.token_hex(8)}",
        person=person,
        subject=f"{by.name} invites you to Baton",
        text=f"{by.name} invites you to Baton, where marketing and sales work on one path.",
        label="Choose a password",
        link=link,
        after="The link works once, for three days. Later, ask for a new one at the sign-in page.",
    )


def reset_send(*, person: User, link: str) -> None:
    """Mail a person the link at which they set a new password: at most one in two minutes, however often asked."""
    _link_mail(
        key=f"reset:{person.pk}:{int(db_now().timestamp() // RESET_PAUSE)}",
        person=person,
        subject="Your new password for Baton",
        text="Somebody (you, we hope) asked for a new password for Baton.",
        label="Choose a new password",
        link=link,
        after="The link works once, for three days. If it was not you, do nothing: your password stays as it is.",
    )


def _link_mail(*, key: str, person: User, subject: str, text: str, label: str, link: str, after: str) -> None:
    hello = f"Hello {person.get_short_name()},"
    words = {"subject": subject, "hello": hello, "text": text, "label": label, "link": link, "after": after}
    with transaction.atomic():
        mail_queue(
            key=key,
            to=person.email,
            subject=subject,
            text=f"{hello}\n\n{text}\n\n{label}:\n{link}\n\n{after}\n",
            html=render_to_string("team/mail/action.html", words),
        )


def token_create(*, user: User, name: str, scopes: Iterable[str]) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown once and never kept. Raises Refused for an unknown scope."""
    wanted = sorted(set(scopes))
    unknown = [one for one in wanted if one not in ApiToken.SCOPES]
    if unknown or not wanted:
        raise Refused(
            "Choose what the token may do." if not wanted else f"Unknown scope: {unknown[0]}.", field="scopes"
        )
    secret = "baton_" + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=name, prefix=secret[:12], digest=token_digest(secret), scopes=wanted
    )
    return row, secret


def token_revoke(*, token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=db_now())


class NoticeLine(NamedTuple):
    """One line in somebody's bell, see ``Notice``. ``urgent`` ('', late, asked) and ``team_id``, whose matter it is,
    decide what else it is told through."""

    user_id: int
    key: str
    title: str
    body: str
    url: str
    urgent: str = ""
    team_id: int | None = None


def notices_tell(lines: Iterable[NoticeLine], *, kind: str, now: datetime) -> None:
    """Put lines into people's bells, cut to what fits, and have them told by e-mail and channels as each wishes.
    A known (user, key) is told only once. Inside the transaction of what they tell."""
    lines = list(lines)
    rows = [(one.user_id, one.key[:120], one.title[:200], one.body[:500], one.url) for one in lines]
    rows_insert(Notice, NoticeLine._fields[:5], rows, same={"kind": kind, "created_at": now}, known_stay=True)
    news_tell(lines, kind=kind)


def notices_forget(*, pages: Iterable[str]) -> int:
    """Remove what was told about these pages: whoever they are about was erased. Returns how many lines."""
    return Notice.objects.filter(url__in=list(pages)).delete()[0]


def notices_read(*, user: User, pks: Iterable[int] | None = None, url: str = "") -> int:
    """Mark a person's notices as read: all, some, or those about the page ``url``."""
    rows = Notice.objects.filter(user=user, read_at=None)
    if url:
        rows = rows.filter(url=url)
    if pks is not None:
        rows = rows.filter(pk__in=list(pks))
    return rows.update(read_at=db_now())
