"""Filters: values as people read them. They come with ``ui``; nothing to load."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from core import wording
from core.clock import screen_now

register = template.Library()
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
def allowance(minutes: int) -> str:
    """'4 hours' of a span set in minutes."""
    return wording.allowance(minutes)


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
    return wording.ago((screen_now() - moment).total_seconds())


@register.filter
def local_time(moment: datetime | None, form: str = "j M Y H:i") -> str:
    """In the reader's zone."""
    if not moment:
        return "–"
    here = timezone.localtime(moment)
    # on every row of every list: ten times quicker than Django's formatter
    if form == "j M Y H:i":
        return f"{here.day} {MONTHS[here.month - 1]} {here.year} {here.hour:02d}:{here.minute:02d}"
    if form == "j M Y":
        return f"{here.day} {MONTHS[here.month - 1]} {here.year}"
    if form == "j M":
        return f"{here.day} {MONTHS[here.month - 1]}"
    return date_format(here, form)


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
