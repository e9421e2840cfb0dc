"""What a rep needs in one look before the first word: the source, what they saw, what to say, what to ask."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import screen_now
from deals.access import works_deals
from deals.models import Deal
from deals.selectors.checklist import Checklist, checklist_of
from handoff.selectors.openers import opener_for
from leads.models import Activity, Lead

NEWEST = 300
SHOWN = 5
MAILS = {"email_sent": "sent", "email_opened": "opened", "email_clicked": "clicked", "email_bounced": "bounced"}


@dataclass
class Seen:
    """What the lead looked at, most often first, and what became of our mails to them, newest first."""

    pages: list[tuple[str, int]] = field(default_factory=list)
    assets: list[tuple[str, datetime]] = field(default_factory=list)
    mails: list[tuple[str, str, datetime]] = field(default_factory=list)  # subject, what became of it, when

    def __bool__(self) -> bool:
        return bool(self.pages or self.assets or self.mails)


def seen_by(lead: Lead) -> Seen:
    """From the newest things that a person (no bot) did. One query."""
    kinds = ["page_viewed", "pricing_viewed", "asset_downloaded", "webinar_attended", *MAILS]
    rows = Activity.objects.filter(lead=lead, bot=Activity.Bot.HUMAN, kind__in=kinds).order_by("-at")
    pages: Counter[str] = Counter()
    mails: dict[str, list[tuple[str, datetime]]] = {}
    assets: dict[str, datetime] = {}
    for kind, at, told in rows.values_list("kind", "at", "properties")[:NEWEST]:
        if kind in MAILS:
            mails.setdefault(_name(told, "subject", "title", "mail", "name"), []).append((kind, at))
        elif kind in ("page_viewed", "pricing_viewed"):
            pages[
                _name(told, "title", "page", "path", "url") or ("Pricing" if kind == "pricing_viewed" else "A page")
            ] += 1
        else:
            assets.setdefault(_name(told, "asset", "title", "webinar", "name") or kind.replace("_", " "), at)
    told_of = [(name, _became(marks), marks[0][1]) for name, marks in mails.items()]
    return Seen(pages.most_common(SHOWN), list(assets.items())[:SHOWN], told_of[:SHOWN])


def _became(marks: list[tuple[str, datetime]]) -> str:
    """'opened, clicked ×2'; that it was sent only when nothing else is known."""
    counts = Counter(kind for kind, _ in marks)
    shown = [kind for kind in MAILS if counts[kind] and (kind != "email_sent" or len(counts) == 1)]
    words = [(MAILS[kind], counts[kind]) for kind in shown]
    return ", ".join(f"{word} ×{times}" if times > 1 else word for word, times in words)


def _name(told: Any, *names: str) -> str:
    values = [told.get(name) for name in names] if isinstance(told, dict) else []
    return next((" ".join(one.split())[:80] for one in values if isinstance(one, str) and one.strip()), "")


def brief_of(lead: Lead, user: Any, deal_id: int = 0) -> dict[str, Any]:
    """What ``desk/_brief.html`` shows; the checklist is that of the given deal, else of the newest open one."""
    now = screen_now()
    rows = Deal.objects.visible_to(user).filter(lead=lead).select_related("stage__funnel")
    deal = (
        rows.filter(pk=deal_id).first()
        or rows.filter(closed_at=None).order_by("-pk").first()
        or rows.order_by("-pk").first()
    )
    checklist: Checklist | None = checklist_of(deal, now) if deal and works_deals(user) else None
    opener, name = opener_for(lead, user, now)
    may = deal is not None and Deal.objects.editable_by(user).filter(pk=deal.pk).exists()
    return {
        "lead": lead,
        "opener": opener,
        "opener_name": name,
        "seen": seen_by(lead),
        "checklist": checklist,
        "may_answer": may and checklist is not None,
        "first": lead.first_touch or {},
        "last": lead.last_touch or {},
    }
