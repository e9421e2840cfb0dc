"""The page behind the accept button of an e-mail. Whoever has the link sees it; nobody needs to sign in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.clock import db_now
from handoff import selectors
from handoff.services import links, tell
from leads.models import Activity
from leads.visits import bot_class, too_many

PER_MINUTE = 40


# No CSRF token: the link itself is the secret that no other site knows, and a page without referrer and cookies has
# none to give. GET and HEAD only show: mail scanners open every link; nor does a crawler press it.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_mail(request: HttpRequest, token: str) -> HttpResponse:
    if too_many(request, "by-mail", PER_MINUTE):
        look = links.Look("One moment", "Too many links were opened from your network. Try again in a minute.")
        return _page(request, look, 429)
    who = request.user if request.user.is_authenticated else None
    pressed = request.method == "POST" and bot_class(request) != Activity.Bot.BOT
    look = (links.link_accept if pressed else links.link_look)(token, seen_by=who)
    return _page(request, look, look.status)


def _page(request: HttpRequest, look: links.Look, status: int) -> HttpResponse:
    context = {"look": look}
    if look.handoff is not None and look.rep is not None:
        selectors.clock_set(look.handoff, db_now())
        context |= tell.mail_values(look.handoff, look.rep)
    response = render(request, "handoff/by_mail.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
