"""Writing channels: add, change, test, pause and resume, remove."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction

from core import leases, outbox
from core.clock import db_now
from core.errors import Refused
from core.models import OutboxMessage
from team.models import Channel, Team, User
from team.rules.events import EVENTS
from team.telling.address import Answer, address_check, address_send
from team.telling.send import channel_note

MOST = 10  # channels of one person or team
TEST_PAUSE = timedelta(seconds=5)
RESUMED = timedelta(hours=24)  # how old a message may be that a resumed channel still sends


def channel_save(
    *,
    channel: Channel | None,
    name: str,
    address: str,
    events: Iterable[str],
    urgent_only: bool,
    user: User | None = None,
    team: Team | None = None,
) -> Channel:
    """Add a channel of ``user`` or ``team``, or change one; an empty ``address`` keeps what it has, a new one for a
    channel that failed sends again what failed within a day.

    Raises Refused for an address that may not be used and for one too many.
    """
    one = channel or Channel(user=user, team=team)
    mended = bool(channel and address and channel.failures)
    if address:
        one.service, one.masked = address_check(address)
        one.address = address.strip()
        one.failures, one.paused_at, one.rest_until, one.last_said = 0, None, None, ""
    elif channel is None:
        raise Refused("Enter the address of the service.", field="address")
    if channel is None and Channel.objects.filter(user=user, team=team).count() >= MOST:
        raise Refused(f"There are {MOST} channels already: remove one first.")
    one.name, one.urgent_only = name, urgent_only
    one.events = [event for event in EVENTS if event in set(events)]
    with transaction.atomic():
        one.save()
        if mended:
            _send_again(one)
    return one


def channel_test(*, channel: Channel, by: User) -> Answer:
    """Send a line now and say how it went. Not in a transaction: it waits for the other side, ten seconds at most.
    Raises Refused when it was tested a moment ago. One that goes through is resumed."""
    now = db_now()
    free = Channel.objects.filter(pk=channel.pk).exclude(tested_at__gt=now - TEST_PAUSE)
    if not free.update(tested_at=now):
        raise Refused("It was tested a moment ago. Wait a few seconds.")
    body = f"{by.name} asked for this test. New leads and deadlines will look like this."
    answer = address_send(channel.address, "A test from Baton", body)
    was_paused = Channel.objects.filter(pk=channel.pk, paused_at__isnull=False).exists()
    channel_note(channel, answer)
    if answer.ok and was_paused:
        _send_again(channel)
    return answer


@transaction.atomic
def channel_switch(*, channel: Channel, on: bool) -> None:
    """Use it, or do not. On again after a pause: what failed within a day is tried again."""
    values: dict[str, Any] = {"is_active": on}
    if on:
        values |= {"paused_at": None, "failures": 0, "rest_until": None}
    Channel.objects.filter(pk=channel.pk).update(**values)
    if on:
        _send_again(channel)


def _send_again(channel: Channel) -> None:
    leases.retry_now(messages_of(channel).filter(created_at__gt=db_now() - RESUMED))
    outbox.wake("core.tasks.outbox_drain")


def messages_of(channel: Channel) -> Any:
    """The outbox rows of one channel."""
    rows = OutboxMessage.objects.filter(topic__in=["notice.send", "notice.together"])
    return rows.filter(payload__channel_id=channel.pk)


def channel_remove(*, channel: Channel) -> None:
    channel.delete()
