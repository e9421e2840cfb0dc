"""How deals read on a page."""

from django import template

register = template.Library()


@register.filter
def days_said(days: int) -> str:
    """'today', '1 day', '12 days'."""
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'}"
