"""The pages of response times (routing: ``views.routing``)."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from handoff.services import settings as service
from handoff.views.shared import act as _act


def _move(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    up = request.POST.get("to") != "down"
    return _act(request, home, lambda: service.row_move(by=request.user, model=model, pk=pk, up=up))


def _toggle(request: HttpRequest, model: Any, pk: int, home: str) -> HttpResponse:
    active = request.POST.get("active") == "1"
    return _act(request, home, lambda: service.row_toggle(by=request.user, model=model, pk=pk, active=active))
