"""What must always hold of telling people."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.invariants import Broken, found
from team.models import Channel, Held, NotifyPlan


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """What quiet hours kept is let out when they end; digests come; a channel that fails for long is paused."""
    yield from found(
        "team: what quiet hours kept is told when they end",
        Held.objects.filter(until__lt=now - grace).order_by("pk"),
        lambda row: f"notice {row.notice_id} of user {row.user_id} was kept until {row.until:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        "team: every digest was intended at its hour",
        NotifyPlan.objects.filter(digest_next_at__lt=now - grace).order_by("pk"),
        lambda row: f"the digest of user {row.user_id} was due at {row.digest_next_at:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        "team: who wants a digest has a next one",
        NotifyPlan.objects.filter(digest=True, digest_next_at=None, user__is_active=True).order_by("pk"),
        lambda row: f"user {row.user_id} wants a digest and none is planned.",
    )
    yield from found(
        "team: a paused channel",
        Channel.objects.filter(is_active=True, paused_at__isnull=False).order_by("pk"),
        lambda row: f"{row} is paused since {row.paused_at:%Y-%m-%d %H:%M}: {row.last_said}",
        serious=False,
    )
