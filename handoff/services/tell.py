"""Telling people: a line in the bell and an e-mail with the context, written with the fact they tell."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse

from core import mail, outbox
from core.bulk import where_in
from core.clock import db_now
from handoff.models import Handoff
from handoff.selectors.tokens import accept_url
from leads.models import Activity, Lead
from leads.rules import ACTIVITY_KINDS, lead_name
from team.models import Notice, User
from team.rules import zone_get
from team.rules.quiet import ASKED
from team.services import NoticeLine, notices_read, notices_tell
from team.telling.plans import held_until
from team.telling.send import hold


def key_of(handoff: Handoff, *parts: Any) -> str:
    return ":".join([f"handoff:{handoff.pk}", *map(str, parts)])


@cache
def _lead_address() -> tuple[str, str]:
    head, _, tail = reverse("desk:lead", args=[0]).partition("0")
    return head, tail


def lead_url(handoff: Handoff) -> str:
    """The lead's page."""
    head, tail = _lead_address()
    return f"{head}{handoff.lead_id}{tail}"


def notice_for(user: User, handoff: Handoff, key: str, title: str, body: str) -> NoticeLine:
    urgent = ASKED if handoff.instant else ""
    team = handoff.rep.team_id if handoff.rep else None
    return NoticeLine(user.pk, key, title, body, lead_url(handoff), urgent, team)


def decided(handoff: Handoff) -> None:
    """Its rep decided: what the bell said of it has been heard. After the commit: no decision waits for it."""
    rep = handoff.rep
    if rep is not None:
        transaction.on_commit(lambda: notices_read(user=rep, url=lead_url(handoff)), robust=True)


def tell_assigned(rows: Sequence[tuple[Handoff, User]], now: datetime) -> None:
    """Bell and e-mail of each rep who just got a lead."""
    names = _names([one.lead_id for one, _ in rows])
    lines = []
    for one, rep in rows:
        lead, company = names[one.lead_id]
        said = f"{one.why} · {one.grade} {one.score}".strip()
        body = f"{said} · {company}" if company else said
        lines.append(notice_for(rep, one, key_of(one, one.turn), f"New lead: {lead}", body))
    notices_tell(lines, kind="handoff", now=now)
    outbox.emit_many(
        "handoff.mail",
        [(key_of(one, one.turn), {"handoff_id": one.pk, "rep_id": rep.pk}) for one, rep in rows if rep.notify_email],
    )


def _names(lead_ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
    """What each lead is called, and where they work. Values only: a model a lead costs more than all the telling."""
    rows = where_in(Lead.objects.all(), "pk", lead_ids)
    told = rows.values_list("first_name", "last_name", "email", "external_id", "pk", "company__name")
    return {one[4]: (lead_name(*one[:5]), one[5]) for one in told}


def mail_assigned(key: str, *, handoff_id: int, rep_id: int, **_: Any) -> None:
    """Outbox handler of ``handoff.mail``: writes the e-mail when it is sent, so that handing over stays quick and
    the mail says what is true then. Nothing is sent when the lead is with somebody else meanwhile, or gone, or its
    rep wants no mails any more."""
    mail.ready()
    rows = Handoff.objects.select_related("lead__company", "rep").exclude(state=Handoff.State.REJECTED)
    one = rows.filter(pk=handoff_id, rep=rep_id, rep__is_active=True, rep__notify_email=True).first()
    if one is None or one.rep is None:
        return
    if _kept(one, one.rep, key):
        return
    subject, settings_url = f"New lead: {one.lead.name}", settings.SITE_URL + reverse("team:notifications")
    values = mail_values(one, one.rep) | {"accept": _accept(one, one.rep)}
    values |= {"subject": subject, "settings_url": settings_url}
    templates: tuple[Any, Any] = get_template("handoff/mail/assigned.txt"), get_template("handoff/mail/assigned.html")
    text, html = templates
    mail.deliver(
        key,
        to=one.rep.email,
        subject=subject,
        text=text.template.render(Context(values, autoescape=False, use_tz=False)),
        html=html.template.render(Context(values, autoescape=True, use_tz=False)),
    )


def _kept(handoff: Handoff, rep: User, key: str) -> bool:
    """True when the rep's quiet hours keep this for later."""
    until = held_until(rep, db_now(), ASKED if handoff.instant else "")
    notice = Notice.objects.filter(user=rep, key=key).first() if until else None
    if until is None or notice is None:
        return False
    hold(notice, None, until)
    return True


def _accept(handoff: Handoff, rep: User) -> str:
    """The address of the button that accepts, '' when there is nothing to accept any more."""
    return accept_url(handoff, rep.pk) if handoff.state == Handoff.State.ASSIGNED else ""


def mail_values(handoff: Handoff, rep: User) -> dict[str, Any]:
    """What the e-mail, and the page behind its button, say of a handoff."""
    zone: ZoneInfo = zone_get(rep.time_zone)
    return {
        "handoff": handoff,
        "lead": handoff.lead,
        "company": handoff.lead.company,
        "rep": rep,
        "due": handoff.due_at.astimezone(zone).strftime("%a %d %b, %H:%M") if handoff.due_at else "",
        "deeds": [(label, at.astimezone(zone).strftime("%d %b %H:%M")) for label, at in _deeds(handoff.lead_id)],
        "url": settings.SITE_URL + lead_url(handoff),
    }


def _deeds(lead_id: int) -> list[tuple[str, datetime]]:
    """The last five things the lead did, newest first; bots left out."""
    rows = Activity.objects.filter(lead=lead_id).exclude(bot=Activity.Bot.BOT).order_by("-at")
    return [(ACTIVITY_KINDS.get(kind, kind.replace("_", " ")), at) for kind, at in rows.values_list("kind", "at")[:5]]
