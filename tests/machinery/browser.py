"""A real Chromium for tests: pages signed in as a persona, watched for what no page may do, and axe."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import Browser, Page, sync_playwright

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
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; Django then refuses the ORM, which here is safe.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=needs.chromium(), args=SWITCHES)
        get_resolver().url_patterns  # noqa: B018 - every view is imported before a page is waited for
        launched.new_page().context.close()  # and the browser has started its first helpers
        yield launched
        launched.close()


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
    chromium: Browser, transactional_db: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """``browser_as("rep")`` is a page of a browser signed in as the rep, at the start page's server.

    ``size=PHONE`` (360 px) or DESK (1440 px), ``scheme="dark"``, ``url=stack.url`` for another server than the
    test's own ``live_server``. Relative addresses work: ``page.goto("/leads/")``. At the end the test fails if a
    page had a script error, broke the content security policy or asked another host for anything.
    """
    trouble: list[str] = []
    contexts = []

    def opened(
        role: str, *, size: tuple[int, int] = DESK, scheme: Any = "light", url: str = "", **options: Any
    ) -> Page:
        base = url or request.getfixturevalue("live_server").url
        context = chromium.new_context(
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
        _watch(page, urlsplit(base).netloc, trouble)
        return page

    yield opened
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
