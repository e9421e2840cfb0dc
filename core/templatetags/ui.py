"""Template tags of the component set: see docs/components.md and /styleguide/."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils import timezone
from django.utils.formats import date_format

from core import charts, wording

register = template.Library()
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@register.filter
def number(value: Any) -> str:
    """12480 -> 12,480; nothing -> –."""
    try:
        return f"{Decimal(str(value)).normalize():,f}"
    except (InvalidOperation, ValueError):
        return "–"


@register.filter
def money(value: Any, currency: str = "USD") -> str:
    """18400 -> $18,400; cents only where there are some; nothing -> –."""
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"))
    except (InvalidOperation, ValueError):
        return "–"
    text = f"{abs(amount):,.2f}".removesuffix(".00")
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"


@register.filter
def percent(value: Any, digits: int = 0) -> str:
    """A share from 0 to 1 -> 63.2 %; nothing -> –."""
    try:
        return f"{float(value) * 100:.{digits}f} %"
    except (TypeError, ValueError):
        return "–"


@register.filter
def duration(seconds: Any) -> str:
    """220 -> 3 m 40 s; two units at the most; nothing -> –."""
    try:
        return wording.duration(float(seconds))
    except (TypeError, ValueError):
        return "–"


@register.filter
def ago(moment: datetime | None) -> str:
    """'5 minutes ago', 'in 2 days'; nothing -> –."""
    if not moment:
        return "–"
    return wording.ago((timezone.now() - moment).total_seconds())


@register.filter
def local_time(moment: datetime | None, form: str = "j M Y H:i") -> str:
    """In the reader's zone."""
    return date_format(timezone.localtime(moment), form) if moment else "–"


@register.filter
def initials(name: Any) -> str:
    words = str(name or "").split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


@register.filter
def hue(value: Any) -> int:
    """One of eight tones for an avatar, the same for the same name."""
    return sum(map(ord, str(value))) % 8


@register.filter
def get_item(mapping: Any, key: Any) -> Any:
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.inclusion_tag("components/score.html")
def score_chip(standing: Any) -> dict[str, Any]:
    """Grade and score of a Standing, with its reason as the hint."""
    return {"standing": standing}


@register.inclusion_tag("components/stage.html")
def stage_chip(stage: Any, since: datetime | None = None) -> dict[str, Any]:
    """A stage in the colour of its funnel. The stage's ``funnel`` must be loaded."""
    return {"stage": stage, "since": since}


@register.inclusion_tag("components/badge.html")
def badge(text: Any, tone: str = "", icon: str = "") -> dict[str, Any]:
    """A chip. Tones: good, warn, bad, marketing, handoff, sales, customer, accent."""
    return {"text": text, "tone": tone, "icon": icon}


@register.inclusion_tag("components/avatar.html")
def avatar(person: Any, size: int = 24) -> dict[str, Any]:
    return {"person": person, "size": size}


@register.inclusion_tag("components/clock.html")
def clock(due_at: datetime | None, starts_at: datetime | None = None, tone: str = "handoff") -> dict[str, Any]:
    """A round countdown to ``due_at``; late turns red. It runs in the browser, by the server's time."""
    now = timezone.now()
    if due_at is None:
        return {"due_at": None}
    total = (due_at - starts_at).total_seconds() if starts_at and starts_at < due_at else 0
    left = (due_at - now).total_seconds()
    spent = 100 if left <= 0 or total <= 0 else max(0, min(100, round(100 * (1 - left / total))))
    return {
        "due_at": due_at,
        "starts_at": starts_at,
        "now": now,
        "spent": spent,
        "late": left <= 0,
        "tone": tone,
        "text": wording.countdown(left),
    }


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """A form field with label, control, help and errors, tied together for screen readers."""
    widget = bound.field.widget
    described = [f"{bound.id_for_label}-error"] if bound.errors else []
    if bound.help_text or hint:
        described.append(f"{bound.id_for_label}-help")
    attrs: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": hint or bound.help_text,
        "check": isinstance(widget, CheckboxInput),
        "group": isinstance(widget, (RadioSelect, CheckboxSelectMultiple)),
    }


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """What is wrong with the form as a whole."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Any) -> dict[str, Any]:
    """Errors of the whole, hidden and visible fields of a form, in its order."""
    return {"form": form}


@register.inclusion_tag("components/empty.html")
def empty(title: str, text: str = "", icon: str = "inbox", url: str = "", label: str = "") -> dict[str, Any]:
    """An empty page that teaches the next step."""
    return {"title": title, "text": text, "icon": icon, "url": url, "label": label}


@register.inclusion_tag("components/tile.html")
def tile(
    label: str,
    value: Any,
    definition: str = "",
    url: str = "",
    note: str = "",
    tone: str = "",
) -> dict[str, Any]:
    """A number: what it is (shown on hover and focus), where its rows are, and one line beneath it.

    ``tone`` colours the note: good, warn, bad.
    """
    return {"label": label, "value": value, "definition": definition, "url": url, "note": note, "tone": tone}


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_link(
    context: dict[str, Any], key: str, label: str, current: str = "", numeric: bool = False
) -> dict[str, Any]:
    """A table head that sorts: ``<th>`` with a link that keeps the other filters. ``-key`` is descending."""
    request = context["request"]
    params = request.GET.copy()
    params.pop("cursor", None)
    params["sort"] = key if current == f"-{key}" else f"-{key}"
    direction = {"": "none", key: "ascending", f"-{key}": "descending"}.get(current, "none")
    return {"url": f"?{params.urlencode()}", "label": label, "direction": direction, "numeric": numeric}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: dict[str, Any], next_cursor: str = "", target: str = "") -> dict[str, Any]:
    """Newer and older pages by cursor; filters stay in the address. ``target`` swaps only that element."""
    request = context["request"]
    params = request.GET.copy()
    params.pop("cursor", None)
    first = f"{request.path}?{params.urlencode()}"
    params["cursor"] = next_cursor
    older = f"{request.path}?{params.urlencode()}" if next_cursor else ""
    return {"first": first if request.GET.get("cursor") else "", "older": older, "target": target}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str = "") -> dict[str, Any]:
    """A bar for long work, with the numbers in words."""
    return {"done": done, "total": total or 1, "label": label, "share": min(1, done / total) if total else 0}


@register.inclusion_tag("components/chart.html")
def chart(chart: Any) -> dict[str, Any]:
    """A ``core.charts.Chart`` with its table behind it."""
    return {"chart": chart}


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Any, label: str = "") -> dict[str, Any]:
    return {"points": charts.sparkline(list(values)), "label": label}
