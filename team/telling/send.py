"""Sending what the outbox holds: through a channel or by e-mail, kept back in quiet hours, left out when not true."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from core import mail, outbox
from core.ask import ask
from core.clock import db_now
from team.models import Channel, Held, Notice, User
from team.rules.plain import plain
from team.selectors import managers_of
from team.services import NoticeLine, notices_tell
from team.telling.address import Answer, address_send
from team.telling.news import ALWAYS
from team.telling.plans import held_until, plan_of

PAUSE_AFTER = 8  # failed tries in a row: within an hour and a few minutes
LONGEST_REST = 1200  # seconds
SLOW = 3.0  # seconds: a side that takes so long rests four times as long, so that the others' messages go in between
LOOK_AGAIN = timedelta(minutes=15)  # at what quiet hours keep: somebody may come back early
MOST_LINES = 20


class NotSent(Exception):
    """A channel did not take a message; the outbox tries again."""


def truths(user_id: int, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What still holds of what these keys tell: key -> {holds, accept}; a key that is not in it holds."""
    found: dict[str, dict[str, Any]] = ask("notice.truths", user_id=user_id, keys=list(keys)) or {}
    return found


def notice_send(
    key: str, *, user_id: int, notice: str, event: str, urgent: str = "", channel_id: int | None = None, **_: Any
) -> None:
    """Outbox handler of ``notice.send``: one notice through one channel, or by e-mail when it names none."""
    row = Notice.objects.select_related("user").filter(user=user_id, key=notice, user__is_active=True).first()
    if row is None:  # erased, or whoever was told has left
        return
    channel = _channel(channel_id, event) if channel_id else None
    if channel is None and (channel_id or not mail_wanted(row.user, event)):
        return
    if not truths(user_id, [notice]).get(notice, {}).get("holds", True):
        return
    if channel is None or channel.user_id:
        until = held_until(row.user, db_now(), urgent)
        if until:
            hold(row, channel, until)
            return
    for_team = f" · for {row.user.name}" if channel and channel.team_id and event in ("handoff", "warning") else ""
    lines = [Line(row.title + for_team, row.body, row.url)]
    if channel:
        channel_send(channel, row.title + for_team, lines)
    else:
        _mail(key, row.user, row.title, lines)


def _channel(pk: int, event: str) -> Channel | None:
    """The channel, when it may be used. Raises GiveUp for one that is paused, Later for one that rests."""
    channel = Channel.objects.filter(pk=pk, is_active=True).first()
    if channel is None or (event not in channel.events and event != ALWAYS):
        return None
    _may(channel)
    return channel


def mail_wanted(user: User, event: str) -> bool:
    """By what they chose meanwhile."""
    return event == ALWAYS or event in plan_of(user).mail_events


def _may(channel: Channel) -> None:
    if channel.paused_at:
        raise outbox.GiveUp(
            f"The channel is paused since {channel.paused_at:%Y-%m-%d %H:%M} UTC: {channel.last_said}"
        )
    if channel.rest_until and channel.rest_until > db_now():
        raise outbox.Later(channel.rest_until)


def hold(notice: Notice, channel: Channel | None, until: datetime) -> None:
    """Keep it until quiet hours end. Twice is once."""
    until = min(until, db_now() + LOOK_AGAIN)
    Held.objects.get_or_create(notice=notice, channel=channel, defaults={"user": notice.user, "until": until})


class Line:
    """One piece of news as it is sent."""

    def __init__(self, title: str, body: str, url: str, accept: str = "") -> None:
        self.title, self.body, self.accept = title, body, accept
        self.url = settings.SITE_URL + url if url.startswith("/") else ""


# --- through a channel --------------------------------------------------------------------------------


def channel_send(channel: Channel, title: str, lines: Sequence[Line], more: int = 0) -> None:
    """Raises NotSent with what the other side answered."""
    answer = address_send(channel.address, plain(title, 200), chat_text(lines, more))
    channel_note(channel, answer)
    if not answer.ok:
        raise NotSent(answer.said)


def chat_text(lines: Sequence[Line], more: int = 0) -> str:
    """Plain text; what people wrote in it is no markup and calls nobody."""
    said = []
    for one in lines[:MOST_LINES]:
        news = [plain(one.body)] if len(lines) == 1 else [plain(one.title), plain(one.body)]  # one: the title has it
        said.append("\n".join(filter(None, [": ".join(filter(None, news)), one.url])))
    more += len(lines) - len(said)
    if more > 0:
        said.append(f"and {more} more in Baton")
    return "\n".join(said)


def rest_seconds(failures: int) -> int:
    """How long a channel rests after so many failures in a row: 5, 20, 80 ... An hour's outage pauses nothing."""
    return int(min(LONGEST_REST, 5 * 4 ** (failures - 1)))


def channel_note(channel: Channel, answer: Answer) -> None:
    """Write down how a try went. The eighth failure in a row pauses the channel and tells whose it is."""
    now = db_now()
    rows = Channel.objects.filter(pk=channel.pk)
    if answer.ok:
        rest = now + timedelta(seconds=4 * answer.seconds) if answer.seconds > SLOW else None
        rows.update(failures=0, last_ok_at=now, last_said=answer.said, rest_until=rest, paused_at=None)
        return
    with transaction.atomic():
        locked = rows.select_for_update().first()
        if locked is None:
            return
        locked.failures += 1
        locked.last_failed_at, locked.last_said = now, answer.said[:300]
        locked.rest_until = now + timedelta(seconds=rest_seconds(locked.failures))
        paused = locked.failures >= PAUSE_AFTER and locked.paused_at is None
        if paused:
            locked.paused_at = now
        locked.save(update_fields=["failures", "last_failed_at", "last_said", "rest_until", "paused_at"])
        if paused:
            _tell_paused(locked, now)


def _tell_paused(channel: Channel, now: datetime) -> None:
    owner = channel.user
    people = [owner] if owner else managers_of([channel.team_id])[channel.team_id]
    url = reverse("team:notifications") if channel.user_id else reverse("team:team_channels")
    title = f"Nothing goes through “{channel.name}” any more"
    where = "Notifications in your profile" if owner else "Team channels"
    body = (
        f"It failed {channel.failures} times in a row and is paused. What to do: under {where}, correct its address, "
        "send a test or press Resume; what failed within a day is then sent again. "
        f"The other side said: {channel.last_said}"
    )
    key = f"channel:{channel.pk}:{now.isoformat()}"
    lines = [NoticeLine(one.pk, key, title, body, url) for one in people]
    notices_tell(lines, kind="channel", now=now)


# --- by e-mail ----------------------------------------------------------------------------------------


def _mail(key: str, user: User, subject: str, lines: Sequence[Line], more: int = 0) -> None:
    context = {"user": user, "subject": subject, "lines": lines[:MOST_LINES]}
    context["more"] = more + max(0, len(lines) - MOST_LINES)
    context["settings_url"] = settings.SITE_URL + reverse("team:notifications")
    text = "\n\n".join("\n".join(filter(None, [one.title, one.body, _links(one)])) for one in lines[:MOST_LINES])
    if context["more"]:
        text += f"\n\nand {context['more']} more in Baton"
    mail.deliver(
        key,
        to=user.email,
        subject=subject,
        text=f"{text}\n\nWhat is told how and when: {context['settings_url']}\n",
        html=render_to_string("team/mail/news.html", context),
    )


def _links(line: Line) -> str:
    return "\n".join(filter(None, [f"Accept: {line.accept}" if line.accept else "", line.url]))


# --- what quiet hours kept ----------------------------------------------------------------------------


def quiet_drain(*, limit: int = 500) -> int:
    """Let out what quiet hours kept, as one message for each person and way; returns how many messages."""
    sent = 0
    for _ in range(limit):
        due = Held.objects.filter(until__lte=db_now()).order_by("until", "pk")
        head = due.values_list("user_id", "channel_id").first()
        if head is None:
            break
        sent += _let_out(*head)
    return sent


@transaction.atomic
def _let_out(user_id: int, channel_id: int | None) -> int:
    rows = Held.objects.filter(user=user_id, channel=channel_id).order_by("pk").select_for_update(of=("self",))
    held = list(rows)
    if not held:
        return 0
    user = User.objects.get(pk=user_id)
    now = db_now()
    until = held_until(user, now) if user.is_active else None
    if until:
        Held.objects.filter(pk__in=[one.pk for one in held]).update(until=min(until, now + LOOK_AGAIN))
        return 0
    if user.is_active:
        key = f"{channel_id or 'mail'}-{user_id}:{held[0].pk}"
        notices = [one.notice_id for one in held]
        outbox.emit("notice.together", key, user_id=user_id, channel_id=channel_id, notices=notices)
    Held.objects.filter(pk__in=[one.pk for one in held]).delete()
    return 1


def together_send(key: str, *, user_id: int, notices: Sequence[int], channel_id: int | None = None, **_: Any) -> None:
    """Outbox handler of ``notice.together``: what quiet hours kept, less what was read in the bell or is not true any
    more. Nothing when nothing is left."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    rows = list(Notice.objects.filter(pk__in=list(notices), user=user_id, read_at=None).order_by("pk"))
    known = truths(user_id, [one.key for one in rows])
    rows = [one for one in rows if known.get(one.key, {}).get("holds", True)]
    if user is None or not rows:
        return
    lines = [Line(one.title, one.body, one.url, known.get(one.key, {}).get("accept", "")) for one in rows]
    title = rows[0].title if len(rows) == 1 else f"{len(rows)} things while you were away"
    if channel_id is None:
        _mail(f"quiet:{key}", user, title, lines)
        return
    channel = Channel.objects.filter(pk=channel_id, is_active=True).first()
    if channel:
        _may(channel)
        channel_send(channel, title, lines)
