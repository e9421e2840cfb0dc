"""The reps' lines of the sales page, written in Python like the rows of the other lists
(core/templatetags/marks.py)."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
REP = (
    '<tr><th scope="row">{}</th>\n<td class="n">{}</td><td class="n">{}</td>\n<td class="n">{}</td>\n'
    '<td class="n">{}</td>\n<td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>\n'
)


@register.simple_tag
def rep_rows(rows: Iterable[dict[str, Any]]) -> SafeString:
    """Rows of the table (``insights.boards.sales``)."""
    return format_html_join("", REP, [_rep(one) for one in rows])


def _rep(one: dict[str, Any]) -> tuple[Any, ...]:
    rep = one["rep"]
    opened, won = _count(one["open_url"], rep.open), _count(one["won_url"], rep.won)
    lost = _count(one["lost_url"], rep.lost)
    return rep.name, opened, one["open_value"], won, lost, one["win_rate"], one["won_value"], one["speed"]


def _count(url: str, n: int) -> SafeString | int:
    return format_html('<a href="{0}" data-rows="{1}">{1}</a>', url, n) if url else n
