"""What every page's frame needs: the way around, in one list."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.functional import SimpleLazyObject

from core.addresses import page_address


@dataclass(frozen=True)
class Page:
    """One entry of the navigation. ``roles`` empty: everybody. ``thumb``: also in the phone's bar."""

    group: str
    label: str
    name: str
    icon: str
    roles: tuple[str, ...] = ()
    thumb: bool = False
    url: str = ""
    current: str = ""


NAV = [
    Page("", "My queue", "desk:queue", "list-checks", ("rep", "manager"), True),
    Page("", "Leads", "leads:list", "users", (), True),
    Page("", "Companies", "leads:companies", "building-2"),
    Page("", "Board", "deals:board", "columns-3", ("rep", "manager"), True),
    Page("", "Deals", "deals:list", "handshake", ("rep", "manager")),
    Page("", "Funnel", "insights:funnel", "funnel", ("manager", "marketer"), True),
    Page("", "Sales", "insights:sales", "chart-line", ("rep", "manager")),
    Page("Marketing", "Marketing", "insights:marketing", "megaphone", ("marketer", "manager"), True),
    Page("Marketing", "Forms", "leads:forms", "clipboard-list", ("marketer",)),
    Page("Marketing", "Scoring desk", "scoring:desk", "gauge", ("marketer", "manager")),
    Page("Marketing", "Segments", "leads:segments", "tags", ("marketer", "manager")),
    Page("Together", "Team's leads", "handoff:team", "users-round", ("rep",)),
    Page("Together", "Contract", "insights:contract", "scroll-text", ("marketer", "manager", "rep")),
    Page("Together", "Handoffs", "handoff:list", "arrow-left-right", ("marketer", "manager")),
    Page("Together", "MQL bar", "handoff:policy", "target", ("marketer", "manager")),
    Page("Together", "Routing", "handoff:routing", "route", ("manager",)),
    Page("Together", "Response times", "handoff:sla", "timer", ("manager",)),
    Page("Together", "Openers", "handoff:openers", "message-square-quote", ("manager",)),
    Page("Together", "Checklist", "deals:questions", "clipboard-check", ("manager",)),
    Page("Set up", "Stages", "funnels:stages", "milestone", ("manager",)),
    Page("Set up", "Products", "deals:products", "package", ("manager",)),
    Page("Set up", "Custom fields", "leads:fields", "text-cursor-input", ("admin",)),
    Page("Set up", "Imports", "intake:imports", "file-up", ("marketer", "manager")),
    Page("Set up", "Inbox", "leads:inbox", "inbox", ("marketer",)),
    Page("Set up", "People", "team:people", "contact", ("manager",)),
    Page("Set up", "Days off", "team:days", "calendar-off", ("manager",)),
    Page("Set up", "Team channels", "team:team_channels", "messages-square", ("manager",)),
    Page("Set up", "Deliveries", "desk:deliveries", "send", ("admin",)),
    Page("Set up", "Style guide", "desk:styleguide", "palette", ("admin",)),
]


def pages_for(user: Any, here: str = "") -> list[Page]:
    """The pages that this person may open, in reading order; ``here`` is the path of the present one.

    The page itself is ``current="page"``; of a page below it (one lead, one rule) the nearest is ``"true"``.
    """
    if not user.is_authenticated:
        return []
    found = []
    for page in NAV:
        if page.roles and not user.has_role(*page.roles):
            continue
        try:
            url = page_address(page.name)
        except NoReverseMatch:
            continue
        found.append(replace(page, url=url))
    nearest = max((page.url for page in found if here.startswith(page.url)), key=len, default="")
    mark = "page" if nearest == here else "true"
    return [replace(page, current=mark) if page.url == nearest else page for page in found]


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": "auto"}
    match = request.resolver_match
    here = match.view_name if match else ""
    # Lazily: a fragment that htmx asks for draws no navigation.
    pages = SimpleLazyObject(lambda: pages_for(user, request.path))
    return {"nav": pages, "here": here, "theme": user.theme, "currency": settings.CURRENCY}
