"""How somebody is told: their channels and a team's, what by which way, quiet hours, the digest."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import mail
from core.clock import db_now
from core.errors import Refused
from core.pages import form_view, refuse
from team.access import roles_required
from team.forms_notify import ChannelForm, DigestForm, QuietForm
from team.models import Channel, Held, Team, User
from team.rules.events import EVENTS, MAIL_BY_ITSELF
from team.telling import channels as service
from team.telling import digest as digests
from team.telling import plans


def _page(request: HttpRequest, status: int = 200, **forms: Any) -> HttpResponse:
    user: Any = request.user
    plan = plans.plan_of(user)
    own = list(Channel.objects.filter(user=user))
    mailed = {*plan.mail_events, *([MAIL_BY_ITSELF] if user.notify_email else [])}
    matrix = [
        {
            "key": key,
            "label": label,
            "said": said,
            "mail": key in mailed,
            "by_digest": key == "digest",
            "cells": [(one, key in one.events) for one in own],
        }
        for key, (label, said) in EVENTS.items()
    ]
    context = {
        "channels": own,
        "matrix": matrix,
        "plan": plan,
        "quiet_form": QuietForm(plan=plan),
        "digest_form": DigestForm(plan=plan),
        "held": Held.objects.filter(user=user).count(),
        "quiet_now": plans.held_until(user, db_now()),
        **forms,
    }
    return render(request, "team/notifications.html", context, status=status)


@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def events(request: HttpRequest) -> HttpResponse:
    """POST a box ``mail:event`` or ``<channel>:event`` for each that is wanted."""
    user: Any = request.user
    ways: dict[str, list[str]] = {}
    for name in request.POST:
        way, _, event = name.partition(":")
        ways.setdefault(way, []).append(event)
    own = Channel.objects.filter(user=user).values_list("pk", flat=True)
    by_channel = {pk: ways.get(str(pk), []) for pk in own}
    plans.events_save(user=user, by_mail=ways.get("mail", []), by_channel=by_channel)
    _said(request, "Saved.", [event for events in by_channel.values() for event in events])
    return redirect("team:notifications")


def _said(request: HttpRequest, text: str, events: Iterable[str]) -> None:
    """Say it, and that a digest was ticked for a channel while there is none."""
    user: Any = request.user
    if "digest" in events and not plans.plan_of(user).digest:
        messages.warning(request, f"{text} But your digest is off: switch it on under Daily digest.")
    else:
        messages.success(request, text)


@require_POST
def quiet(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = QuietForm(request.POST, plan=plans.plan_of(user))
    if form.is_valid():
        try:
            plans.quiet_save(user=user, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
    if form.errors:
        return _page(request, 422, quiet_form=form)
    messages.success(request, "Quiet hours saved.")
    return redirect("team:notifications")


@form_view
def digest(request: HttpRequest) -> HttpResponse:
    """GET: today's digest as it would be now. POST: whether and when it is sent."""
    user: Any = request.user
    if request.method != "POST":
        return render(request, "team/digest.html", {"parts": digests.digest_of(user)})
    form = DigestForm(request.POST, plan=plans.plan_of(user))
    if not form.is_valid():
        return _page(request, 422, digest_form=form)
    plans.digest_save(user=user, on=form.cleaned_data["on"], hour=form.cleaned_data["digest_hour"])
    messages.success(request, "Digest saved.")
    return redirect("team:notifications")


@require_POST
def mail_test(request: HttpRequest) -> HttpResponse:
    """Send the person an e-mail now and say how it went."""
    user: Any = request.user
    if not cache.add(f"mail-test:{user.pk}", 1, service.TEST_PAUSE.total_seconds()):
        messages.error(request, "It was tested a moment ago. Wait a few seconds.")
        return redirect("team:notifications")
    key = f"mail-test:{user.pk}:{db_now():%Y%m%d%H%M%S}"
    text = "This is a test. New leads and deadlines will reach you here."
    try:
        mail.send(key, to=user.email, subject="A test from Baton", text=text)
    except Exception as error:  # whatever the mail server says is the answer
        said = str(error.__cause__ or error)[:200]
        messages.error(request, f"Not sent to {user.email}. The mail server said: {said}")
    else:
        messages.success(request, f"The mail server took it for {user.email}. Look into your inbox.")
    return redirect("team:notifications")


# --- channels -----------------------------------------------------------------------------------------


def _seen(request: HttpRequest, pk: int) -> Channel:
    return get_object_or_404(Channel.objects.visible_to(request.user).select_related("user", "team"), pk=pk)


def _home(channel: Channel) -> str:
    return "team:notifications" if channel.user_id else "team:team_channels"


def _edit(
    request: HttpRequest, channel: Channel | None, *, user: User | None = None, team: Team | None = None
) -> HttpResponse:
    home = "team:team_channels" if team else "team:notifications"
    form = ChannelForm(request.POST or None, channel=channel, for_team=team is not None)
    if request.method == "POST" and form.is_valid():
        try:
            made = service.channel_save(channel=channel, user=user, team=team, **form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            _said(request, f"{made.name} saved. Send a test to see that it works.", made.events)
            return redirect(home)
    context = {"form": form, "channel": channel, "team": team, "home": home}
    response = render(request, "team/channel.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@form_view
def channel_new(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    return _edit(request, None, user=user)


@form_view
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _seen(request, pk)
    return _edit(request, found, user=found.user, team=found.team)


@require_POST
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    found = _seen(request, pk)
    user: Any = request.user
    try:
        answer = service.channel_test(channel=found, by=user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        if answer.ok:
            messages.success(request, f"{found.name}: {found.service} took the test message.")
        else:
            messages.error(request, f"{found.name} did not work. {answer.said}")
    return redirect(_home(found))


@require_POST
def channel_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``on``: 1 or 0."""
    found = _seen(request, pk)
    on = request.POST.get("on") == "1"
    service.channel_switch(channel=found, on=on)
    said = "is used again; what failed within a day is tried again" if on else "is off: nothing goes through it"
    messages.success(request, f"{found.name} {said}.")
    return redirect(_home(found))


@require_POST
def channel_remove(request: HttpRequest, pk: int) -> HttpResponse:
    found = _seen(request, pk)
    home = _home(found)
    service.channel_remove(channel=found)
    messages.success(request, f"{found.name} removed.")
    return redirect(home)


def _teams(user: Any) -> list[Team]:
    rows = Team.objects.prefetch_related("channels").order_by("name")
    all_of_them = user.is_admin or user.team_id is None
    return list(rows if all_of_them else rows.filter(pk=user.team_id))


@require_safe
@roles_required("manager")
def team_channels(request: HttpRequest) -> HttpResponse:
    """Where each team's news go, besides to its people."""
    return render(request, "team/team_channels.html", {"teams": _teams(request.user)})


@form_view
@roles_required("manager")
def team_channel_new(request: HttpRequest, pk: int) -> HttpResponse:
    team = next((one for one in _teams(request.user) if one.pk == pk), None)
    if team is None:
        raise Http404
    return _edit(request, None, team=team)
