"""What the lists of settings have in common: rows that are moved, and switched on and off."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from core.pages import act
from handoff.services import settings as service

MARKETING = ("marketer", "manager")


def move(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    """POST ``to``: one place up or down in its list."""
    up = request.POST.get("to") != "down"
    return act(request, home, lambda: service.row_move(by=request.user, model=model, pk=pk, up=up))


def toggle(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    active = request.POST.get("active") == "1"
    return act(request, home, lambda: service.row_toggle(by=request.user, model=model, pk=pk, active=active))
