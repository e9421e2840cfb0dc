"""Who is asking: a person or a machine, from where, and how often."""

from functools import lru_cache
from urllib.parse import urlsplit

import crawleruseragents
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from leads.models import Activity

UTM = ("source", "medium", "campaign", "term", "content")


@lru_cache(maxsize=2048)
def _crawler(agent: str) -> bool:
    return bool(crawleruseragents.is_crawler(agent))


def bot_class(request: HttpRequest) -> int:
    """Human, suspect (names no browser, or only fetches ahead) or bot, by what the request says of itself."""
    agent = request.headers.get("User-Agent", "")[:400]
    if agent and _crawler(agent):
        return Activity.Bot.BOT
    if not agent or is_prefetch(request):
        return Activity.Bot.SUSPECT
    return Activity.Bot.HUMAN


def is_prefetch(request: HttpRequest) -> bool:
    """The browser or a mail scanner looks ahead; nobody clicked."""
    said = [request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")]
    return any("prefetch" in word or "preview" in word for word in said)


def client_ip(request: HttpRequest) -> str:
    """The visitor's address: what the last proxy saw, when the operator says that there is one."""
    if settings.BEHIND_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if forwarded:
            return forwarded[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def too_many(request: HttpRequest, name: str, limit: int, seconds: int = 60) -> bool:
    """True when this address came more than ``limit`` times in ``seconds``. Counted in each process by itself:
    a brake on floods, not a fence."""
    key = f"rate:{name}:{client_ip(request)}"
    cache.add(key, 0, seconds)
    try:
        return bool(cache.incr(key) > limit)
    except ValueError:  # it ran out between the two calls
        return False


def host_of(address: str) -> str:
    """The host of an address without www, '' when there is none."""
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def touch_of(given: dict[str, str], *, campaign: str = "") -> dict[str, str]:
    """First or last touch from ``utm_*``, ``referrer`` and ``landing_page``; the source falls back to the referrer's
    host, then to 'direct'."""
    touch = {name: given.get(f"utm_{name}", "") for name in UTM}
    touch |= {name: given.get(name, "") for name in ("referrer", "landing_page")}
    came_from = host_of(touch["referrer"])
    outside = came_from if came_from != host_of(settings.SITE_URL) else ""
    touch["source"] = touch["source"] or outside or "direct"
    touch["campaign"] = touch["campaign"] or campaign
    return {name: value for name, value in touch.items() if value}
