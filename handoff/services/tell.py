"""Telling people: a line in the bell and an e-mail with the context, written with the fact they tell."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse

from core import outbox
from handoff.models import Handoff
from handoff.rules.clocks import zone_get
from leads.models import Activity
from leads.rules import ACTIVITY_KINDS
from team.models import Notice, User


def key_of(handoff: Handoff, *parts: Any) -> str:
    return ":".join(["handoff", str(handoff.pk), *map(str, parts)])


def lead_url(handoff: Handoff) -> str:
    """The lead's page; the handoff's own while there is none."""
    try:
        return reverse("desk:lead", args=[handoff.lead_id])
    except NoReverseMatch:
        return reverse("handoff:detail", args=[handoff.pk])


def notices_write(rows: Iterable[Notice]) -> None:
    """Once each: the same (person, key) is never told twice."""
    Notice.objects.bulk_create(list(rows), ignore_conflicts=True, batch_size=1000)


def notice_for(user: User, handoff: Handoff, key: str, kind: str, title: str, body: str, now: datetime) -> Notice:
    return Notice(
        user=user, key=key, kind=kind, title=title[:200], body=body[:500], url=lead_url(handoff), created_at=now
    )


def tell_assigned(rows: Sequence[tuple[Handoff, User]], now: datetime) -> None:
    """Bell and e-mail of each rep who just got a lead. ``handoff.lead`` must be loaded."""
    notices_write(
        notice_for(rep, one, key_of(one, one.turn), "handoff", f"New lead: {one.lead.name}", _line(one), now)
        for one, rep in rows
    )
    mailed = [(one, rep) for one, rep in rows if rep.notify_email]
    if not mailed:
        return
    deeds = _deeds([one.lead_id for one, _ in mailed], now)
    text, html = get_template("handoff/mail_assigned.txt"), get_template("handoff/mail_assigned.html")
    facts = []
    for one, rep in mailed:
        context = _context(one, rep, deeds.get(one.lead_id, []))
        facts.append(
            (
                key_of(one, one.turn),
                {
                    "to": rep.email,
                    "subject": f"New lead: {one.lead.name}",
                    "text": text.template.render(context["text"]),
                    "html": html.template.render(context["html"]),
                },
            )
        )
    outbox.emit_many("mail.send", facts)


def _line(handoff: Handoff) -> str:
    company = handoff.lead.company
    said = f"{handoff.why} · {handoff.grade} {handoff.score}".strip()
    return f"{said} · {company.name}" if company else said


def _context(handoff: Handoff, rep: User, deeds: list[tuple[str, datetime]]) -> dict[str, Any]:
    from django.template import Context

    zone: ZoneInfo = zone_get(rep.time_zone)
    values = {
        "handoff": handoff,
        "lead": handoff.lead,
        "company": handoff.lead.company,
        "rep": rep,
        "due": handoff.due_at.astimezone(zone).strftime("%a %d %b, %H:%M") if handoff.due_at else "",
        "deeds": [(label, at.astimezone(zone).strftime("%d %b %H:%M")) for label, at in deeds],
        "url": settings.SITE_URL + lead_url(handoff),
    }
    return {
        "text": Context(values, autoescape=False, use_tz=False),
        "html": Context(values, autoescape=True, use_tz=False),
    }


def _deeds(lead_ids: list[int], now: datetime) -> dict[int, list[tuple[str, datetime]]]:
    """The last five things each lead did, newest first; bots left out."""
    newest = Window(RowNumber(), partition_by=F("lead"), order_by=F("at").desc())
    rows = Activity.objects.filter(lead_id__in=lead_ids, at__gte=now - timedelta(days=90)).exclude(
        bot=Activity.Bot.BOT
    )
    out: dict[int, list[tuple[str, datetime]]] = {}
    numbered = rows.annotate(nth=newest).filter(nth__lte=5).order_by("lead_id", "-at")
    for lead_id, kind, at in numbered.values_list("lead_id", "kind", "at"):
        out.setdefault(lead_id, []).append((ACTIVITY_KINDS.get(kind, kind.replace("_", " ")), at))
    return out
