"""The rows of my queue. They are written in Python like the other marks of lists (core/templatetags/marks.py): fifty
rows as a template cost more than the rest of the page."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from core.addresses import address, page_address
from core.templatetags.marks import clock, clock_done
from desk.selectors import QueueItem

register = template.Library()
ROW = (
    '<li class="item" id="{key}" data-item="{key}" data-kind="{kind}"{current}>'
    '<a class="item-link" href="{queue}?open={key}" hx-get="{queue}{key}/" hx-target="#queue-panel"'
    ' hx-sync="#queue-panel:replace" hx-push-url="{queue}?open={key}">{clock}'
    '<span class="item-text"><b>{title}</b>{score}<span class="muted item-line">{line}</span></span></a>{action}</li>'
)
QUIET = (
    '<span class="clock {}" aria-hidden="true"><svg viewBox="0 0 36 36">'
    '<circle class="track" cx="18" cy="18" r="16"/>'
    '<circle class="hand" cx="18" cy="18" r="16"/></svg><span class="clock-text">{} d</span></span>'
)
DONE = '<button class="btn" type="button" hx-post="{}" hx-swap="none" aria-label="Done: {}">Done</button>'
ACCEPT = '<button class="btn main" type="button" hx-post="{}" hx-swap="none" aria-label="Accept {}">Accept</button>'
CALL = (
    '<button class="btn" type="button" hx-get="{}log/call/" hx-target="#modal" aria-label="Log a call with {}">'
    "Log call</button>"
)
OPEN = '<a class="btn" href="{}" aria-label="Open {}">Open</a>'
# what is done about each kind of item, and where
ACTIONS = {
    "task": (DONE, "deals:task_done", "pk"),
    "handoff": (ACCEPT, "handoff:accept", "pk"),
    "answer": (CALL, "desk:lead", "lead_id"),
    "deal": (OPEN, "deals:detail", "pk"),
}


@register.simple_tag
def queue_items(items: Iterable[QueueItem], selected: str = "") -> SafeString:
    """The rows of one part of the queue; ``selected`` is the key of the one shown beside it."""
    queue = page_address("desk:queue")
    return format_html_join("", "{}", [(_row(one, queue, one.key == selected),) for one in items])


def _row(one: QueueItem, queue: str, current: bool) -> SafeString:
    title = escape(one.title)
    markup, name, about = ACTIONS[one.kind]
    return format_html(
        ROW,
        key=one.key,
        kind=one.kind,
        current=format_html(' aria-current="{}"', "true") if current else "",
        queue=queue,
        clock=_clock(one),
        title=title,
        score=format_html(' <span class="score">{}</span> ', one.score) if one.score else " ",
        line=one.line,
        action=format_html(markup, address(name, getattr(one, about)), title),
    )


def _clock(one: QueueItem) -> SafeString:
    if one.kind == "deal":
        return format_html(QUIET, "late" if one.level == "red" else "warn", one.days)
    if one.level == "done":
        return clock_done()
    return clock(one.due_at, one.starts_at, "sales" if one.kind == "task" else "handoff")
