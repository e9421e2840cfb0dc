"""How deals read on a page. The board's cards are written in Python, like the other marks of lists
(core/templatetags/marks.py)."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from core.addresses import address
from core.templatetags.formats import money
from deals.models import Deal
from deals.selectors.cards import Card

register = template.Library()
CARD = (
    '<li class="deal-card {level}" id="deal-{pk}" data-deal="{pk}" data-name="{name}" data-seq="{seq}"'
    ' data-stage="{stage}" data-move="{move}" data-win="{win}" data-lose="{lose}"{drag}>\n'
    '<a class="deal-name" href="{url}" draggable="false">{name}</a>\n'
    '<div class="row wrap small">{amount} {age}{chips}</div>\n'
    '{step}<div class="row small"><span class="muted">{owner}</span>{button}</div></li>\n'
)
AGE = '<span class="age {}">{}{}</span>'
STALLED = '<span class="visually-hidden">, {}</span>'
STEP = '<div class="small muted">{}{}</div>\n'
MOVE = '<button class="btn mini push" type="button" data-open-move aria-label="Move {}">Move</button>'


@register.filter
def days_said(days: int) -> str:
    """'today', '1 day', '12 days'."""
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'}"


@register.simple_tag
def deal_cards(cards: Iterable[Card], prices: bool = False, works: bool = False) -> SafeString:
    """The cards of one column. ``prices``: with amounts; ``works``: may be moved."""
    return format_html_join("", "{}", [(_card(one, one.deal, prices, works),) for one in cards])


def _card(card: Card, deal: Deal, prices: bool, works: bool) -> SafeString:
    name = escape(deal.name)
    return format_html(
        CARD,
        level=card.level,
        pk=deal.pk,
        name=name,
        seq=deal.seq,
        stage=deal.stage_id,
        move=address("deals:move", deal.pk),
        win=address("deals:win", deal.pk),
        lose=address("deals:lose", deal.pk),
        drag=format_html(' draggable="{}"', "true") if works else "",
        url=address("deals:detail", deal.pk),
        amount=_amount(deal) if prices else "",
        age=format_html(AGE, card.level, days_said(card.days), _marked(STALLED, "stalled" if card.level else "")),
        chips=_chips(card),
        step=_step(card) if deal.next_step else "",
        owner=deal.owner or "nobody",
        button=format_html(MOVE, name) if works else "",
    )


def _marked(markup: str, text: str) -> SafeString | str:
    return format_html(markup, text) if text else ""


def _amount(deal: Deal) -> SafeString | str:
    return "" if deal.amount is None else format_html("<b>{}</b>", money(deal.amount, deal.currency))


def _chips(card: Card) -> SafeString:
    return format_html(
        "{}{}",
        _marked(' <span class="chip">{}</span>', "accept first" if card.deal.is_waiting else ""),
        _marked(' <span class="chip bad">{}</span>', "close date passed" if card.late else ""),
    )


def _step(card: Card) -> SafeString:
    overdue = _marked(' <span class="chip bad">{}</span>', "overdue" if card.step_late else "")
    return format_html(STEP, Truncator(card.deal.next_step).chars(70), overdue)
