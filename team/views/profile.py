"""A person's own page: name, zone, hours, notices, keys to the API."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.ask import ask
from core.clock import db_now
from core.rules import whole_read
from team import selectors, services
from team.forms import HoursForm, ProfileForm, TimeOffForm, TokenForm
from team.models import ApiToken, Notice, TimeOff
from team.telling.plans import zone_changed

NEWS = timedelta(seconds=75)  # a page behind asks only once a minute: browsers see to that
NEWS_SHOWN = 4


def _page(request: HttpRequest, status: int = 200, **forms: Any) -> HttpResponse:
    user: Any = request.user
    context = {
        "form": ProfileForm(instance=user),
        "hours_form": HoursForm(user=user),
        "off_form": TimeOffForm(),
        **selectors.working_time(user, timezone.now()),
        **forms,
    }
    return render(request, "team/profile.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    user: Any = request.user
    zone = user.time_zone
    form = ProfileForm(request.POST, instance=user)
    if not form.is_valid():
        user.refresh_from_db()
        return _page(request, 422, form=form)
    form.save()
    if user.time_zone != zone:
        zone_changed(user)
    messages.success(request, "Saved.")
    return redirect("team:profile")


@require_POST
def hours(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = HoursForm(request.POST, user=user)
    if not form.is_valid():
        return _page(request, 422, hours_form=form)
    services.hours_save(person=user, **form.values())
    messages.success(request, "Working hours saved.")
    return redirect("team:profile")


@require_POST
def time_off_add(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = TimeOffForm(request.POST, instance=TimeOff(user=user))
    if not form.is_valid():
        return _page(request, 422, off_form=form)
    form.save()
    messages.success(request, "Time off noted: no new leads are handed to you then.")
    return redirect("team:profile")


@require_POST
def time_off_remove(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    get_object_or_404(TimeOff, pk=pk, user=user).delete()
    messages.success(request, "Removed.")
    return redirect("team:profile")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device; then back to where the person was."""
    user: Any = request.user
    wanted = request.POST.get("theme", "")
    if wanted in ("light", "dark", "auto"):
        user.theme = wanted
        user.save(update_fields=["theme"])
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("desk:home")
    return HttpResponseRedirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """Keys to the API: made here, shown once, revoked here."""
    user: Any = request.user
    form = TokenForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        _, secret = services.token_create(user=user, **form.cleaned_data)
        form = TokenForm()
    rows = ApiToken.objects.filter(user=user).order_by("revoked_at", "-created_at")
    context = {"form": form, "tokens": rows, "secret": secret, "scopes": ApiToken.SCOPES}
    response = render(request, "team/tokens.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user: Any = request.user
    services.token_revoke(token=get_object_or_404(ApiToken, pk=pk, user=user))
    messages.success(request, "Revoked. Whatever used it has no access any more.")
    return redirect("team:tokens")


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """Unread notices and what waits in the queue, asked for every second or so by the page in front: counts on
    partial indexes. ``v``: the version that the page shows; nothing is drawn when it is still true. What came within
    the last half minute goes along, so that it is told on whatever page the person is."""
    user: Any = request.user
    unread = Notice.objects.filter(user=user, read_at=None)
    found = unread.order_by().aggregate(count=Count("pk"), newest=Max("pk"))
    context = {"unread": found["count"]}
    if user.has_role("rep", "manager"):
        context["waiting"] = ask("queue.waiting", user_id=user.pk) or 0
    context["version"] = f"{found['newest'] or 0}-{found['count']}-{context.get('waiting', '')}"
    if request.GET.get("v") == context["version"]:
        return HttpResponse(status=204)
    recent = unread.filter(created_at__gt=db_now() - NEWS).order_by("-pk")[:NEWS_SHOWN]
    news = list(recent.values("pk", "kind", "title", "body", "url")) if found["count"] else []
    return render(request, "team/_bell.html", context | {"news": json.dumps(news) if news else ""})


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    rows = Notice.objects.filter(user=user)
    unread = rows.filter(read_at=None).count()
    before = whole_read(request.GET.get("cursor", ""))
    page = list((rows.filter(pk__lt=before) if before else rows)[:51])
    following = str(page[49].pk) if len(page) > 50 else ""
    return render(request, "team/notices.html", {"notices": page[:50], "next": following, "unread": unread})


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    sent = request.POST.get("pk", "")
    services.notices_read(user=user, pks=[whole_read(sent) or 0] if sent else None)
    go = request.POST.get("next", "")
    if not go.startswith("/") or not url_has_allowed_host_and_scheme(go, allowed_hosts={request.get_host()}):
        go = reverse("team:notices")
    return redirect(go)
