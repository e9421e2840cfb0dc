"""A real Chromium for tests: pages signed in as a persona, watched for what no page may do, and axe."""

import contextlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.machinery import needs
from tests.personas import persona

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = (360, 740), (1440, 900)
BROKEN = ("Content Security Policy", "Refused to", "Uncaught")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[[], Browser]]:
    """The running browser; another one after it was killed."""
    # Playwright keeps an event loop in this thread; Django then refuses the ORM, which here is safe.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    get_resolver().url_patterns  # noqa: B018 - every view is imported before a page is waited for
    with sync_playwright() as playwright:
        launched: list[Browser] = []

        def running() -> Browser:
            if not (launched and launched[-1].is_connected()):
                launched.append(playwright.chromium.launch(executable_path=needs.chromium(), args=SWITCHES))
                launched[-1].new_page().context.close()  # it has started its first helpers
            return launched[-1]

        yield running
        with killed_when_stuck():
            for one in launched:
                one.close()


def browser_processes() -> list[int]:
    """Process ids of the browsers that this process has started (Linux)."""
    found, looked_at = [], [str(os.getpid())]
    for pid in looked_at:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            tasks = Path(f"/proc/{pid}/task").iterdir()
            looked_at += [child for task in tasks for child in (task / "children").read_text().split()]
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"--remote-debugging-pipe" in command and not any(word.startswith(b"--type=") for word in command):
                found.append(int(pid))
    return found


@contextlib.contextmanager
def killed_when_stuck(seconds: float = 60) -> Iterator[None]:
    """Closing has no time limit in Playwright: a browser that does not come back from it would hold up all tests.
    It is killed, which is said, and the next test gets another."""
    killed: list[int] = []

    def kill() -> None:
        for pid in browser_processes():
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        yield
    except Error:
        if not killed:
            raise
    finally:
        timer.cancel()
        if killed:
            warnings.warn(f"the browser did not close its pages within {seconds:.0f} s and was killed", stacklevel=1)


def _requests_end(seconds: float = 10) -> None:
    """Wait for what closed pages had asked: it and the emptying of the tables would block each other."""
    end = time.monotonic() + seconds
    for one in [one for one in threading.enumerate() if "process_request_thread" in one.name]:
        one.join(max(0, end - time.monotonic()))


def _watch(page: Page, host: str, trouble: list[str]) -> None:
    """Note script errors, broken content security policy, requests to any other host, and a page that crashed."""
    page.on("crash", lambda _: trouble.append(f"the page crashed: {page.url}"))
    page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
    page.on(
        "console",
        lambda said: (
            trouble.append(f"console: {said.text}")
            if said.type == "error" and any(word in said.text for word in BROKEN)
            else None
        ),
    )
    page.on(
        "request",
        lambda asked: (
            trouble.append(f"another host: {asked.url}") if urlsplit(asked.url).netloc not in ("", host) else None
        ),
    )


@pytest.fixture
def browser_as(
    chromium: Callable[[], Browser], transactional_db: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """``browser_as("rep")`` is a page of a browser signed in as the rep, at the start page's server.

    ``size=PHONE`` (360 px) or DESK (1440 px), ``scheme="dark"``, ``url=stack.url`` for another server than the
    test's own ``live_server``. ``catches=True`` for a page whose requests are caught later (``page.route``): when the
    first route comes to a page that is there already, Chromium lets some requests pass. Relative addresses work:
    ``page.goto("/leads/")``. At the end the test fails if a page had a script error, broke the content security
    policy or asked another host for anything.
    """
    trouble: list[str] = []
    contexts = []

    def opened(
        role: str,
        *,
        size: tuple[int, int] = DESK,
        scheme: Any = "light",
        url: str = "",
        catches: bool = False,
        **options: Any,
    ) -> Page:
        base = url or request.getfixturevalue("live_server").url
        context = chromium().new_context(
            base_url=base,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        if role != "anonymous":
            client = Client()
            client.force_login(persona(role))
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": base}])
        page = context.new_page()
        if catches:
            page.route("**/asked-by-nobody/", lambda route: route.abort())
        _watch(page, urlsplit(base).netloc, trouble)
        return page

    yield opened
    with killed_when_stuck():
        for context in contexts:
            context.close()
    _requests_end()
    assert trouble == [], trouble


def assert_axe_clean(page: Page, **options: Any) -> None:
    """No accessibility violation on the page as it is now; the message names each rule and where it is broken."""
    asked = {"resultTypes": ["violations"], **options}  # what passes is not gathered
    found = Axe().run(page, options=asked).response["violations"]
    said = [
        f"{one['id']} ({one['impact']}): {one['help']}\n"
        + "\n".join(f"    {node['target']} {node['html'][:160]}" for node in one["nodes"][:5])
        for one in found
    ]
    assert not said, f"{page.url}\n" + "\n".join(said)
