"""Quiet hours: when they are, what comes through, and what is said when they end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.models import OutboxMessage
from core.outbox import drain
from handoff.models import Handoff
from handoff.services import assign_drain, handoff_accept, handoff_reassign
from team.models import Channel, Held, Notice, NotifyPlan, TimeOff, User
from team.rules import Calendar
from team.rules.quiet import ASKED, LATE, NOW, awake_hours, clock_parse, quiet_until
from team.tasks import notify_drain
from team.telling.channels import channel_save
from team.telling.plans import held_until, quiet_save
from tests.handoff.world import mqls, reps
from tests.team.hook import Hook, hook_listening
from tests.threads import assert_none_failed, at_once

OFFICE = {str(day): [["09:00", "17:30"]] for day in range(5)}
ZONES = sorted(available_timezones() - {"localtime"})


def until(at: datetime, **fields: Any) -> datetime | None:
    given = {"quiet": "hours", "own": ("20:00", "07:30"), "through": "duty", "calendar": Calendar(OFFICE)}
    return quiet_until(at, **{**given, **fields})


# --- the rule -----------------------------------------------------------------------------------------


def test_outside_working_hours_it_waits_for_the_next_opening() -> None:
    friday_evening = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
    assert until(friday_evening) == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert until(datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) is None


def test_what_comes_through() -> None:
    at = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
    away = Calendar(OFFICE, off=((at - timedelta(hours=1), at + timedelta(hours=1)),))
    table = {
        ("duty", NOW): True,
        ("duty", LATE): True,
        ("duty", ASKED): False,
        ("always", NOW): True,
        ("always", LATE): False,
        ("always", ASKED): False,
        ("never", ASKED): True,
        ("never", LATE): True,
    }
    for (through, urgent), waits in table.items():
        assert (until(at, through=through, urgent=urgent) is not None) is waits, (through, urgent)
    assert until(at, urgent=ASKED, calendar=away) is not None
    assert until(at, urgent=ASKED, through="always", calendar=away) is None
    assert until(at, quiet="off", calendar=away) is None


def test_own_times_over_midnight_and_in_the_middle_of_the_day() -> None:
    night = {"quiet": "own", "own": ("20:00", "07:30")}
    assert until(datetime(2026, 11, 21, 23, 0, tzinfo=UTC), **night) == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    assert until(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), **night) is None  # a Saturday: not their working time
    lunch = {"quiet": "own", "own": ("12:00", "13:00")}
    assert until(datetime(2026, 11, 20, 12, 30, tzinfo=UTC), **lunch) == datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize("bad", ["25", "7.77", "", "noon", "-3", "24:30"])
def test_a_time_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(Refused):
        clock_parse(bad, "quiet_from")


def test_a_span_of_nothing_is_refused() -> None:
    with pytest.raises(Refused):
        awake_hours("08:00", "08:00")


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02d}:{n % 60:02d}")


@settings(max_examples=300, deadline=None)
@given(
    start=minutes,
    end=minutes,
    zone=st.sampled_from(ZONES),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
)
def test_own_times_hold_by_the_persons_clock_in_every_zone(start: str, end: str, zone: str, at: datetime) -> None:
    if start == end:
        return
    found = until(at, quiet="own", own=(start, end), calendar=Calendar(OFFICE, zone))
    shown = at.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    quiet = start <= shown < end if start < end else shown >= start or shown < end
    assert (found is not None) is quiet
    if found:
        # it ends within two days, and never before it began; a minute later it is not quiet
        assert at < found <= at + timedelta(hours=49)
        assert until(found, quiet="own", own=(start, end), calendar=Calendar(OFFICE, zone)) is None


# --- what is kept -------------------------------------------------------------------------------------


def quiet_rep() -> User:
    """A rep who is at work by routing, and has quiet hours of their own around now."""
    rep = reps(1)[0]
    now = timezone.now()
    NotifyPlan.objects.create(
        user=rep,
        quiet="own",
        quiet_from=(now - timedelta(hours=2)).strftime("%H:%M"),
        quiet_to=(now + timedelta(hours=2)).strftime("%H:%M"),
    )
    return rep


def over() -> None:
    """Quiet hours end."""
    now = timezone.now()
    NotifyPlan.objects.update(
        quiet_from=(now + timedelta(hours=2)).strftime("%H:%M"), quiet_to=(now + timedelta(hours=3)).strftime("%H:%M")
    )
    Held.objects.update(until=now)
    notify_drain()
    drain()


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.PRIVATE_HOSTS = True
    with hook_listening() as listening:
        yield listening


def handed(how_many: int = 1, **fields: Any) -> list[Handoff]:
    made = mqls(how_many, **fields)
    assign_drain()
    drain()
    return list(Handoff.objects.filter(pk__in=[one.pk for one in made]).select_related("lead").order_by("pk"))


@pytest.mark.django_db
def test_twelve_leads_of_a_night_are_one_mail_and_one_message_in_the_morning(hook: Hook) -> None:
    rep = quiet_rep()
    channel_save(channel=None, name="c", address=hook.address(), events=["handoff"], urgent_only=False, user=rep)
    rows = handed(12)
    assert mail.outbox == [] and hook.got == []
    assert Notice.objects.filter(user=rep, kind="handoff").count() == 12  # the bell is never held
    assert Held.objects.count() == 24
    over()
    assert [sent.subject for sent in mail.outbox] == ["12 things while you were away"]
    assert [said["title"] for said in hook.said] == ["12 things while you were away"]
    assert all(one.lead.name in mail.outbox[0].body for one in rows)
    assert mail.outbox[0].body.count("/handoffs/by-mail/") == 12
    assert all(one.lead.name in hook.said[0]["message"] for one in rows)
    assert not Held.objects.exists()
    over()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_what_is_no_longer_true_or_was_read_is_left_out(people: Any) -> None:
    rep = quiet_rep()
    accepted, given, read, stays = handed(4)
    handoff_accept(handoff_id=accepted.pk, by=rep)
    other = reps(1)[0]
    handoff_reassign(handoff_id=given.pk, to=other, by=people("admin"))
    Notice.objects.filter(key=f"handoff:{read.pk}:1").update(read_at=timezone.now())
    drain()
    mail.outbox.clear()
    over()
    assert [sent.subject for sent in mail.outbox] == [f"New lead: {stays.lead.name}"]


@pytest.mark.django_db
def test_nothing_left_to_say_is_not_said() -> None:
    rep = quiet_rep()
    one = handed()[0]
    handoff_accept(handoff_id=one.pk, by=rep)
    over()
    assert mail.outbox == []


@pytest.mark.django_db
def test_who_asked_for_a_talk_comes_through() -> None:
    quiet_rep()
    one = handed(deed="demo_requested")[0]
    assert [sent.subject for sent in mail.outbox] == [f"New lead: {one.lead.name}"]


@pytest.mark.django_db
def test_but_not_into_time_off() -> None:
    rep = quiet_rep()
    mqls(deed="demo_requested")
    assign_drain()
    now = timezone.now()
    TimeOff.objects.create(user=rep, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3))
    drain()
    until = held_until(rep, now, ASKED)
    assert mail.outbox == [] and until and until > now + timedelta(days=2)
    # back early: what was kept is looked at again soon, whatever was planned
    assert Held.objects.get().until <= timezone.now() + timedelta(minutes=15)
    TimeOff.objects.all().delete()
    NotifyPlan.objects.all().delete()
    Held.objects.update(until=timezone.now())
    notify_drain()
    drain()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_hours_changed_meanwhile_count_at_once() -> None:
    rep = quiet_rep()
    handed()
    assert mail.outbox == []
    quiet_save(user=rep, quiet="off", quiet_from="20:00", quiet_to="07:00", through="duty")
    notify_drain()
    drain()
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_still_quiet_is_kept_longer() -> None:
    quiet_rep()
    handed()
    Held.objects.update(until=timezone.now())
    notify_drain()
    drain()
    assert mail.outbox == [] and Held.objects.get().until > timezone.now() + timedelta(minutes=14)


@pytest.mark.django_db
def test_who_left_is_told_nothing_more() -> None:
    rep = quiet_rep()
    handed()
    User.objects.filter(pk=rep.pk).update(is_active=False)
    over()
    assert mail.outbox == [] and not Held.objects.exists()


@pytest.mark.django_db
def test_a_mail_server_that_is_down_at_the_end_is_tried_again(settings: Any, monkeypatch: Any) -> None:
    quiet_rep()
    handed(2)
    settings.EMAIL_BACKEND = "tests.team.test_quiet.NoServer"
    monkeypatch.setattr("core.mail._gone", (0.0, ""))
    over()
    row = OutboxMessage.objects.get(topic="notice.together")
    assert row.state == "pending" and "no mail server" in row.last_error and not Held.objects.exists()
    monkeypatch.setattr("core.mail._gone", (0.0, ""))
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    OutboxMessage.objects.update(due_at=timezone.now())
    drain()
    assert [sent.subject for sent in mail.outbox] == ["2 things while you were away"]


class NoServer:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def open(self) -> None:
        raise ConnectionRefusedError("no mail server")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_say_it_once() -> None:
    rep = quiet_rep()
    handed(3)
    NotifyPlan.objects.filter(user=rep).update(quiet="off")
    Held.objects.update(until=timezone.now())
    assert_none_failed(at_once(*[notify_drain] * 4))
    assert OutboxMessage.objects.filter(topic="notice.together").count() == 1


@pytest.mark.django_db
def test_the_page_saves_and_says_what_is_wrong(login: Any, people: Any) -> None:
    client, url = login("rep"), reverse("team:notify_quiet")
    sent = {"quiet": "own", "quiet_from": "21", "quiet_to": "6:30", "through": "never"}
    assert client.post(url, sent).status_code == 302
    plan = NotifyPlan.objects.get(user=people("rep"))
    assert (plan.quiet, plan.quiet_from, plan.quiet_to, plan.through) == ("own", "21:00", "06:30", "never")
    page = client.post(url, sent | {"quiet_to": "soon"})
    assert page.status_code == 422 and "Write a time such as 20:00." in page.content.decode()
    page = client.post(url, sent | {"quiet_to": "21:00"})
    assert page.status_code == 422 and "must differ" in page.content.decode()
    assert not Channel.objects.exists()
