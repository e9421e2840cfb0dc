"""Telling those who keep the house that something was given up: nobody looks at a page of deliveries every day."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from core.clock import db_now
from team.models import User
from team.services import NoticeLine, notices_tell


def given_up_tell(payloads: Sequence[dict[str, Any]]) -> None:
    """Listener of ``outbox.given_up``: a line in each admin's bell, the first of a day. What a channel did not take
    is its owner's matter, who is told when it is paused."""
    lost = [one["error"] for one in payloads if one["channel_id"] is None]
    if not lost:
        return
    now = db_now()
    admins = User.objects.filter(is_admin=True, is_active=True).order_by("pk").values_list("pk", flat=True)
    body = f"Mend what is in the way, then try it again under Deliveries. The last word was: {lost[0]}"
    url = reverse("desk:deliveries") + "?state=dead"
    lines = [
        NoticeLine(pk, f"given-up:{now:%Y-%m-%d}", "Baton gave up sending something", body, url) for pk in admins
    ]
    notices_tell(lines, kind="given_up", now=now)
