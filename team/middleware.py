"""Programs go straight to the API; every page shows times in the zone of the person who reads it."""

from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.utils import timezone

# Programs ask at few addresses, over and over; those with a number in them push each other out.
_place = lru_cache(256)(resolve)


class ProgramMiddleware:
    """A request to the API that brings a token goes straight to its view: its sender is known by the token alone
    (``team.auth`` takes it or refuses it), so a session, a CSRF token, messages and a zone are nothing to it.

    Stands behind what concerns every answer and before what is for people in a browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        brings = request.META.get("HTTP_AUTHORIZATION", "")[:7].lower()
        if brings != "bearer " or not request.path_info.startswith("/api/v1/"):
            return self.get_response(request)
        match = request.resolver_match = _place(request.path_info)
        response = match.func(request, *match.args, **match.kwargs)
        return response.render() if hasattr(response, "render") else response


class ZoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        try:
            zone = ZoneInfo(name) if name else None
        except (ZoneInfoNotFoundError, ValueError):
            zone = None
        with timezone.override(zone):
            return self.get_response(request)
