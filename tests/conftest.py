from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from core import clock
from tests.machinery import needs
from tests.machinery.browser import browser_as, chromium
from tests.machinery.stack import stack
from tests.personas import persona

__all__ = ["browser_as", "chromium", "stack"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test marked for the other database is deselected here, and runs in the other half of ./test; those on real
    data are where it is not, and ./test says so at its end."""
    other = "postgres" if settings.EMBEDDED else "sqlite"
    real = needs.sample_data()

    def left_out(item: pytest.Item) -> bool:
        return bool(item.get_closest_marker(other)) or (not real and "sample" in getattr(item, "fixturenames", ()))

    deselected = [item for item in items if left_out(item)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if not left_out(item)]
    # Tests of one group run one after the other: begun first, so that nobody is left waiting for them at the end.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """tests/settings.py already gives each test process a database of its own."""


@pytest.fixture(autouse=True, scope="session")
def clock_asked(request: pytest.FixtureRequest) -> None:
    """Pages ask the database for the time once a minute in a process: asked here, so that no test's count of queries
    depends on when it runs."""
    if settings.EMBEDDED:
        return
    request.getfixturevalue("django_db_setup")
    clock.ASKED_EVERY_SECONDS = 24 * 3600
    with request.getfixturevalue("django_db_blocker").unblock():
        clock.screen_now()


@pytest.fixture
def people(db: Any) -> Callable[[str], Any]:
    """``people("rep")`` is the rep; made on first use."""
    return persona


@pytest.fixture
def login(db: Any) -> Callable[[str], Client]:
    """``login("rep")`` is a browser signed in as the rep; ``login("anonymous")`` as nobody."""

    def make(role: str) -> Client:
        client = Client()
        if role != "anonymous":
            client.force_login(persona(role))
        return client

    return make


@pytest.fixture
def sample() -> Callable[[str], Path]:
    """A file of the real data (see ``needs.sample_data``)."""

    def find(name: str) -> Path:
        folder = needs.sample_data()
        assert folder, "tests that use it are left out where it is not"
        return folder / name

    return find
