"""How deals read on a page."""

from decimal import Decimal
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from deals import rules

register = template.Library()


@register.filter
def money(amount: Any, currency: str) -> str:
    """'USD 1,200'; '' for no amount."""
    return rules.money_text(Decimal(amount), currency) if amount is not None else ""


@register.filter
def days_said(days: int) -> str:
    """'today', '1 day', '12 days'."""
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'}"


@register.simple_tag
def address(name: str, *args: Any) -> str:
    """The address of a page of another room, '' when there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
