"""The daily digest: at the hour of the person's clock, once, and only when there is something to say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from core.models import OutboxMessage
from core.outbox import drain
from deals.models import Task
from handoff.models import Handoff
from handoff.services import assign_drain, handoff_reject
from team.invariants import invariants
from team.models import NotifyPlan, TimeOff, User
from team.services import person_save
from team.tasks import notify_drain
from team.telling.channels import channel_save
from team.telling.digest import digest_of
from team.telling.plans import digest_moment, digest_save, zone_changed
from tests.handoff.world import ALWAYS, assigned, mqls, reps
from tests.team.hook import hook_listening
from tests.threads import assert_none_failed, at_once

pytestmark = pytest.mark.django_db


def due(user: User) -> None:
    """The person's hour has come."""
    NotifyPlan.objects.update_or_create(user=user, defaults={"digest": True, "digest_next_at": timezone.now()})


def sent() -> list[str]:
    mail.outbox.clear()
    notify_drain()
    drain()
    return [one.subject for one in mail.outbox if one.subject.startswith("Today")]


def test_a_rep_hears_what_waits_what_is_late_and_todays_tasks() -> None:
    rep = reps(1)[0]
    late, waits = assigned(rep), assigned(rep)
    Handoff.objects.update(due_at=timezone.now() - timedelta(hours=1))
    Handoff.objects.filter(pk=waits.pk).update(responded_at=timezone.now() - timedelta(hours=2))  # only to decide
    Task.objects.create(owner=rep, lead=late.lead, title="Send the offer", due_at=timezone.now())
    due(rep)
    assert sent() == ["Today: Late: 1 · Waiting for you: 1 · Tasks today: 1"]
    letter = next(one for one in mail.outbox if one.subject.startswith("Today"))
    for text in (letter.body, str(letter.alternatives[0][0])):
        assert late.lead.name in text and waits.lead.name in text and "Send the offer" in text
    assert f"http://127.0.0.1:8000/leads/{late.lead_id}/" in letter.body


def test_nothing_to_say_is_not_sent() -> None:
    rep = reps(1)[0]
    due(rep)
    assert sent() == []
    assert NotifyPlan.objects.get(user=rep).digest_next_at > timezone.now()


def test_a_manager_and_a_marketer_hear_their_parts(people: Any) -> None:
    rep = reps(1)[0]
    boss = User.objects.create(email="b@x.example", name="B", is_manager=True, working_hours=ALWAYS)
    marketer = User.objects.create(email="m@x.example", name="M", is_marketer=True, working_hours=ALWAYS)
    one = assigned(rep)
    handoff_reject(handoff_id=one.pk, by=rep, reason_code="timing", note="in spring")
    assert [part.title for part in digest_of(boss)] == ["Rejected since yesterday"]
    parts = {part.title: part for part in digest_of(marketer)}
    assert list(parts) == ["MQLs since yesterday", "Rejected by sales"]
    assert parts["Rejected by sales"].lines[0][0] == f"{one.lead.name} · Not now: wrong time · in spring"


def test_a_rep_sees_only_their_own() -> None:
    first, second = reps(2)
    mqls(2)
    assign_drain()
    assert digest_of(first)[0].total == digest_of(second)[0].total == 1


def test_two_beats_a_restart_and_a_second_hour_make_one_a_day() -> None:
    rep = reps(1)[0]
    assigned(rep)
    for _ in range(3):
        due(rep)
        notify_drain()
        notify_drain()
    drain()
    assert OutboxMessage.objects.filter(topic="notice.digest").count() == 1
    assert len([one for one in mail.outbox if one.subject.startswith("Today")]) == 1


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_make_one() -> None:
    rep = reps(1)[0]
    assigned(rep)
    due(rep)
    assert_none_failed(at_once(*[notify_drain] * 4))
    assert OutboxMessage.objects.filter(topic="notice.digest").count() == 1


def test_none_in_time_off() -> None:
    rep = reps(1)[0]
    assigned(rep)
    now = timezone.now()
    TimeOff.objects.create(user=rep, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=2))
    due(rep)
    assert sent() == []


def test_who_left_gets_none_and_who_comes_back_gets_it_again() -> None:
    rep = reps(1)[0]
    assigned(rep)
    due(rep)
    User.objects.filter(pk=rep.pk).update(is_active=False)
    assert sent() == []
    User.objects.filter(pk=rep.pk).update(is_active=True)
    following = NotifyPlan.objects.get(user=rep).digest_next_at
    assert following and following > timezone.now()
    assert not [one for one in invariants(timezone.now(), timedelta(0)) if "digest" in one.check]


def test_in_the_evening_it_comes_on_a_working_day_only() -> None:
    rep = reps(1)[0]
    assigned(rep)
    today = timezone.now().weekday()
    other = {str((today + days) % 7): [["00:00", "24:00"]] for days in (2, 3, 4, 5)}
    User.objects.filter(pk=rep.pk).update(working_hours=other)
    due(rep)
    assert sent() == []
    User.objects.filter(pk=rep.pk).update(working_hours=other | {str(today): [["00:00", "00:01"]]})
    due(rep)
    assert len(sent()) == 1


def test_a_short_line_through_the_channel_that_wants_it(settings: Any) -> None:
    settings.PRIVATE_HOSTS = True
    rep = reps(1)[0]
    assigned(rep)
    with hook_listening() as hook:
        channel_save(channel=None, name="c", address=hook.address(), events=["digest"], urgent_only=False, user=rep)
        due(rep)
        assert len(sent()) == 1
        assert [said["message"].splitlines()[0] for said in hook.said] == ["Waiting for you: 1"]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/New_York", "Pacific/Apia", "Africa/Casablanca"])
def test_the_hour_is_of_the_persons_clock(zone: str) -> None:
    rep = reps(1, time_zone=zone)[0]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(800):  # through every change of the clock of two years
        following = digest_moment(rep, 8, at)
        assert at < following <= at + timedelta(hours=26)
        assert following.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "08:00"
        at = following


def test_an_hour_that_the_clock_skips_still_comes_once_a_day() -> None:
    rep = reps(1, time_zone="Europe/Berlin")[0]
    at, days = datetime(2026, 3, 27, 12, tzinfo=UTC), []
    for _ in range(4):
        at = digest_moment(rep, 2, at)
        days.append(at.astimezone(ZoneInfo("Europe/Berlin")).date().day)
    assert days == [28, 29, 30, 31]


def test_who_moves_to_another_zone_gets_it_by_the_new_clock() -> None:
    rep = reps(1, time_zone="Asia/Tokyo")[0]
    digest_save(user=rep, on=True, hour=8)
    rep.time_zone = "America/New_York"
    rep.save()
    zone_changed(rep)
    following = NotifyPlan.objects.get(user=rep).digest_next_at
    assert following and following.astimezone(ZoneInfo("America/New_York")).hour == 8


def test_a_digest_ticked_for_a_channel_while_it_is_off_is_said(login: Any, people: Any, settings: Any) -> None:
    settings.PRIVATE_HOSTS = True
    client, rep = login("rep"), people("rep")
    address = "json://127.0.0.1:9/x"
    one = channel_save(channel=None, name="c", address=address, events=[], urgent_only=False, user=rep)
    page = client.post(reverse("team:notify_events"), {f"{one.pk}:digest": "on"}, follow=True).content.decode()
    assert "your digest is off" in page
    digest_save(user=rep, on=True, hour=8)
    page = client.post(reverse("team:notify_events"), {f"{one.pk}:digest": "on"}, follow=True).content.decode()
    assert "your digest is off" not in page


def test_nor_when_an_admin_moves_them(people: Any) -> None:
    rep = reps(1, time_zone="Asia/Tokyo")[0]
    digest_save(user=rep, on=True, hour=8)
    person_save(person=rep, by=people("admin"), values={"time_zone": "America/New_York"})
    following = NotifyPlan.objects.get(user=rep).digest_next_at
    assert following and following.astimezone(ZoneInfo("America/New_York")).hour == 8


def test_the_page_shows_todays_and_saves(login: Any, people: Any) -> None:
    rep = people("rep")
    User.objects.filter(pk=rep.pk).update(working_hours=ALWAYS)
    client = login("rep")
    assert "Nothing to say today." in client.get(reverse("team:digest")).content.decode()
    one = assigned(User.objects.get(pk=rep.pk))
    assert one.lead.name in client.get(reverse("team:digest")).content.decode()
    assert client.post(reverse("team:digest"), {"on": "on", "digest_hour": "7"}).status_code == 302
    plan = NotifyPlan.objects.get(user=rep)
    assert plan.digest and plan.digest_hour == 7 and plan.digest_next_at
    client.post(reverse("team:digest"), {"digest_hour": "7"})
    assert NotifyPlan.objects.get(user=rep).digest_next_at is None
