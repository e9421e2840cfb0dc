"""The accept button in the e-mail: works signed out, once, for whom it was sent to; looking changes nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail, signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.outbox import drain
from handoff.models import Assignment, Handoff, LinkUse
from handoff.selectors.tokens import KEPT, SALT, accept_url
from handoff.services import assign_drain, handoff_accept, handoff_reassign, handoff_reject, rep_left
from team.models import User
from tests.handoff.world import mqls, reps
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def unhurried() -> None:
    cache.clear()


def mailed(**fields: Any) -> tuple[Handoff, str]:
    """A handoff and the path of the button in its e-mail, as the rep got it."""
    one = mqls(**fields)[0]
    assign_drain()
    mail.outbox.clear()
    drain()
    one.refresh_from_db()
    sent = mail.outbox[0]
    found = re.findall(r"http://[^\s]+(/handoffs/by-mail/[^\s]+)", sent.body)
    assert len(found) == 1 and f'href="http://127.0.0.1:8000{found[0]}"' in str(sent.alternatives[0][0])
    return one, found[0]


def test_the_mail_has_a_button_that_works_signed_out_and_once() -> None:
    reps(1)
    one, path = mailed()
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(path)
    assert page.status_code == 200 and one.lead.name in page.content.decode()
    done = browser.post(path)
    assert done.status_code == 200 and "is yours" in done.content.decode()
    one.refresh_from_db()
    assert (one.state, one.decided_by) == ("accepted", one.rep)
    assert LinkUse.objects.get(handoff=one).turn == 1
    again = browser.post(path)
    assert again.status_code == 410 and "The button works once" in again.content.decode()


def test_what_opens_links_changes_nothing() -> None:
    reps(1)
    one, path = mailed()
    before = Handoff.objects.filter(pk=one.pk).values().get()
    for method in ("get", "head", "get", "head", "options", "put", "patch", "delete"):
        getattr(Client(), method)(path)
    assert Handoff.objects.filter(pk=one.pk).values().get() == before and not LinkUse.objects.exists()


def test_a_scanner_that_presses_buttons_changes_nothing_either() -> None:
    reps(1)
    one, path = mailed()
    agent = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
    page = Client(headers={"User-Agent": agent}).post(path)
    assert page.status_code == 200 and "Nothing has happened yet" in page.content.decode()
    assert Handoff.objects.get(pk=one.pk).state == "assigned" and not LinkUse.objects.exists()


def test_a_colleague_who_is_signed_in_accepts_in_nobodys_name(login: Any) -> None:
    rep = reps(1)[0]
    one, path = mailed()
    for role in ("rep", "admin"):
        for page in (login(role).get(path), login(role).post(path)):
            assert page.status_code == 409
            assert f"This e-mail was sent to {rep.name}" in page.content.decode()
            assert one.lead.name not in page.content.decode()
    assert Handoff.objects.get(pk=one.pk).state == "assigned"
    own = Client()
    own.force_login(rep)
    assert own.post(path).status_code == 200
    assert Handoff.objects.get(pk=one.pk).decided_by == rep


def test_nobody_keeps_indexes_or_is_told_the_link() -> None:
    reps(1)
    _, path = mailed()
    for page in (Client().get(path), Client().head(path), Client().post(path), Client().get(path)):
        assert page["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page["Cache-Control"] and "noindex" in page["X-Robots-Tag"]
        assert not page.cookies


def altered(path: str, at: int) -> str:
    token = path.split("/")[-2]
    return path.replace(token, token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :])


def test_a_changed_or_made_up_link_is_refused_without_a_word_about_the_lead() -> None:
    rep = reps(1)[0]
    one, path = mailed(last_name="Tellnobody")
    signer = signing.TimestampSigner(salt="another", sep="~")
    made_up = reverse("handoff:by_mail", args=[signer.sign_object([one.pk, 1, rep.pk])])
    strange = signing.TimestampSigner(salt=SALT, sep="~").sign_object(["x", None])
    tries = [made_up, path[:-3] + "/", reverse("handoff:by_mail", args=[strange]), "/handoffs/by-mail/x/"]
    for bad in [*tries, *(altered(path, at) for at in (0, 5, 20, 35))]:
        for page in (Client().get(bad), Client().post(bad)):
            assert page.status_code == 404, bad
            assert "Tellnobody" not in page.content.decode() and "does not work" in page.content.decode()
    assert Handoff.objects.get(pk=one.pk).state == "assigned"


def test_a_link_of_last_week_says_so(monkeypatch: Any) -> None:
    reps(1)
    one, path = mailed()
    then = timezone.now().timestamp() + KEPT.total_seconds() + 1
    monkeypatch.setattr(signing.time, "time", lambda: then)
    page = Client().post(path)
    assert page.status_code == 410 and "too old" in page.content.decode()
    assert Handoff.objects.get(pk=one.pk).state == "assigned"


def reassigned(one: Handoff, people: Any) -> None:
    other = reps(1)[0]
    handoff_reassign(handoff_id=one.pk, to=other, by=people("admin"))


def back_again(one: Handoff, people: Any) -> None:
    first = one.rep
    assert first
    reassigned(one, people)
    handoff_reassign(handoff_id=one.pk, to=first, by=people("admin"))


def left(one: Handoff, people: Any) -> None:
    User.objects.filter(pk=one.rep_id).update(is_active=False)
    rep_left("x", user_id=one.rep_id or 0)


def accepted(one: Handoff, people: Any) -> None:
    handoff_accept(handoff_id=one.pk, by=people("admin"))


def rejected(one: Handoff, people: Any) -> None:
    handoff_reject(handoff_id=one.pk, by=one.rep, reason_code="timing")


def erased(one: Handoff, people: Any) -> None:
    Handoff.objects.filter(pk=one.pk).delete()


def no_rep(one: Handoff, people: Any) -> None:
    User.objects.filter(pk=one.rep_id).update(is_rep=False, is_marketer=True)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (reassigned, "Somebody else has this lead now"),
        (back_again, "an earlier time"),
        (left, "You cannot accept this lead"),
        (accepted, "accepted this lead already"),
        (rejected, "Somebody else has this lead now|You rejected this lead already"),
        (erased, "This lead is gone"),
        (no_rep, "You cannot accept this lead"),
    ],
)
def test_what_happened_meanwhile_is_said(happens: Callable[[Handoff, Any], None], said: str, people: Any) -> None:
    reps(1)
    one, path = mailed()
    happens(one, people)
    before = list(Handoff.objects.values())
    for page in (Client().get(path), Client().post(path)):
        assert page.status_code == 410 and re.search(said, page.content.decode()), page.content.decode()
    assert list(Handoff.objects.values()) == before and not LinkUse.objects.exists()


def test_a_button_used_before_an_undo_stays_used() -> None:
    reps(1)
    one, path = mailed()
    Client().post(path)
    Handoff.objects.filter(pk=one.pk).update(state="assigned", decided_at=None, decided_by=None)
    page = Client().post(path)
    assert page.status_code == 410 and "The button works once" in page.content.decode()
    assert Handoff.objects.get(pk=one.pk).state == "assigned"


def test_too_many_are_braked() -> None:
    codes = [Client().get("/handoffs/by-mail/x/").status_code for _ in range(42)]
    assert codes[0] == 404 and codes[-1] == 429


def test_the_card_says_that_it_was_the_button(login: Any) -> None:
    reps(1)
    one, path = mailed()
    Client().post(path)
    page = login("admin").get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert "by e-mail link" in page


def test_no_button_when_there_is_nothing_to_accept() -> None:
    rep = reps(1)[0]
    one = mqls()[0]
    assign_drain()
    handoff_accept(handoff_id=one.pk, by=rep)
    drain()
    assert "by-mail" not in mail.outbox[-1].body


def test_a_hostile_name_stays_text_on_the_page() -> None:
    reps(1)
    _, path = mailed(first_name="<script>alert(1)</script>")
    text = Client().get(path).content.decode()
    assert "<script>" not in text and "&lt;script&gt;" in text


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_the_same_moment_it_accepts_once() -> None:
    reps(1)
    one, path = mailed()
    found = at_once(*[lambda: Client().post(path).status_code] * 6)
    assert sorted(found) == [200, 410, 410, 410, 410, 410]
    assert LinkUse.objects.filter(handoff=one).count() == 1
    assert Assignment.objects.filter(handoff=one, ended_at=None).count() == 1


def test_looking_is_cheap(django_assert_max_num_queries: Any) -> None:
    reps(1)
    _, path = mailed()
    assert connection
    with django_assert_max_num_queries(8):
        Client().get(path)


def test_the_link_is_of_one_turn() -> None:
    rep = reps(1)[0]
    one, path = mailed()
    Handoff.objects.filter(pk=one.pk).update(turn=2, assigned_at=timezone.now() + timedelta(seconds=1))
    assert Client().post(path).status_code == 410
    one.refresh_from_db()
    fresh = accept_url(one, rep.pk).partition("8000")[2]
    assert Client().post(fresh).status_code == 200
