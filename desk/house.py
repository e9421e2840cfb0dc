"""Pages for those who keep the house: what was to be sent, and what was given up."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from core import leases, outbox
from core.keyset import keyset_page
from core.models import OutboxMessage
from core.rules import whole_read
from team.access import roles_required
from team.models import Channel

STATES = OutboxMessage.State
MAILS = ("mail.send", "handoff.mail")
NEWS = ("notice.send", "notice.together", "notice.digest")
# topic -> what it is, for people
WHAT = {
    "mail.send": "E-mail",
    "handoff.mail": "E-mail about a new lead",
    "notice.send": "News",
    "notice.together": "What quiet hours kept",
    "notice.digest": "Daily digest",
    "user.deactivated": "Handing on what somebody left",
    "user.rerouted": "Rules that somebody takes no leads of any more",
    "policies.changed": "Who was scored while the bar was changed",
    "handoff.stirred": "Leads that did more while they waited",
}


def _by_way(rows: QuerySet[OutboxMessage], way: str) -> QuerySet[OutboxMessage]:
    """``way``: mail, the number of a channel, other; else all."""
    mail = Q(topic__in=MAILS) | Q(topic__in=NEWS, payload__channel_id=None)
    if way == "mail":
        return rows.filter(mail)
    if way == "other":
        return rows.exclude(topic__in=(*MAILS, *NEWS))
    if (channel := whole_read(way)) is not None:
        return rows.filter(topic__in=NEWS, payload__channel_id=channel)
    return rows


def _kept() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.exclude(topic="setup")


def _ways(channels: dict[int, Channel]) -> list[dict[str, Any]]:
    """Each way out: how much waits, how much was given up, when it last worked. Of what is done (most) only the
    newest is looked at."""
    open_rows: Any = _kept().filter(state__in=[STATES.PENDING, STATES.DEAD])
    waiting, dead = Count("pk", filter=Q(state=STATES.PENDING)), Count("pk", filter=Q(state=STATES.DEAD))
    mails = _by_way(open_rows, "mail").aggregate(waiting=waiting, dead=dead)
    waits = _by_way(open_rows.filter(state=STATES.PENDING), "mail").exclude(last_error="").order_by("-pk")
    done = _by_way(_kept().filter(state=STATES.DONE), "mail").order_by("-pk").values_list("done_at", flat=True)
    mails |= {"last": done.first(), "said": waits.values_list("last_error", flat=True).first()}
    found: list[dict[str, Any]] = [{"key": "mail", "name": "E-mail", "channel": None, **mails}]
    rows = open_rows.filter(topic__in=NEWS).order_by().values("payload__channel_id")
    by_channel = {one["payload__channel_id"]: one for one in rows.annotate(waiting=waiting, dead=dead)}
    for pk, channel in channels.items():
        of = by_channel.get(pk, {"waiting": 0, "dead": 0})
        whose = channel.user.name if channel.user else f"team {channel.team}"
        ways = {"waiting": of["waiting"], "dead": of["dead"], "last": channel.last_ok_at}
        ways["said"] = channel.last_said if channel.failures else ""
        found.append({"key": str(pk), "name": f"{channel.name}, {whose}", "channel": channel, **ways})
    return found


@require_safe
@roles_required("admin")
def deliveries(request: HttpRequest) -> HttpResponse:
    """What was to be sent or done, what was given up and why; filters live in the URL."""
    state, way = request.GET.get("state", ""), request.GET.get("way", "")
    rows = _by_way(_kept(), way)
    dead = rows.filter(state=STATES.DEAD).count()
    if state in STATES.values:
        rows = rows.filter(state=state)
    page = keyset_page(rows, sort="-pk", cursor=request.GET.get("cursor", ""))
    channels = {one.pk: one for one in Channel.objects.select_related("user", "team")}
    for row in page.rows:
        one: Any = row
        one.what = WHAT.get(row.topic, row.topic)
        used = channels.get(row.payload.get("channel_id") or 0)
        one.through = f"through {used.name}" if used else ""
    context = {
        "page": page,
        "state": state,
        "way": way,
        "states": STATES.choices,
        "dead": dead,
        "ways": _ways(channels),
        "query": urlencode({name: value for name, value in (("state", state), ("way", way)) if value}),
    }
    return render(request, "desk/deliveries.html", context)


@require_POST
@roles_required("admin")
def deliveries_retry(request: HttpRequest) -> HttpResponse:
    """Try again what was given up: one (``pk``), all of one way (``way``), or all."""
    pk, way = request.POST.get("pk", ""), request.POST.get("way", "")
    rows = _by_way(OutboxMessage.objects.filter(state=STATES.DEAD), way)
    # one, and never all because it was not understood
    number = leases.retry_now(rows.filter(pk=whole_read(pk) or 0) if pk else rows)
    outbox.wake("core.tasks.outbox_drain")
    messages.success(request, f"{number} put back: they are tried again now.")
    return redirect(reverse("desk:deliveries") + (f"?{urlencode({'way': way})}" if way else ""))
