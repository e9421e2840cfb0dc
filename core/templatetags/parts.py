"""Larger parts: blocks that wrap what a page puts into them, and lists of things. See /styleguide/."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags.marks import icon as draw

register = template.Library()
Context = dict[str, Any]


@lru_cache(maxsize=512)
def _navigation(pages: tuple[Any, ...]) -> SafeString:
    return render_to_string("components/nav.html", {"nav": pages})


@register.simple_tag
def navigation(pages: Iterable[Any]) -> SafeString:
    """The way around (``core.context.Page`` rows). It is the same for everybody of the same roles on the same page:
    drawn once and kept, because forty links cost more than many a page's own content."""
    return _navigation(tuple(pages))


@register.simple_block_tag
def page_header(content: str, title: str, sentence: str = "", back: str = "", back_label: str = "") -> str:
    """The head of a page: where it belongs, its name, one sentence on what the numbers mean. Inside: buttons."""
    context = {"content": content, "title": title, "sentence": sentence, "back": back, "back_label": back_label}
    return render_to_string("components/page_header.html", context)


@register.simple_block_tag
def card(content: str, title: str = "", sentence: str = "", url: str = "", label: str = "", kind: str = "") -> str:
    """A card with a heading, and a link on its right. ``kind``: list (rows up to the edge), grid, form."""
    context = {"content": content, "title": title, "sentence": sentence, "url": url, "label": label, "kind": kind}
    return render_to_string("components/card.html", context)


@register.simple_block_tag
def modal(content: str, title: str) -> str:
    """What an answer to ``hx-target="#modal"`` holds: it opens as a dialog with this heading."""
    return render_to_string("components/modal.html", {"content": content, "title": title})


@register.simple_block_tag
def bulk_bar(content: str, noun: str = "selected") -> str:
    """What to do with the chosen rows; hidden while none is. Stands inside a ``data-bulk`` scope."""
    return render_to_string("components/bulk_bar.html", {"content": content, "noun": noun})


@register.simple_block_tag(takes_context=True)
def filter_bar(context: Any, content: str, target: str = "", label: str = "Filters") -> str:
    """Filters whose state is the address. ``target`` swaps only that element; without script it is a plain form."""
    request = context["request"]
    inside = {"content": content, "target": target, "label": label, "path": request.path, "on": bool(request.GET)}
    return render_to_string("components/filter_bar.html", inside)


@register.simple_block_tag
def tip(content: str, text: str) -> SafeString:
    """A word with its explanation, shown on hover and focus."""
    return format_html('<span class="tip" tabindex="0" role="note" data-hint="{}">{}</span>', text, content)


@register.simple_block_tag
def event(content: str, icon: str, title: str, at: Any = None, note: str = "", group: str = "") -> str:
    """One line of a ``<ol class="timeline">``: icon, what, when; inside: details."""
    context = {"content": content, "icon": icon, "title": title, "at": at, "note": note, "group": group}
    return render_to_string("components/event.html", context)


@register.simple_tag
def button(text: str, kind: str = "", icon: str = "", key: str = "", href: str = "", **attrs: Any) -> SafeString:
    """A button, or a link that looks like one (``href``). ``kind``: main, quiet, danger, small. ``key`` presses it.
    Other names become attributes: ``type="submit" hx_post="/x/" data_confirm="..." disabled=True``."""
    rest = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items() if value not in ("", None)}
    if key:
        rest |= {"data-key": key, "aria-keyshortcuts": key.upper()}
    inner = format_html("{}{}{}", draw(icon, 15), text, format_html(" <kbd>{}</kbd>", key.upper()) if key else "")
    if href:
        return format_html('<a class="btn {}" href="{}"{}>{}</a>', kind, href, flatatt(rest), inner)
    return format_html('<button class="btn {}"{}>{}</button>', kind, flatatt({"type": "button"} | rest), inner)


@register.inclusion_tag("components/journey.html")
def journey(steps: Sequence[Any]) -> Context:
    """The path of one traveller. Steps have ``name``, ``tone`` (marketing, handed_off, sales, customer, lost ...),
    ``state`` (past, now, ahead) and ``at``."""
    return {"steps": steps}


@register.inclusion_tag("components/facts.html")
def facts(rows: Sequence[tuple[str, Any]]) -> Context:
    """Terms and their values; an empty value is shown as –."""
    return {"rows": rows}


@register.inclusion_tag("components/diff.html")
def diff(rows: Sequence[tuple[str, Any, Any]]) -> Context:
    """What changed: (field, before, after)."""
    return {"rows": rows}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[tuple[str, str, Any]], label: str = "Sections") -> Context:
    """Links that look like tabs: (address, label, count or None), and True as a fourth for the one that is open."""
    found = [{"url": one[0], "label": one[1], "count": one[2], "on": len(one) > 3 and one[3]} for one in items]
    return {"items": found, "label": label}


@register.inclusion_tag("components/secret.html")
def secret(text: str, label: str = "Copy") -> Context:
    """A token or code that is meant to be copied."""
    return {"text": text, "label": label}


@register.inclusion_tag("components/funnel_bar.html")
def funnel_bar(value: float, top: float, tone: str = "sales", label: str = "") -> Context:
    """A bar inside a table's row: ``value`` of ``top``, in the colour of its half."""
    return {"value": value, "top": top or 1, "tone": tone, "label": label}
