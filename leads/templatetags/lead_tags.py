"""The rows of the leads list and of a timeline, written in Python like the other marks of lists
(core/templatetags/marks.py)."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from core.addresses import address
from core.templatetags.marks import avatar, icon, score_chip, stage_mark, when
from leads.rules import lead_name
from leads.selectors.timeline import Event

register = template.Library()
ROW = (
    '<tr><td><input type="checkbox" name="lead" data-bulk-item value="{pk}" aria-label="Select {name}"></td>\n'
    '<td data-label="Lead"><a href="{url}"><b>{name}</b></a>{email}</td>\n'
    '<td data-label="Company">{company}</td>\n'
    '<td data-label="Stage">{stage}</td>\n'
    '<td data-label="Score" class="scored">{score}{reason}</td>\n'
    '<td data-label="Owner">{owner}</td>\n'
    '<td data-label="Source">{source}</td>\n'
    '<td data-label="Last active" class="when">{active}</td>\n'
    '<td data-label="Created" class="when">{created}</td></tr>\n'
)
EVENT = (
    '<li class="event" data-group="{}" data-kind="{}"><span class="event-icon">{}</span>'
    '<div class="event-body"><b>{}</b>{}{}</div><small class="muted">{}{}</small></li>\n'
)
BOT = {1: "maybe a bot", 2: "bot"}
NOBODY = '<small class="muted">{}</small>'


@register.simple_tag
def lead_rows(rows: Iterable[Any]) -> SafeString:
    """Rows of the table (``leads.selectors.lists.rows_shown``)."""
    return format_html_join("", "{}", [(_row(one),) for one in rows])


def _row(one: Any) -> SafeString:
    called = lead_name(one.lead__first_name, one.lead__last_name, one.lead__email, one.lead__external_id, one.pk)
    owner = one.owner__name or one.owner__email
    return format_html(
        ROW,
        pk=one.pk,
        name=escape(called),
        url=address("desk:lead", one.pk),
        email=_email(one.lead__email) if one.lead__email != called else "",
        company=_company(one.lead__company_id, one.lead__company__name),
        stage=stage_mark(one.stage__name, one.stage__funnel__kind, one.stage__kind, one.stage_since),
        score=score_chip(one),
        reason=format_html(' <small class="muted">{}</small>', one.reason) if one.reason else "",
        owner=_owner(owner) if owner else format_html(NOBODY, "nobody"),
        source=one.source,
        active=when(one.last_active__at, "ago"),
        created=when(one.lead__created_at, "j M Y"),
    )


def _email(text: str) -> SafeString | str:
    return format_html('<br><small class="muted">{}</small>', text) if text else ""


def _company(pk: int | None, name: str) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', address("leads:company", pk), name) if pk else ""


def _owner(name: str) -> SafeString:
    return format_html('<span class="person">{} {}</span>', avatar(name), name)


@register.simple_tag
def timeline_events(events: Iterable[Event]) -> SafeString:
    """The lines of a timeline (``leads.selectors.timeline``)."""
    return format_html_join("", EVENT, [_event(one) for one in events])


def _event(one: Event) -> tuple[Any, ...]:
    bot, detail = BOT.get(one.bot), one.detail
    if len(detail) > 400:
        detail = Truncator(detail).chars(400)
    return (
        one.group,
        one.kind,
        icon(one.icon),
        one.title,
        format_html(' <span class="chip">{}</span>', bot) if bot else "",
        format_html('<p class="muted">{}</p>', detail) if detail else "",
        when(one.at),
        format_html("<br>{}", one.by) if one.by else "",
    )
