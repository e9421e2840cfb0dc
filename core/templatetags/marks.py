"""Small marks that lists repeat on every row. They are written in Python, not as templates: a template of one line
costs 60-320 microseconds a piece, which on fifty rows is more than the page's whole budget."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

from core import wording
from core.clock import screen_now
from core.templatetags.formats import ago, hue, initials, local_time

register = template.Library()
RING = (
    '<svg viewBox="0 0 36 36" aria-hidden="true"><circle class="track" cx="18" cy="18" r="16"/>'
    '<circle class="hand" cx="18" cy="18" r="16" pathLength="100" stroke-dasharray="{} 100"'
    ' transform="rotate(-90 18 18)"/></svg>'
)
SELECTED = format_html("{}", " selected")
DONE_CLOCK = (
    '<span class="clock done" aria-hidden="true"><svg viewBox="0 0 36 36"><circle class="hand" cx="18" cy="18"'
    ' r="16"/></svg>{}</span>'
)
NO_CLOCK = (
    '<span class="clock none" aria-hidden="true"><svg viewBox="0 0 36 36"><circle class="track" cx="18" cy="18"'
    ' r="{}"/></svg></span>'
)


@lru_cache(maxsize=512)
def _drawn(name: str, size: int | None, attrs: tuple[tuple[str, Any], ...]) -> str:
    return draw(name, size=size, **dict(attrs))


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attrs: Any) -> str:
    """An icon of the lucide package, drawn once and kept: ``{% lucide "phone" size=16 aria_hidden="true" %}``."""
    return _drawn(str(name), size, tuple(sorted(attrs.items())))


def icon(name: str, size: int = 16) -> str:
    return _drawn(name, size, (("aria_hidden", "true"),)) if name else ""


@register.simple_tag
def badge(text: Any, tone: str = "", icon_name: str = "", **kwargs: Any) -> SafeString:
    """A chip. Tones: good, warn, bad, marketing, handoff, sales, customer, accent; ``icon="bell"`` before it."""
    return format_html('<span class="chip {}">{}{}</span>', tone, icon(kwargs.get("icon", icon_name), 13), text)


@register.simple_tag
def chip(text: Any, off_url: str = "", tone: str = "") -> SafeString:
    """A filter that is on, with the link that takes it off."""
    if not off_url:
        return format_html('<span class="chip {}">{}</span>', tone, text)
    return format_html(
        '<span class="chip {}">{}<a class="chip-off" href="{}" aria-label="Remove the filter {}">{}</a></span>',
        *(tone, text, off_url, text, icon("x", 12)),
    )


@register.simple_tag
def score_chip(standing: Any) -> SafeString:
    """Grade and score of a Standing (grade, score, reason, scored_at), with its reason as the hint."""
    if not standing or not standing.scored_at:
        return format_html('<span class="score none" title="Not scored yet">{}</span>', "–")
    grade = format_html("<b>{}</b> ", standing.grade) if standing.grade else ""
    return format_html('<span class="score" title="{}">{}{}</span>', standing.reason or "", grade, standing.score)


@register.simple_tag
def stage_chip(stage: Any, since: datetime | None = None) -> SafeString:
    """A stage in the colour of its funnel. The stage's ``funnel`` must be loaded."""
    return stage_mark(stage.name, stage.funnel.kind, stage.kind, since)


def stage_mark(name: str, funnel: str, kind: str, since: datetime | None) -> SafeString:
    """``stage_chip`` from its parts, for rows that are no models."""
    title = format_html(' title="since {}"', local_time(since)) if since else ""
    return format_html('<span class="chip stage {} {}"{}>{}</span>', funnel, kind, title, name)


@register.simple_tag
def when(moment: datetime | None, form: str = "j M Y H:i") -> SafeString:
    """A time in the reader's zone, to the minute as its hint; ``"ago"``: how long ago. Nothing for nothing."""
    if not moment:
        return format_html("{}", "")
    here = timezone.localtime(moment)
    said = ago(moment) if form == "ago" else local_time(here, form)
    return format_html('<time datetime="{}" title="{}">{}</time>', here.isoformat(), local_time(here), said)


@register.simple_tag
def options(rows: Iterable[dict[str, Any]], chosen: Any = "") -> SafeString:
    """The choices of a ``<select>``: rows with ``id`` and ``name``; ``chosen`` is the id of the one that is on."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        [(one["id"], SELECTED if str(one["id"]) == str(chosen) else "", one["name"]) for one in rows],
    )


@register.simple_tag
def avatar(name: Any, size: str = "") -> SafeString:
    """Initials on one of eight tones; ``size="large"``. Only a picture: the name stands beside it."""
    size = "large" if size == "large" else ""
    if not name:
        return format_html('<span class="avatar none {}" aria-hidden="true">–</span>', size)
    tone, letters = hue(name), initials(name)
    return format_html('<span class="avatar hue-{} {}" aria-hidden="true">{}</span>', tone, size, letters)


@register.simple_tag
def person(name: Any) -> SafeString:
    """Initials and name on one line; – when there is nobody."""
    return format_html('<span class="person">{}{}</span>', avatar(name), name) if name else format_html("{}", "–")


def clock_done() -> SafeString:
    """The ring of a clock that stopped because the answer was given."""
    return format_html(DONE_CLOCK, icon("check", 17))


@register.simple_tag
def clock(due_at: datetime | None, starts_at: datetime | None = None, tone: str = "handoff") -> SafeString:
    """A round countdown to ``due_at``; late turns red. It runs in the browser, by the server's time."""
    if due_at is None:
        return format_html(NO_CLOCK, 16)
    now = screen_now()
    total = (due_at - starts_at).total_seconds() if starts_at and starts_at < due_at else 0
    left = (due_at - now).total_seconds()
    spent = 100 if left <= 0 or total <= 0 else max(0, min(100, round(100 * (1 - left / total))))
    start = format_html(' data-start="{}"', starts_at.isoformat()) if starts_at else ""
    return format_html(
        '<span class="clock {}{}" data-due="{}"{} data-now="{}" role="timer" title="due {}">'
        + RING
        + '<span class="clock-text">{}</span></span>',
        *(tone, " late" if left <= 0 else "", due_at.isoformat(), start, now.isoformat(), local_time(due_at)),
        *(spent, wording.countdown(left)),
    )
