"""The page of deliveries: every way out with its state, what was given up and why, one or all of a way again."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import OutboxMessage
from core.outbox import drain
from team.models import Channel, Notice

pytestmark = pytest.mark.django_db
URL = "desk:deliveries"


@pytest.fixture
def given_up(people: Any) -> Channel:
    """One letter, two messages of a paused channel, and something else, all given up."""
    address = "jsons://hidden:hunter2hunter@chat.example/x"
    chat = Channel.objects.create(
        user=people("rep"),
        name="Sales chat",
        address=address,
        service="Webhook (JSON)",
        masked="jsons://hidden:****@chat.example/x",
        paused_at=timezone.now(),
        failures=8,
        last_said="error=404 no_team",
    )
    dead = {"state": "dead", "attempts": 8, "handler": "core.mail.deliver"}
    OutboxMessage.objects.create(topic="handoff.mail", key="handoff:1:1", last_error="mail server said no", **dead)
    for number in (1, 2):
        payload = {"user_id": 1, "channel_id": chat.pk}
        OutboxMessage.objects.create(topic="notice.send", key=f"{chat.pk}:x{number}", payload=payload, **dead)
    OutboxMessage.objects.create(topic="notice.send", key="mail-1:y", payload={"channel_id": None}, **dead)
    OutboxMessage.objects.create(topic="user.deactivated", key="5", **dead)
    return chat


def shown(client: Any, **query: Any) -> str:
    text: str = client.get(reverse(URL), query).content.decode()
    return text


def test_each_way_says_how_it_is(given_up: Channel, login: Any) -> None:
    text = shown(login("admin"))
    assert "Sales chat" in text and "paused" in text and "no_team" in text and "Try all 5 again" in text
    assert "hunter2hunter" not in text and "mail server said no" in text


def test_filtered_by_way_and_state(given_up: Channel, login: Any) -> None:
    client = login("admin")
    counts = {
        way: shown(client, way=way, state="dead").count(">Try again<")
        for way in ("mail", str(given_up.pk), "other", "")
    }
    assert counts == {"mail": 2, str(given_up.pk): 2, "other": 1, "": 5}
    assert ">Try again<" not in shown(client, way="mail", state="done")
    assert shown(client, way="9" * 40) and shown(client, way="'; drop")


def test_all_of_one_way_again_leaves_the_rest(given_up: Channel, login: Any) -> None:
    login("admin").post(reverse("desk:deliveries_retry"), {"way": str(given_up.pk)})
    rows = OutboxMessage.objects.filter(state="pending")
    assert sorted(rows.values_list("key", flat=True)) == [f"{given_up.pk}:x1", f"{given_up.pk}:x2"]
    assert OutboxMessage.objects.filter(state="dead").count() == 3


def test_the_page_costs_the_same_however_many_there_are(
    given_up: Channel, login: Any, django_assert_max_num_queries: Any
) -> None:
    client = login("admin")
    for number in range(30):
        payload = {"user_id": 1, "channel_id": given_up.pk}
        OutboxMessage.objects.create(topic="notice.send", key=f"z{number}", payload=payload, handler="x")
    with django_assert_max_num_queries(9):
        shown(client)


def test_a_number_that_is_none_retries_nothing(given_up: Channel, login: Any) -> None:
    for odd in ("x", "²", "9" * 40, "-1"):
        assert login("admin").post(reverse("desk:deliveries_retry"), {"pk": odd}).status_code == 302
    assert OutboxMessage.objects.filter(state="dead").count() == 5


def test_letters_that_wait_for_a_mail_server_say_so(login: Any) -> None:
    OutboxMessage.objects.create(topic="handoff.mail", key="k", handler="x", last_error="nobody listens at port 25")
    text = shown(login("admin"))
    assert "failing" in text and text.count("nobody listens at port 25") == 2


def test_admins_hear_once_a_day_that_something_was_given_up(people: Any) -> None:
    admin, other = people("admin"), people("manager")
    for number in range(3):
        OutboxMessage.objects.create(topic="x", key=f"{number}", handler="core.nowhere.gone", attempts=7)
    drain()
    assert not OutboxMessage.objects.exclude(state="dead").exists()
    line = Notice.objects.get(kind="given_up")
    assert line.user == admin and "core.nowhere" in line.body and not Notice.objects.filter(user=other).exists()


def test_what_a_channel_did_not_take_is_its_owners_matter(given_up: Channel, people: Any) -> None:
    assert people("admin")
    rep = people("rep")
    Notice.objects.create(user=rep, key="n", kind="handoff", title="t")
    payload = {"user_id": rep.pk, "channel_id": given_up.pk, "notice": "n", "event": "handoff"}
    Channel.objects.update(events=["handoff"])
    handler = "team.telling.send.notice_send"
    row = OutboxMessage.objects.create(topic="notice.send", key="late", payload=payload, handler=handler)
    drain()
    row.refresh_from_db()
    assert row.state == "dead" and not Notice.objects.filter(kind="given_up").exists()
