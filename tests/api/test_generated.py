"""Requests made up from the schema, sensible and not: never a server error, and every answer as the schema says."""

from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from team.services import token_create
from tests.access.world import world_make
from tests.personas import persona

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 25


@pytest.fixture
def one_connection() -> Any:
    """A request must not close the connection that the test's transaction is on (as Client does)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(db: Any, one_connection: Any) -> Any:
    kwargs = world_make()
    scopes = [f"{room}:{kind}" for room in ("leads", "handoffs", "deals") for kind in ("read", "write")]
    _, secret = token_create(user=persona("admin"), name="generated", scopes=[*scopes, "metrics:read"])
    headers = {"Authorization": f"Bearer {secret}"}
    found = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application, headers=headers)
    return found, headers, kwargs


def said(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return "\n".join(said(one) for one in inner) if inner else f"{str(error)[:600]} {getattr(error, 'response', '')}"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_no_made_up_request_breaks_the_api(schema: Any, mode: str) -> None:
    found, headers, kwargs = schema
    seen = 0
    broken: list[str] = []
    for result in found.get_all_operations():
        operation = result.ok()
        real = {one["pk"] for name, one in kwargs.items() if name.startswith("api-") and "pk" in one}
        cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

        @given(case=cases, pk=st.sampled_from(sorted(real)), known=st.booleans())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any, pk: int, known: bool) -> None:
            if known and "id" in (case.path_parameters or {}):
                case.path_parameters["id"] = pk
            if known and "pk" in (case.path_parameters or {}):
                case.path_parameters["pk"] = pk
            with transaction.atomic():
                try:
                    case.call_and_validate(headers=headers, checks=CHECKS)
                finally:
                    transaction.set_rollback(True)

        try:
            ask()
        except (
            Exception,
            BaseExceptionGroup,
        ) as error:  # every operation is tried, and all that broke is said at once
            broken.append(f"{operation.label}: {said(error)}")
        seen += 1
    assert seen >= 20
    assert not broken, "\n\n".join(broken)
