"""From a line in somebody's bell to what leaves the house: one outbox row for each way, written with the line. The
rows name the notice and hold no text, so that whoever is erased is erased here too."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import Q

from core import outbox
from team.models import Channel, NotifyPlan
from team.rules.events import EVENT_OF, MAIL_BY_ITSELF
from team.rules.quiet import LATE

ALWAYS = "channel"  # about a channel that fails: every other way is tried
Fact = tuple[str, dict[str, Any]]


class Way(NamedTuple):
    """A channel as telling needs it."""

    pk: int
    user_id: int | None
    team_id: int | None
    events: list[str]
    urgent_only: bool


def news_tell(lines: Sequence[Any], *, kind: str) -> None:
    """Have these lines (``NoticeLine``) of one kind told through everybody's channels and by e-mail, as each wishes.
    Inside the transaction that writes them; two statements and one insert at the most, however many lines."""
    event = EVENT_OF.get(kind)
    if event is None or not lines:
        return
    facts: dict[str, dict[str, Any]] = {}
    for key, payload in [*_by_channel(lines, event), *_by_mail(lines, event)]:
        facts.setdefault(key, payload)  # a team's channel hears what was said first: its managers' words
    outbox.emit_many("notice.send", facts.items())


def _by_channel(lines: Sequence[Any], event: str) -> Iterable[Fact]:
    people = {one.user_id for one in lines}
    teams = {one.team_id for one in lines if one.team_id}
    rows = Channel.objects.live().filter(Q(user__in=people) | Q(team__in=teams)).order_by()
    own: dict[tuple[str, int], list[Way]] = {}
    for row in rows.values_list("pk", "user_id", "team_id", "events", "urgent_only"):
        way = Way(*row)
        if event in way.events or event == ALWAYS:
            whose = ("user", way.user_id) if way.user_id else ("team", way.team_id or 0)
            own.setdefault(whose, []).append(way)
    if not own:
        return
    late = LATE if event == "late" else ""
    for line in lines:
        ways = [*own.get(("user", line.user_id), []), *own.get(("team", line.team_id or 0), [])]
        for way in ways:
            if line.urgent or late or not way.urgent_only:
                yield f"{way.pk}:{line.key[:120]}", _payload(line, event, channel_id=way.pk)


def _by_mail(lines: Sequence[Any], event: str) -> Iterable[Fact]:
    if event == MAIL_BY_ITSELF:
        return
    people = {one.user_id for one in lines}
    if event == ALWAYS:
        wanted = people
    else:
        plans = NotifyPlan.objects.filter(user__in=people).values_list("user_id", "mail_events")
        wanted = {user for user, events in plans if event in events}
    for line in lines:
        if line.user_id in wanted:
            yield f"mail-{line.user_id}:{line.key[:120]}", _payload(line, event)


def _payload(line: Any, event: str, **more: Any) -> dict[str, Any]:
    urgent = line.urgent or (LATE if event == "late" else "")
    return {
        "user_id": line.user_id,
        "notice": line.key[:120],
        "event": event,
        "urgent": urgent,
        "channel_id": None,
        **more,
    }
