"""The tracker: a small script for the company's own pages, where its events arrive, and links that note a click."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import Refused
from leads.models import Activity
from leads.services.public import click_record, hit_record, link_open
from leads.visits import bot_class, is_prefetch, too_many

HIT_BYTES = 16 * 1024
PER_MINUTE = 600


@login_not_required
@cache_control(public=True, max_age=3600)
@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """The script under an address that never changes, whatever the hash of the static file is."""
    path = finders.find("js/tracker.js")
    with open(str(path), encoding="utf-8") as file:
        response = HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["POST", "OPTIONS"])
def hit(request: HttpRequest) -> HttpResponse:
    """One event. 204 when it is kept; sets no cookie and reads none."""
    origin = request.headers.get("Origin", "")
    if settings.TRACK_ORIGINS and origin and origin.rstrip("/") not in settings.TRACK_ORIGINS:
        return JsonResponse({"detail": "This site is not one of BATON_TRACK_ORIGINS."}, status=403)
    if request.method == "OPTIONS":
        return _cors(HttpResponse(status=204), origin)
    if too_many(request, "hit", PER_MINUTE):
        return _cors(JsonResponse({"detail": "Too many events from this address."}, status=429), origin)
    if int(request.headers.get("Content-Length") or 0) > HIT_BYTES or len(request.body) > HIT_BYTES:
        return _cors(JsonResponse({"detail": "An event is at most 16 KB."}, status=413), origin)
    try:
        given = json.loads(request.body or b"null")
        hit_record(given=given, bot=bot_class(request), referrer=request.headers.get("Referer", ""))
    except (ValueError, RecursionError):
        return _cors(JsonResponse({"detail": "The body is not JSON."}, status=400), origin)
    except Refused as refusal:
        return _cors(JsonResponse({"detail": refusal.message, "field": refusal.field}, status=400), origin)
    return _cors(HttpResponse(status=204), origin)


def _cors(response: HttpResponse, origin: str) -> HttpResponse:
    if origin and origin.rstrip("/") in settings.TRACK_ORIGINS:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = "Content-Type"
        response["Access-Control-Max-Age"] = "86400"
    response["Vary"] = "Origin"
    return response


class WebRedirect(HttpResponseRedirect):
    allowed_schemes = ["http", "https"]


@login_not_required
@never_cache
@require_safe
def click(request: HttpRequest, signed: str) -> HttpResponse:
    """Follow a tracked link. Only what we signed is followed; a scanner's look (HEAD, prefetch, bot) is no click."""
    try:
        token, url, key = link_open(signed)
    except Refused as refusal:
        return render(request, "leads/link_broken.html", {"reason": refusal.message}, status=404)
    if request.method == "GET" and not is_prefetch(request) and bot_class(request) == Activity.Bot.HUMAN:
        url = click_record(token=token, url=url, key=key, visitor=request.COOKIES.get("baton_v", ""))
    response = WebRedirect(url)
    response["Referrer-Policy"] = "no-referrer"
    return response
