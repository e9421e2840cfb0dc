"""Chat channels: what may be one, what goes through it, what happens when it does not work. The other side is a real
web server of the test."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.errors import Refused
from core.models import OutboxMessage
from core.outbox import drain
from handoff.models import Handoff
from handoff.services import assign_drain, clock_drain, handoff_accept
from team.models import Channel, Notice, NotifyPlan, Team, User
from team.services import NoticeLine, notices_tell
from team.telling.address import Answer, address_check, address_send, service_open
from team.telling.channels import channel_save, channel_switch
from team.telling.send import PAUSE_AFTER, channel_note, rest_seconds
from tests.handoff.world import mqls, reps
from tests.team.hook import Hook, hook_listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    settings.PRIVATE_HOSTS = True
    with hook_listening() as listening:
        yield listening


def channel(hook: Hook, events: tuple[str, ...] = ("handoff", "late"), **fields: Any) -> Channel:
    return channel_save(
        channel=None,
        name="Chat",
        address=hook.address(user=fields.pop("login", "")),
        events=events,
        urgent_only=fields.pop("urgent_only", False),
        **fields,
    )


def handed(**fields: Any) -> Handoff:
    one = mqls(**fields)[0]
    assign_drain()
    drain()
    one.refresh_from_db()
    return one


def rested() -> None:
    """The pauses after failures are over."""
    Channel.objects.update(rest_until=None)
    OutboxMessage.objects.filter(state="pending").update(due_at=timezone.now())


# --- what goes through --------------------------------------------------------------------------------


def test_a_new_lead_is_told_through_the_reps_channel(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    one = handed()
    said = hook.said
    assert len(said) == 1 and said[0]["title"] == f"New lead: {one.lead.name}"
    assert "Score 80 passed the bar of 60" in said[0]["message"]
    assert said[0]["message"].endswith(f"http://127.0.0.1:8000/leads/{one.lead_id}/")
    assert Channel.objects.get().last_ok_at and Channel.objects.get().last_said == "Sent."


def test_a_teams_channel_hears_once_and_who_has_it(hook: Hook) -> None:
    rep, _ = reps(2)
    User.objects.create(email="a@x.example", name="Boss A", is_manager=True, team=rep.team)
    User.objects.create(email="b@x.example", name="Boss B", is_manager=True, team=rep.team)
    channel(hook, team=rep.team)
    one = handed()
    assert [said["title"] for said in hook.said] == [f"New lead: {one.lead.name} · for {one.rep and one.rep.name}"]
    Handoff.objects.filter(pk=one.pk).update(due_at=timezone.now() - timedelta(minutes=1), reroutes=9)
    clock_drain()
    drain()
    late = [said["title"] for said in hook.said[1:]]
    assert late == [f"{one.rep and one.rep.name} did not answer {one.lead.name} in time"]


def test_only_what_was_asked_for(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, events=("rejected",), user=rep)
    handed()
    assert hook.got == []


def test_urgent_only(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep, urgent_only=True)
    handed()
    assert hook.got == []
    handed(deed="demo_requested")
    assert len(hook.got) == 1


def test_another_reps_channel_hears_nothing(hook: Hook) -> None:
    reps(1)
    other = reps(1, team="West")[0]
    User.objects.filter(pk=other.pk).update(is_rep=False)
    channel(hook, user=other)
    handed()
    assert hook.got == []


def test_what_is_decided_before_it_is_sent_is_not_told(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    one = mqls()[0]
    assign_drain()
    handoff_accept(handoff_id=one.pk, by=rep)
    drain()
    assert hook.got == []


def test_erased_before_it_is_sent_leaves_no_text_anywhere(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    mqls(last_name="Tellnobody")
    assign_drain()
    assert not OutboxMessage.objects.filter(payload__icontains="Tellnobody").exists()
    Notice.objects.all().delete()
    drain()
    assert hook.got == []


def test_other_news_by_e_mail_for_who_wants_it(hook: Hook) -> None:
    rep = reps(1)[0]
    NotifyPlan.objects.create(user=rep, mail_events=["warning"])
    one = handed()
    mail.outbox.clear()
    now = timezone.now()
    Handoff.objects.filter(pk=one.pk).update(warn_at=now, due_at=now + timedelta(minutes=30))
    clock_drain()
    drain()
    assert [sent.subject for sent in mail.outbox] == [f"{one.lead.name} waits for your answer"]


def test_what_is_wished_no_more_when_it_is_sent_is_not_sent(hook: Hook) -> None:
    rep = reps(1)[0]
    plan = NotifyPlan.objects.create(user=rep, mail_events=["late"])
    mqls()
    assign_drain()
    User.objects.filter(pk=rep.pk).update(notify_email=False)
    with transaction.atomic():
        notices_tell([NoticeLine(rep.pk, "x", "Too late", "b", "/")], kind="escalated", now=timezone.now())
    plan.mail_events = []
    plan.save()
    drain()
    assert mail.outbox == [] and not OutboxMessage.objects.exclude(state="done").exists()


def test_telling_many_costs_as_many_statements_as_telling_one(hook: Hook, django_assert_num_queries: Any) -> None:

    rep = reps(1)[0]
    channel(hook, user=rep)
    channel(hook, team=rep.team)
    counts = []
    for many in (1, 300):
        lines = [NoticeLine(rep.pk, f"x:{many}:{n}", "t", "b", "/", "", rep.team_id) for n in range(many)]
        with (
            CaptureQueriesContext(
                connection,
            ) as seen,
            transaction.atomic(),
        ):
            notices_tell(lines, kind="handoff", now=timezone.now())
        # SQLite's executemany is told as one statement a row
        counts.append(len({one["sql"].partition("VALUES")[0] for one in seen.captured_queries}))
    assert counts[0] == counts[1] <= 6
    assert OutboxMessage.objects.filter(topic="notice.send").count() == 602


# --- when it does not work ----------------------------------------------------------------------------


def test_it_is_tried_again_and_then_goes_through(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    hook.status, hook.answer = 503, "come back"
    handed()
    row = OutboxMessage.objects.get(topic="notice.send")
    assert (row.state, row.attempts) == ("pending", 1) and "503" in row.last_error and "come back" in row.last_error
    assert row.due_at > timezone.now()
    hook.status = 200
    rested()
    drain()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 2)
    assert Channel.objects.get().failures == 0


def test_while_a_channel_rests_others_are_not_tried_and_not_counted(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    hook.status = 500
    mqls(5)
    assign_drain()
    drain()
    assert len(hook.got) == 1
    assert sorted(OutboxMessage.objects.filter(topic="notice.send").values_list("attempts", flat=True)) == [
        0,
        0,
        0,
        0,
        1,
    ]


def test_the_eighth_failure_in_a_row_pauses_it_and_its_owner_hears_elsewhere(hook: Hook) -> None:
    rep = reps(1)[0]
    with hook_listening() as other:
        broken = channel(hook, user=rep)
        channel(other, events=("rejected",), user=rep)
        hook.status, hook.answer = 410, "gone"
        handed()
        for _ in range(PAUSE_AFTER + 2):
            rested()
            drain()
        broken.refresh_from_db()
        assert len(hook.got) == PAUSE_AFTER and broken.paused_at and broken.failures == PAUSE_AFTER
        assert [said["title"] for said in other.said] == ["Nothing goes through “Chat” any more"]
        assert "gone" in other.said[0]["message"] and "press Resume" in other.said[0]["message"]
    assert [m.subject for m in mail.outbox if "any more" in m.subject] == ["Nothing goes through “Chat” any more"]
    assert Notice.objects.filter(user=rep, kind="channel").count() == 1
    dead = OutboxMessage.objects.get(topic="notice.send", payload__event="handoff")
    assert dead.state == "dead"
    hook.status = 200
    channel_switch(channel=broken, on=True)
    drain()
    dead.refresh_from_db()
    assert dead.state == "done" and len(hook.got) == PAUSE_AFTER + 1


def test_an_outage_of_an_hour_pauses_nothing(hook: Hook) -> None:
    rests = [rest_seconds(failures) for failures in range(1, PAUSE_AFTER)]
    assert sum(rests) > 3600 and max(rests) <= 1800 and rests[0] == 5
    one = channel(hook, user=reps(1)[0])
    channel_note(one, Answer(False, "error=503"))
    channel_note(one, Answer(False, "error=503"))
    one.refresh_from_db()
    assert one.rest_until and one.rest_until > timezone.now() + timedelta(seconds=15)


def test_a_new_address_sends_again_what_the_old_one_did_not(hook: Hook) -> None:
    rep = reps(1)[0]
    one = channel(hook, user=rep)
    handed()
    row = OutboxMessage.objects.get(topic="notice.send")
    OutboxMessage.objects.update(state="dead", attempts=8)
    Channel.objects.update(paused_at=timezone.now(), failures=PAUSE_AFTER)
    one.refresh_from_db()
    with hook_listening() as new:
        channel_save(channel=one, name="Chat", address=new.address(), events=["handoff"], urgent_only=False)
        drain()
        row.refresh_from_db()
        assert row.state == "done" and len(new.got) == 1


def test_what_comes_while_it_is_paused_is_given_up_visibly(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    one = mqls()[0]
    assign_drain()
    Channel.objects.update(paused_at=timezone.now(), last_said="no such chat")
    drain()
    row = OutboxMessage.objects.get(topic="notice.send", key__contains=f"handoff:{one.pk}:1")
    assert row.state == "dead" and "paused" in row.last_error and "no such chat" in row.last_error
    assert hook.got == []


def test_a_side_that_does_not_answer_is_left_in_seconds(hook: Hook) -> None:
    hook.waits = 30
    begin = time.monotonic()
    answer = address_send(hook.address(), "t", "b")
    assert not answer.ok and time.monotonic() - begin < 12


def test_a_side_that_answers_a_letter_at_a_time_is_left_too(hook: Hook, monkeypatch: Any) -> None:
    monkeypatch.setattr("core.outside.MOST_SECONDS", 0.6)
    hook.drips = True
    begin = time.monotonic()
    answer = address_send(hook.address(), "t", "b")
    assert time.monotonic() - begin < 5 and len(hook.got) == 1
    assert answer.ok  # it took the message, whatever else it had to say


def test_a_slow_side_leaves_time_for_the_others(hook: Hook, monkeypatch: Any) -> None:
    one = channel(hook, user=reps(1)[0])
    mqls(3)
    assign_drain()
    monkeypatch.setattr("team.telling.send.SLOW", 0.2)
    hook.waits = 0.3
    drain()
    one.refresh_from_db()
    assert len(hook.got) == 1 and one.failures == 0 and one.rest_until
    waiting = OutboxMessage.objects.filter(state="pending")
    assert list(waiting.values_list("topic", "attempts")) == [("notice.send", 0)] * 2


@pytest.mark.parametrize(
    "path", ["rocket://web1/hook2@127.0.0.1:{}/#room", "mmost://127.0.0.1:{}/abcdefghijklmnopqrst"]
)
def test_a_link_reaches_every_chat_as_it_is(hook: Hook, path: str) -> None:
    assert address_send(path.format(hook.port), "t", "b\nhttp://127.0.0.1:8000/leads/1/").ok
    assert "http://127.0.0.1:8000/leads/1/" in hook.got[0][2]


def test_an_answer_without_end_is_not_read(hook: Hook) -> None:
    hook.answer = "x" * 3_000_000
    assert not address_send(hook.address(), "t", "b").ok


def test_a_redirect_is_not_followed(hook: Hook) -> None:
    with hook_listening() as inner:
        hook.status, hook.location = 302, f"http://127.0.0.1:{inner.port}/metadata"
        assert not address_send(hook.address(), "t", "b").ok
        assert inner.got == [] and len(hook.got) == 1


def test_the_error_never_holds_the_secret(hook: Hook) -> None:
    hook.status, hook.answer = 401, "bad login hunter2hunter for /hook/s3cretpath"
    answer = address_send(hook.address(user="someone:hunter2hunter"), "t", "b")
    assert not answer.ok and "hunter2" not in answer.said and "s3cretpath" not in answer.said
    assert "bad login" in answer.said


# --- what may be an address ---------------------------------------------------------------------------

INSIDE = [
    "json://127.0.0.1/x",
    "json://localhost/x",
    "jsons://10.0.0.8/x",
    "json://169.254.169.254/latest/meta-data",
    "json://2130706433/x",
    "json://0x7f.1/x",
    "json://[::1]/x",
    "form://192.168.1.1/x",
    "forms://172.16.0.9:8443/x",
    "ntfy://10.1.2.3/topic",
    "gotify://127.0.0.1/abcdefghijklmno",
    "rocket://user:pw@127.0.0.1/#room",
    "mmost://127.0.0.1/abcdefghijklmnopqrstuvwxyz",
    "json://0.0.0.0/x",
    "json://[::ffff:10.0.0.1]/x",
    "json://[64:ff9b::a00:1]/x",
    "json://[::7f00:1]/x",
    "json://[fec0::1]/x",
    "json://[fd00:ec2::254]/latest",
    "json://168.63.129.16/machine",
    "json://0177.0.0.1/x",
]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_the_house_is_called(address: str) -> None:
    with pytest.raises(Refused):
        address_check(address)
    answer = address_send(address, "t", "b")
    assert not answer.ok and re.search("inside this network|not understood|lacks something", answer.said), answer


def test_a_name_that_leads_inside_later_is_refused_when_it_is_called(settings: Any, monkeypatch: Any) -> None:
    """The name is looked up when the connection is made, and that answer is judged."""
    import socket

    with hook_listening() as hook:
        real = socket.getaddrinfo
        led: list[str] = []

        def lead(host: Any, *args: Any, **kwargs: Any) -> Any:
            led.append(str(host))
            inside = host == "rebinding.example"
            return real("127.0.0.1" if inside else host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", lead)
        answer = address_send(f"json://rebinding.example:{hook.port}/x", "t", "b")
        assert not answer.ok and "inside this network" in answer.said
        assert "rebinding.example" in led and hook.got == []


@pytest.mark.parametrize(
    "address",
    [
        *("", "nonsense", "file:///etc/passwd", "syslog://", "dbus://", "windows://", "mailto://a:b@x.example"),
        *("smtp://x", "exec://x", "apprise://x.example/token", "http://example.com/", "mqtt://x.example/topic"),
        "json://x.example/?template=/etc/passwd",
        "json://x.example/?verify=no",
        "json://x.example/?rto=100000",
        "json://x.example/?redirect=yes",
        "json://x.example/?method=DELETE",
        "workflow://host.example:443/abcdef/abcdef/?template=/etc/passwd",
        "json://x.example/\r\nHost: other",
        "slack://short",
        "tgram://123456789:abcdefg_hijklmnop/" + "/".join(str(n) for n in range(10, 30)),
        "x" * 3000,
    ],
)
def test_what_is_no_address_of_a_service_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        service_open(address)


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "Slack"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
        ("ntfys://my-topic-of-baton", "ntfy"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15551231234/15551231235", "SMS by Twilio"),
    ],
)
def test_the_usual_services_are_understood_and_masked(address: str, service: str) -> None:
    found, masked = address_check(address)
    assert found == service
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "abcdefg_hijklmnop", "JHMHI8qBe7bk2ZwO5U711o3dV", "b" * 32):
        assert secret not in masked


# --- the pages ----------------------------------------------------------------------------------------


def test_added_tested_and_never_shown_again(hook: Hook, login: Any, people: Any) -> None:
    client = login("rep")
    sent = {"name": "My hook", "address": hook.address(user="someone:hunter2hunter"), "events": ["handoff"]}
    # no browser offers the password of Baton here
    assert 'autocomplete="new-password"' in client.get(reverse("team:channel_new")).content.decode()
    client.post(reverse("team:channel_new"), sent)
    one = Channel.objects.get(user=people("rep"))
    answer = client.post(reverse("team:channel_test", args=[one.pk]), follow=True).content.decode()
    assert "took the test message" in answer and hook.said[0]["title"] == "A test from Baton"
    assert "asked for this test" in hook.said[0]["message"]
    for page in (reverse("team:notifications"), reverse("team:channel", args=[one.pk])):
        text = client.get(page).content.decode()
        assert "hunter2hunter" not in text and "My hook" in text
    client.post(reverse("team:channel", args=[one.pk]), {"name": "Renamed", "events": ["late"], "address": ""})
    one.refresh_from_db()
    assert (one.name, one.events) == ("Renamed", ["late"]) and "hunter2hunter" in one.address


def test_a_test_that_fails_says_what_the_server_answered(hook: Hook, login: Any, people: Any) -> None:
    one = channel(hook, user=people("rep"))
    hook.status, hook.answer = 404, "no_team"
    page = login("rep").post(reverse("team:channel_test", args=[one.pk]), follow=True).content.decode()
    assert "did not work" in page and "404" in page and "no_team" in page


def test_a_bad_address_is_said_at_its_field(login: Any) -> None:
    page = login("rep").post(reverse("team:channel_new"), {"name": "x", "address": "json://127.0.0.1/"})
    assert page.status_code == 422 and "inside this network" in page.content.decode()
    assert not Channel.objects.exists()


def test_somebody_elses_channel_is_out_of_reach(hook: Hook, login: Any, people: Any) -> None:
    mine = channel(hook, user=people("rep"))
    teams = channel(hook, team=Team.objects.create(name="Far"))
    for role in ("other_rep", "manager", "admin"):
        assert login(role).get(reverse("team:channel", args=[mine.pk])).status_code == 404
        assert login(role).post(reverse("team:channel_test", args=[mine.pk])).status_code == 404
    assert login("rep").get(reverse("team:channel", args=[teams.pk])).status_code == 404
    assert login("manager").get(reverse("team:channel", args=[teams.pk])).status_code == 404
    assert login("admin").get(reverse("team:channel", args=[teams.pk])).status_code == 200


def test_the_matrix_is_saved(hook: Hook, login: Any, people: Any) -> None:
    rep = people("rep")
    one = channel(hook, user=rep)
    sent = {"mail:warning": "on", f"{one.pk}:rejected": "on", f"{one.pk}:nonsense": "on", "mail:<script>": "on"}
    login("rep").post(reverse("team:notify_events"), sent)
    one.refresh_from_db()
    rep.refresh_from_db()
    assert one.events == ["rejected"] and not rep.notify_email
    assert NotifyPlan.objects.get(user=rep).mail_events == ["warning"]


# --- people's text ------------------------------------------------------------------------------------


def test_a_leads_name_calls_nobody_and_is_no_markup(hook: Hook) -> None:
    rep = reps(1)[0]
    channel(hook, user=rep)
    handed(first_name="<!channel> @everyone *bold*", last_name="[x](http://evil.example) <script>")
    said = hook.said[0]["title"]
    assert "<" not in said and "*" not in said and "](" not in said and "://" not in said
    assert "@everyone" not in said and "everyone" in said
