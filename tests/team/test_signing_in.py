"""Coming in, going out, a forgotten password, and the first person of an empty Baton."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import outbox
from team.models import User
from tests.personas import PASSWORD, persona

LINK = re.compile(r"http://testserver(/password/set/\S+/)")


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None, **extra):
    client = client or Client()
    return client.post(reverse("team:login"), {"username": email, "password": password}, **extra), client


def test_a_person_signs_in_goes_where_they_wanted_and_out_again(people):
    rep = people("rep")
    client = Client()
    response = client.get("/leads/")
    assert response.status_code == 302 and response.url == "/login/?next=/leads/"
    response = client.post(response.url, {"username": rep.email.upper(), "password": PASSWORD, "next": "/leads/"})
    assert response.status_code == 302 and response.url == "/leads/"
    assert client.get("/profile/").status_code == 200
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/profile/").status_code == 302


def test_the_page_does_not_say_which_of_the_two_was_wrong(people):
    rep = people("rep")
    wrong, _ = sign_in(rep.email, "not the password")
    unknown, _ = sign_in("nobody@test.example", "not the password")
    said = [
        re.sub(r"\s+", " ", one.content.decode().split('role="alert"')[1].split("</div>")[0])
        for one in (wrong, unknown)
    ]
    assert said[0] == said[1] and "do not belong together" in said[0]


def test_another_host_is_no_place_to_go_after_signing_in(people):
    response = Client().post(
        "/login/", {"username": people("rep").email, "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert response.url == "/"


def test_somebody_deactivated_is_out_at_once_and_stays_out(people, login):
    client = login("rep")
    User.objects.filter(pk=people("rep").pk).update(is_active=False)
    assert client.get("/profile/").status_code == 302
    response, _ = sign_in(people("rep").email)
    assert response.status_code == 200


def test_too_many_tries_close_the_door_for_this_e_mail_only(people):
    rep, manager = people("rep"), people("manager")
    client = Client()
    for _ in range(8):
        response, _ = sign_in(rep.email, "wrong", client)
    assert response.status_code == 429 and b"Too many tries" in response.content
    response, _ = sign_in(rep.email, PASSWORD, client)
    assert response.status_code == 429
    response, _ = sign_in(manager.email, PASSWORD, client)
    assert response.status_code == 302


def reset_link(email: str) -> str:
    Client().post(reverse("team:password_reset"), {"email": email})
    outbox.drain()
    return LINK.search(mail.outbox[-1].body).group(1)


def test_a_forgotten_password_is_set_anew_by_mail_once(people):
    rep = people("rep")
    path = reset_link(rep.email.upper())
    message = mail.outbox[0]
    assert message.to == [rep.email] and "password" in message.subject
    html, kind = message.alternatives[0]
    assert kind == "text/html" and path in html
    client = Client()
    page = client.get(path, follow=True)
    form_at = page.redirect_chain[-1][0]
    new = "a much better pass 7"
    done = client.post(form_at, {"new_password1": new, "new_password2": new}, follow=True)
    assert b"Your password is set" in done.content
    assert sign_in(rep.email, new)[0].status_code == 302
    assert sign_in(rep.email, PASSWORD)[0].status_code == 200
    assert b"used up" in Client().get(path, follow=True).content


def test_a_weak_new_password_is_refused_at_the_field(people):
    client = Client()
    form_at = client.get(reset_link(people("rep").email), follow=True).redirect_chain[-1][0]
    page = client.post(form_at, {"new_password1": "password12", "new_password2": "password12"})
    assert b"too common" in page.content


def test_an_unknown_e_mail_is_answered_alike_and_no_mail_goes_out(people):
    people("rep")
    known = Client().post(reverse("team:password_reset"), {"email": "rita@test.example"}, follow=True)
    unknown = Client().post(reverse("team:password_reset"), {"email": "nobody@test.example"}, follow=True)
    assert known.content == unknown.content
    outbox.drain()
    assert [one.to for one in mail.outbox] == [["rita@test.example"]]


def test_asking_again_and_again_sends_one_mail(people):
    rep = people("rep")
    for _ in range(5):
        Client().post(reverse("team:password_reset"), {"email": rep.email})
    outbox.drain()
    assert len(mail.outbox) <= 2  # two when the five tries fall into two spans of two minutes


def test_somebody_inactive_gets_no_mail(people):
    User.objects.filter(pk=people("rep").pk).update(is_active=False)
    Client().post(reverse("team:password_reset"), {"email": "rita@test.example"})
    outbox.drain()
    assert mail.outbox == []


def test_changing_the_password_signs_other_devices_out(people, login):
    here, there = login("rep"), login("rep")
    new = "a much better pass 7"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post(reverse("team:password_change"), sent).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
    wrong = here.post(reverse("team:password_change"), sent | {"old_password": "no"})
    assert wrong.status_code in (200, 422) and b"old_password-error" in wrong.content


FIRST = {
    "name": "Ada First",
    "email": "ada@first.example",
    "password": "a much better pass 7",
    "time_zone": "Europe/Berlin",
}


@pytest.mark.django_db
def test_an_empty_baton_asks_for_its_first_person_and_only_then():
    client = Client()
    assert client.get("/login/").url == "/setup/"
    assert b"You become the admin" in client.get("/setup/").content
    weak = client.post("/setup/", FIRST | {"password": "password"})
    assert weak.status_code == 422 and not User.objects.exists()
    assert client.post("/setup/", FIRST).status_code == 302
    admin = User.objects.get()
    assert admin.is_admin and admin.time_zone == "Europe/Berlin"
    assert client.get("/profile/").status_code == 200
    assert Client().get("/setup/").url == "/login/"
    assert Client().post("/setup/", FIRST | {"email": "second@first.example"}).url == "/login/"
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_first_persons_at_once_make_one():
    def go(number: int) -> int:
        try:
            return Client().post("/setup/", FIRST | {"email": f"n{number}@first.example"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(go, range(4)))
    assert User.objects.count() == 1
    assert set(found) <= {302, 422}


@pytest.mark.parametrize("path", ["/login/", "/password/reset/", "/password/reset/sent/"])
def test_public_pages_show_nothing_of_the_inside(path, db):
    persona("rep")
    page = Client().get(path).content.decode()
    assert 'aria-label="Main"' not in page and "data-palette" not in page
