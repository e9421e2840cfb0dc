"""Ctrl-K: find any lead, company, deal or page by the beginning of its name."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from core.context import pages_for
from deals.models import Deal
from leads.models import Lead
from leads.selectors.companies import companies_seen_by

LIMIT = 6


@dataclass(frozen=True)
class Hit:
    group: str
    title: str
    line: str
    url: str
    icon: str


def find(user: Any, text: str) -> list[Hit]:
    """At most ``LIMIT`` hits a group, only what ``user`` may see; nothing for an empty text but the pages."""
    pages = [
        Hit("Pages", page.label, "", page.url, page.icon)
        for page in pages_for(user)
        if text.lower() in page.label.lower()
    ]
    if len(text) < 2:
        return pages
    return [*_leads(user, text), *_companies(user, text), *_deals(user, text), *pages[:LIMIT]]


def _leads(user: Any, text: str) -> list[Hit]:
    first, _, last = text.partition(" ")
    wanted = Q(last_name__istartswith=text) | Q(first_name__istartswith=text) | Q(email_key__startswith=text.lower())
    if last:
        wanted |= Q(first_name__istartswith=first, last_name__istartswith=last)
    rows = Lead.objects.visible_to(user).filter(wanted).select_related("company", "standing")[:LIMIT]
    return [
        Hit(
            "Leads",
            row.name,
            row.company.name if row.company else row.email,
            reverse("desk:lead", args=[row.pk]),
            "user",
        )
        for row in rows
    ]


def _companies(user: Any, text: str) -> list[Hit]:
    rows = companies_seen_by(user).filter(name__istartswith=text)
    return [
        Hit("Companies", row.name, row.industry, reverse("leads:company", args=[row.pk]), "building-2")
        for row in rows[:LIMIT]
    ]


def _deals(user: Any, text: str) -> list[Hit]:
    rows = Deal.objects.visible_to(user).filter(name__istartswith=text).select_related("stage")[:LIMIT]
    return [
        Hit("Deals", row.name, row.stage.name, reverse("deals:detail", args=[row.pk]), "handshake") for row in rows
    ]
