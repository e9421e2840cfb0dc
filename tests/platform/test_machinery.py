"""The tests' own ground: a stack of real processes that leaves nothing, and a browser that notices."""

import os
import signal

import pytest
import requests
from django.test import Client

from core.models import OutboxMessage
from tests.machinery.browser import DESK, PHONE, assert_axe_clean, browser_processes, killed_when_stuck
from tests.machinery.stack import database_environment
from tests.personas import PASSWORD, persona


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_the_stack_shares_the_tests_database_and_serves_it(stack):
    rep = persona("rep")
    assert "rita@test.example" in stack.manage("shell", "-c", f"print(User.objects.get(pk={rep.pk}).email)")
    assert requests.get(f"{stack.url}/healthz/").json() == {"status": "ok"}
    assert requests.get(f"{stack.url}/profile/", allow_redirects=False).status_code == 302
    client = Client()
    client.force_login(rep)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    page = requests.get(f"{stack.url}/profile/", cookies=cookies, allow_redirects=False)
    assert page.status_code == 200 and "Rita Rep" in page.text


@pytest.mark.slow
def test_a_persona_can_sign_in_at_the_real_server(stack):
    persona("rep")
    with requests.Session() as session:
        session.get(f"{stack.url}/login/")
        token = session.cookies["csrftoken"]
        form = {"username": "rita@test.example", "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert session.post(f"{stack.url}/login/", data=form, allow_redirects=False).status_code == 302


@pytest.mark.slow
def test_beat_and_a_worker_do_what_is_due(stack):
    message = OutboxMessage.objects.create(
        topic="mail.send",
        key="machinery",
        handler="core.mail.deliver",
        payload={"to": "a@test.example", "subject": "Hello", "text": "Hello"},
    )
    stack.start_worker()
    stack.start_beat()
    stack.wait_until(lambda: OutboxMessage.objects.filter(pk=message.pk, state="done").exists())


@pytest.mark.slow
def test_a_killed_worker_leaves_no_pool_child(stack):
    worker = stack.start_worker()
    children = stack.wait_until(worker.children)
    assert len(children) == 2
    os.kill(worker.pid, 9)
    stack.wait_until(lambda: not any(map(alive, children)), seconds=5, message="a pool child outlived its worker")


@pytest.mark.slow
def test_a_killed_web_master_leaves_no_web_worker(stack):
    web = stack.start_web(workers=2)
    children = stack.wait_until(web.children)
    os.kill(web.pid, 9)
    stack.wait_until(lambda: not any(map(alive, children)), seconds=5, message="a web worker outlived its master")


def test_the_environment_of_a_child_has_no_setting_of_the_developer(db, monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp://mail.example.com")
    assert "EMAIL_URL" not in database_environment()


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_browser_is_signed_in_as_the_persona(browser_as, size):
    page = browser_as("rep", size=size, scheme="dark")
    assert page.goto("/").status == 200
    assert page.url.endswith("/")
    assert page.viewport_size["width"] == size[0]
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.browser
def test_axe_says_what_is_wrong(browser_as):
    page = browser_as("anonymous")
    page.set_content("<html><body><img src='data:,'><input></body></html>")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_axe_clean(page)


@pytest.mark.browser
def test_a_browser_that_does_not_close_its_pages_is_killed_and_the_next_page_has_another(browser_as):
    page = browser_as("rep")
    page.goto("/profile/")
    stopped = browser_processes()
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    with pytest.warns(UserWarning, match="did not close its pages within 1 s"), killed_when_stuck(1):
        page.context.close()
    page = browser_as("rep")
    assert page.goto("/profile/").status == 200
    running = browser_processes()
    assert running and not set(running) & set(stopped)
