"""The opener of one lead: which text, and what fills its gaps."""

from datetime import datetime, timedelta
from typing import Any

from handoff.models import Opener
from handoff.rules import opener as rules
from leads.compiler import leads_matching
from leads.models import Activity, Lead
from team.models import User
from team.rules import zone_get

DAYS = 60


def opener_values(lead: Lead, rep: User, now: datetime) -> dict[str, str]:
    """What fills the gaps for this lead; '' where nothing is known. One query."""
    since = now - timedelta(days=DAYS)
    rows = Activity.objects.filter(lead=lead, bot=Activity.Bot.HUMAN, at__gte=since, kind__in=rules.DEEDS)
    found = list(rows.order_by("-at").values_list("kind", "at", "properties")[:60])
    named = {"asset_downloaded": ("asset", "title")}
    deeds = [(kind, at, _text(told, *named.get(kind, ()))) for kind, at, told in found]
    best = rules.deed_best(deeds)
    asset = next((name for kind, _, name in deeds if kind in named and name), "")
    touch = lead.last_touch or lead.first_touch or {}
    return {
        "first_name": _line(lead.first_name),
        "company": _line(lead.company.name if lead.company else ""),
        "job_title": _line(lead.job_title),
        "persona": _line(lead.persona),
        "deed": best[0] if best else "",
        "when": rules.when_said(_days(best[1], now, rep)) if best else "",
        "asset": asset,
        "campaign": _text(touch, "campaign") or _line(lead.campaign),
        "rep": _line(rep.get_short_name()),
    }


def _days(at: datetime, now: datetime, rep: User) -> int:
    """Whole days by the rep's calendar: what was last night is yesterday."""
    zone = zone_get(rep.time_zone)
    return (now.astimezone(zone).date() - at.astimezone(zone).date()).days


def _text(told: Any, *names: str) -> str:
    values = [told.get(name) for name in names] if isinstance(told, dict) else []
    return next((_line(one) for one in values if isinstance(one, str) and one.strip()), "")


def _line(text: str) -> str:
    return " ".join(text.split())[:100]


def opener_for(lead: Lead, rep: User, now: datetime) -> tuple[str, str]:
    """(the sentence, the name of its opener): the first in order whose condition holds and whose gaps can be filled;
    the plain one when none does. The same for the same lead, day and rep."""
    values = opener_values(lead, rep, now)
    one = Lead.objects.filter(pk=lead.pk)
    for row in Opener.objects.filter(is_active=True):
        said = rules.opener_fill(row.text, values)
        if said and (not row.condition or leads_matching(row.condition, now=now, within=one).exists()):
            return said, row.name
    return rules.opener_fill(rules.FALLBACK, values), ""
