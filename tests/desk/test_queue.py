"""My queue: what waits, why, until when; decided without leaving the page."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deals.models import Deal, Task
from deals.services import task_create
from handoff.models import Handoff
from leads.models import Activity, Lead
from tests.deals.world import deal_by_hand
from tests.handoff.world import assigned

pytestmark = pytest.mark.django_db
Login = Callable[[str], Client]
People = Callable[[str], Any]


def page(client: Client) -> str:
    return client.get(reverse("desk:queue")).content.decode()


def test_an_empty_queue_teaches_what_comes(login: Login) -> None:
    assert "Nothing waits for you" in page(login("rep"))


def test_all_three_kinds_of_work_stand_in_order(login: Login, people: People) -> None:
    rita = people("rep")
    handoff = assigned(rita)
    task_create(owner=rita, title="Call back Lin", due_at=timezone.now(), lead=handoff.lead)
    quiet = deal_by_hand(rita)
    Deal.objects.filter(pk=quiet.pk).update(stage_since=timezone.now() - timedelta(days=40))
    text = page(login("rep"))
    places = [
        text.index(word) for word in ("On the clock", handoff.lead.name, "Call back Lin", "Going quiet", quiet.name)
    ]
    assert places == sorted(places)
    assert "1 new lead on the clock, 1 task due, 1 deal going quiet" in text
    assert handoff.why in text


def test_the_poll_says_nothing_new_until_something_is(login: Login, people: People) -> None:
    assigned(people("rep"))
    client = login("rep")
    version = client.get(reverse("desk:queue")).context["queue"].version
    url = reverse("desk:queue_list")
    assert client.get(url, {"v": version}).status_code == 204
    assigned(people("rep"))
    answer = client.get(url, {"v": version, "keys": "handoff-1"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "queue-new"


def test_somebody_elses_work_is_not_here(login: Login, people: People) -> None:
    handoff = assigned(people("rep"))
    client = login("other_rep")
    assert handoff.lead.name not in page(client)
    panel = client.get(reverse("desk:queue_panel", args=[f"handoff-{handoff.pk}"])).content.decode()
    assert handoff.lead.name not in panel
    assert "left your queue" in panel
    assert client.get(reverse("desk:reject_form", args=[handoff.pk])).status_code == 404


def test_the_panel_says_why_and_offers_the_next_action(login: Login, people: People) -> None:
    handoff = assigned(people("rep"), deed="demo_requested")
    text = login("rep").get(reverse("desk:queue_panel", args=[f"handoff-{handoff.pk}"])).content.decode()
    for word in (
        handoff.lead.name,
        handoff.lead.email,
        "Requested a demo",
        'data-key="a"',
        'data-key="r"',
        "/brief/",
    ):
        assert word in text


def test_the_panel_of_a_deal_shows_what_was_learnt_of_that_deal(login: Login, people: People) -> None:
    rita = people("rep")
    handoff = assigned(rita)
    deal = Deal.objects.get(lead=handoff.lead)
    Deal.objects.filter(pk=deal.pk).update(need="Shorter queues")
    task = task_create(owner=rita, title="Ring", due_at=timezone.now(), deal=deal)
    client = login("rep")
    text = client.get(reverse("desk:queue_panel", args=[f"task-{task.pk}"])).content.decode()
    brief = f"{reverse('desk:brief', args=[handoff.lead_id])}?deal={deal.pk}"
    assert brief in text and handoff.lead.name in text
    assert "Shorter queues" in client.get(brief).content.decode()
    assert reverse("deals:task_done", args=[task.pk]) in text


def test_what_people_write_is_text_in_the_queue(login: Login, people: People) -> None:
    rita, evil = people("rep"), '"><img src=x onerror=alert(1)>'
    handoff = assigned(rita)
    Lead.objects.filter(pk=handoff.lead_id).update(first_name=evil, last_name=evil)
    Handoff.objects.filter(pk=handoff.pk).update(why=evil)
    task_create(owner=rita, title=evil, due_at=timezone.now())
    quiet = deal_by_hand(rita)
    Deal.objects.filter(pk=quiet.pk).update(stage_since=timezone.now() - timedelta(days=40), name=evil)
    text = page(login("rep"))
    assert text.count("&lt;img src=x") >= 4 and "<img" not in text


def test_an_accepted_lead_stays_on_the_clock_until_somebody_calls_or_writes(login: Login, people: People) -> None:
    handoff = assigned(people("rep"))
    client = login("rep")
    answer = client.post(reverse("handoff:accept", args=[handoff.pk]), headers={"HX-Request": "true"})
    assert "handoff-changed" in answer["HX-Trigger"]
    text = page(client)
    assert handoff.lead.name in text and "Yours: call or write now" in text and "Accept " not in text
    assert client.get(reverse("team:bell")).context["waiting"] == 1
    panel = client.get(reverse("desk:queue_panel", args=[f"handoff-{handoff.pk}"])).content.decode()
    assert "Open deal" in panel and "Reject" not in panel
    client.post(reverse("desk:lead_log", args=[handoff.lead_id, "call"]), {"text": "Talked about the yard"})
    assert handoff.lead.name not in page(client)
    assert client.get(reverse("team:bell")).context["waiting"] == 0


def test_what_is_logged_before_deciding_is_confirmed_and_stops_the_clock(login: Login, people: People) -> None:
    handoff = assigned(people("rep"))
    client = login("rep")
    assert 'role="timer"' in page(client)
    url = reverse("desk:lead_log", args=[handoff.lead_id, "email"])
    answer = client.post(url, {"text": "Sent the prices"}, headers={"HX-Request": "true"})
    told = json.loads(answer["HX-Trigger"])
    assert told["toast"] == {"text": f"Saved in the timeline of {handoff.lead.name}."} and "handoff-changed" in told
    text = page(client)
    assert "answered, decide now" in text and 'class="clock done"' in text and 'role="timer"' not in text


def test_a_task_done_leaves_the_queue(login: Login, people: People) -> None:
    task = task_create(owner=people("rep"), title="Send the offer", due_at=timezone.now())
    client = login("rep")
    assert "Send the offer" in page(client)
    client.post(reverse("deals:task_done", args=[task.pk]), headers={"HX-Request": "true"})
    assert Task.objects.get().done_at
    assert "Send the offer" not in page(client)


def test_the_number_of_queries_does_not_grow_with_the_queue(
    login: Login, people: People, django_assert_max_num_queries: Any
) -> None:
    rita = people("rep")
    for _ in range(4):
        assigned(rita)
        task_create(owner=rita, title="Ring", due_at=timezone.now())
    client = login("rep")
    page(client)
    # session, user; handoffs, tasks, sales stages, stalled deals
    for name in ("desk:queue", "desk:queue_list"):
        with django_assert_max_num_queries(6):
            client.get(reverse(name))


@pytest.mark.parametrize("kind", ["call", "email", "meeting"])
def test_logging_a_real_answer_stops_the_clock(login: Login, people: People, kind: str) -> None:
    handoff = assigned(people("rep"))
    client = login("rep")
    url = reverse("desk:lead_log", args=[handoff.lead_id, kind])
    once = {"text": "Talked <b>now</b>", "once": "log:1"}
    first = client.post(url, once, headers={"HX-Request": "true"})
    client.post(url, once, headers={"HX-Request": "true"})  # a double click
    assert first.status_code == 200
    assert "Talked &lt;b&gt;now&lt;/b&gt;" in first.content.decode()
    assert Activity.objects.filter(lead=handoff.lead, kind=kind).count() == 1
    assert Handoff.objects.get(pk=handoff.pk).responded_at


def test_a_call_may_say_how_long_it_took(login: Login, people: People) -> None:
    """Wherever it is logged: kept as a whole number, shown, and the clock stops when the talk began."""
    handoff = assigned(people("rep"))
    Handoff.objects.update(assigned_at=timezone.now() - timedelta(hours=1))
    deal, client = Deal.objects.get(lead=handoff.lead_id), login("rep")
    assert 'name="minutes"' in client.get(reverse("desk:log_form", args=[handoff.lead_id, "call"])).content.decode()
    assert "minutes" not in client.get(reverse("desk:log_form", args=[handoff.lead_id, "email"])).content.decode()
    on_lead, on_deal = (
        reverse("desk:lead_log", args=[handoff.lead_id, "call"]),
        reverse("deals:log", args=[deal.pk]),
    )
    for wrong in ("0", "481", "1.5", "long"):
        for url in (on_lead, on_deal):
            said = {"kind": "call", "minutes": wrong}
            assert client.post(url, said, headers={"HX-Request": "true"}).status_code == 422
    assert not Activity.objects.filter(kind="call").exists()
    client.post(on_lead, {"outcome": "no_answer", "minutes": "20"})
    answered = Handoff.objects.get().responded_at
    assert answered and timedelta(minutes=20) <= timezone.now() - answered < timedelta(minutes=21)
    client.post(on_deal, {"kind": "call", "minutes": "480"})
    client.post(on_deal, {"kind": "email", "minutes": "5"})
    client.post(on_lead, {"text": "Short", "minutes": ""})
    kept = Activity.objects.filter(kind__in=["call", "email"]).order_by("pk").values_list("properties", flat=True)
    assert [one.get("minutes") for one in kept] == [20, 480, None, None]
    assert Handoff.objects.get().responded_at == Handoff.objects.get().assigned_at, "it began before they had it"
    for url in (reverse("desk:lead", args=[handoff.lead_id]), reverse("deals:detail", args=[deal.pk])):
        text = client.get(url).content.decode()
        assert "no answer · 20 min" in text and "480 min" in text and "deal: " not in text


def test_a_note_is_kept_but_is_no_answer(login: Login, people: People) -> None:
    handoff = assigned(people("rep"))
    login("rep").post(reverse("desk:lead_log", args=[handoff.lead_id, "note"]), {"text": "Seems busy"})
    assert Activity.objects.filter(lead=handoff.lead, kind="note").exists()
    assert Handoff.objects.get(pk=handoff.pk).responded_at is None


@pytest.mark.parametrize(("kind", "kept"), [("note", 0), ("call", 1)])
def test_a_note_needs_words_a_call_does_not(login: Login, people: People, kind: str, kept: int) -> None:
    handoff = assigned(people("rep"))
    deal = Deal.objects.get(lead=handoff.lead_id)
    client, said = login("rep"), {"kind": kind, "text": "  "}
    on_lead = client.post(reverse("desk:lead_log", args=[handoff.lead_id, kind]), said)
    assert (on_lead.status_code == 422) is (kept == 0)
    client.post(reverse("deals:log", args=[deal.pk]), said)
    assert Activity.objects.filter(lead=handoff.lead, kind=kind).count() == 2 * kept


def test_nobody_logs_on_somebody_elses_lead(login: Login, people: People) -> None:
    handoff = assigned(people("rep"))
    url = reverse("desk:lead_log", args=[handoff.lead_id, "call"])
    assert login("other_rep").post(url, {"text": "x"}).status_code == 404
    assert not Activity.objects.filter(kind="call").exists()


@pytest.mark.parametrize(
    ("role", "start"),
    [
        ("rep", "desk:queue"),
        ("manager", "insights:funnel"),
        ("admin", "insights:funnel"),
        ("marketer", "insights:marketing"),
    ],
)
def test_each_starts_where_their_day_does(login: Login, role: str, start: str) -> None:
    assert login(role).get("/")["Location"] == reverse(start)
