"""What a person's daily digest says, over all rooms: the answer to ``core.ask.ask("digest.of")``."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from core.clock import db_now
from deals.models import Task
from handoff.models import Handoff
from leads.rules import lead_name
from team.models import User
from team.rules import day_start, zone_get

FIRST = 5
DAY = timedelta(days=1)
_NAME = ("lead__first_name", "lead__last_name", "lead__email", "lead__external_id", "lead_id")
Part = dict[str, Any]


def digest_of(*, user_id: int) -> list[Part]:
    """Parts as ``team.telling.digest.Part`` takes them, those of every role that the person has."""
    user = User.objects.get(pk=user_id)
    now = db_now()
    with timezone.override(zone_get(user.time_zone)):
        parts: list[Part] = []
        if user.is_rep:
            parts += _rep(user, now)
        if user.is_manager:
            parts += _manager(user, now)
        if user.is_marketer:
            parts += _marketer(user, now)
    return parts


def _part(title: str, rows: Any, url: str, *more: str) -> Part:
    """``more``: columns whose values follow the lead's name."""
    found = list(rows.values_list(*_NAME, *more)[: FIRST + 1])
    total = len(found) if len(found) <= FIRST else rows.count()
    lines = [
        (" · ".join([lead_name(*one[:5]), *_told(one[5:])]), reverse("desk:lead", args=[one[4]]))
        for one in found[:FIRST]
    ]
    return {"title": title, "total": total, "lines": lines, "url": url}


def _told(values: Iterable[Any]) -> list[str]:
    return [_said(value) for value in values if value]


def _said(value: Any) -> str:
    return timezone.localtime(value).strftime("%a %d %b %H:%M") if isinstance(value, datetime) else str(value)


def _rep(user: User, now: datetime) -> list[Part]:
    desk = Handoff.objects.on_desk_of(user.pk).order_by("due_at", "pk")
    late = desk.late(now)
    today = day_start(now, user.time_zone) + DAY
    tasks = Task.objects.filter(owner=user, done_at=None, due_at__lt=today).order_by("due_at", "pk")
    listed = list(tasks.values_list("title", "deal_id")[:FIRST])
    queue = reverse("desk:queue")
    return [
        _part("Late", late, queue, "due_at"),
        _part("Waiting for you", desk.exclude(due_at__lte=now, responded_at=None), queue, "due_at"),
        {
            "title": "Tasks today",
            "total": tasks.count(),
            "lines": [(title, reverse("deals:detail", args=[deal]) if deal else queue) for title, deal in listed],
            "url": queue,
        },
    ]


def _manager(user: User, now: datetime) -> list[Part]:
    seen = Handoff.objects.visible_to(user)
    page = reverse("handoff:list")
    held = seen.filter(state=Handoff.State.WAITING).order_by("opened_at", "pk")
    late = seen.late(now).order_by("due_at", "pk")
    rejected = seen.filter(state=Handoff.State.REJECTED, decided_at__gt=now - DAY).order_by("-decided_at")
    return [
        _part("Leads without a rep", held, f"{page}?state=waiting", "waiting_why"),
        _part("Late in the team", late, f"{page}?state=late", "rep__name"),
        _part("Rejected since yesterday", rejected, f"{page}?state=rejected", "reject_reason__label", "rep__name"),
    ]


def _marketer(user: User, now: datetime) -> list[Part]:
    seen = Handoff.objects.visible_to(user)
    page = reverse("handoff:list")
    new = seen.filter(opened_at__gt=now - DAY).order_by("-opened_at")
    decided = seen.filter(decided_at__gt=now - DAY).order_by("-decided_at")
    accepted = decided.filter(state=Handoff.State.ACCEPTED)
    rejected = decided.filter(state=Handoff.State.REJECTED)
    return [
        _part("MQLs since yesterday", new, page, "why"),
        _part("Accepted by sales", accepted, f"{page}?state=accepted", "rep__name"),
        _part("Rejected by sales", rejected, f"{page}?state=rejected", "reject_reason__label", "reject_note"),
    ]
