"""A program with a token, and what it asks about."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from team.models import ApiToken
from team.services import token_create
from tests.personas import persona

ALL = list(ApiToken.SCOPES)


class Program:
    """A client with a token; ``key`` is the Idempotency-Key."""

    def __init__(self, role: str, scopes: list[str]) -> None:
        self.token, self.secret = token_create(user=persona(role), name="program", scopes=scopes)
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"} | ({"Idempotency-Key": key} if key else {})
        data = "" if body is None else json.dumps(body)
        return self.client.generic(method, f"/api/v1/{path}", data, "application/json", headers=headers)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.ask("POST", path, {} if body is None else body, key=key)

    def patch(self, path: str, body: Any, *, key: str = "") -> Any:
        return self.ask("PATCH", path, body, key=key)


@pytest.fixture
def program(db: Any) -> Callable[..., Program]:
    """``program("rep", "leads:read")``: with these scopes, or with all when none is named."""
    return lambda role, *scopes: Program(role, list(scopes) or ALL)
