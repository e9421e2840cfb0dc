from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.personas import persona


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
