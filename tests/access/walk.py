"""Every address, asked in every way by everybody; what came out otherwise than declared, in words."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.routes import METHODS, NOBODY, ROLES, WORLD, Route
from tests.access.world import QUERIES
from tests.personas import persona

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "COPY")
APART = ("django_session", "axes_")  # bookkeeping of who is signed in
REFUSED = (403, 404, 405)


def names(resolver: URLResolver | None = None, space: str = "") -> Iterator[str]:
    """The name of every pattern of the address book; a pattern without a name by its route, so that it is missed."""
    for part in (resolver or get_resolver()).url_patterns:
        if isinstance(part, URLResolver):
            yield from names(part, f"{space}{part.namespace}:" if part.namespace else space)
        else:
            assert isinstance(part, URLPattern)
            yield f"{space}{part.name}" if part.name else f"(no name) {space}{part.pattern}"


def client_of(role: str) -> Client:
    client = Client(raise_request_exception=False)
    if role != NOBODY:
        client.force_login(persona(role))
    return client


def checksum() -> str:
    """A fingerprint of every row of every table but sessions and sign-in attempts."""
    digest = hashlib.sha256()
    tables = sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)})
    with connection.cursor() as cursor:
        for table in tables:
            if table.startswith(APART):
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(repr(row) for row in cursor.fetchall())
            digest.update(f"{table}\n{rows}\n".encode())
    return digest.hexdigest()


class Writes:
    """Notes every statement that changes anything but the bookkeeping of sign-ins."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        plain = str(sql).lstrip("( ").replace('"', "")
        if plain.upper().startswith(WRITES) and not any(f" {table}" in plain for table in APART):
            self.found.append(plain[:120])
        return execute(sql, params, many, context)


def walk(
    routes: dict[str, Route], kwargs: dict[str, Any], *, allowed: bool, roles: Iterable[str] = ROLES
) -> list[str]:
    """Ask everything that is declared as allowed, each time taken back, or everything that is to be refused.

    Afterwards every row of the database must be what it was."""
    trouble = []
    logging.getLogger("django.request").setLevel(logging.CRITICAL)  # thousands of refusals are expected here
    clients = {role: client_of(role) for role in roles}
    before = checksum()
    for role, client in clients.items():
        for name, route in routes.items():
            url = reverse(name, kwargs=kwargs.get(name)) + QUERIES.get(name, "")
            for method in METHODS:
                if (method in route.methods and role in route.roles) != allowed:
                    continue
                if allowed and method == "HEAD" and role != route.roles[0]:
                    continue  # it draws what GET draws: once per address is enough
                ask = _allowed if allowed else _refused
                trouble += [f"{role} {method} {name}: {said}" for said in ask(client, method, url, role, name, route)]
    if checksum() != before:
        trouble.append("the database is not what it was")
    return trouble


def _send(client: Client, method: str, url: str) -> Any:
    if url.startswith("/api/v1/"):
        return client.generic(method, url, "{}" if method in ("POST", "PUT", "PATCH") else "", "application/json")
    return getattr(client, method.lower())(url)


def _allowed(client: Client, method: str, url: str, role: str, name: str, route: Route) -> Iterator[str]:
    cookies = client.cookies.copy()
    with transaction.atomic():
        response = _send(client, method, url)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    if response.status_code in (401, *REFUSED) or response.status_code >= 500:
        yield f"declared as allowed, got {response.status_code}"
    if _to_login(response) and role != NOBODY and name not in ("team:setup", "team:logout"):
        yield "was asked to sign in"


def _to_login(response: Any) -> bool:
    return response.status_code == 302 and response["Location"].startswith(reverse(settings.LOGIN_URL))


def _refused(client: Client, method: str, url: str, role: str, name: str, route: Route) -> Iterator[str]:
    writes = Writes()
    with connection.execute_wrapper(writes):
        response = _send(client, method, url)
    code = response.status_code
    if code not in expected(method, url, role, route) and not (_to_login(response) and must_login(url, role, route)):
        yield f"declared as refused, got {code}"
    yield from (f"refused, and yet wrote: {sql}" for sql in writes.found)


def must_login(url: str, role: str, route: Route) -> bool:
    """Whoever is not signed in is sent to the sign-in page, whatever the method."""
    return role == NOBODY and route.roles != WORLD and not (url.startswith("/api/") and "/docs/" not in url)


def expected(method: str, url: str, role: str, route: Route) -> tuple[int, ...]:
    """The statuses that say no rightly."""
    if must_login(url, role, route):
        return ()
    if role == NOBODY and route.roles != WORLD:
        return (401, 403)
    if role in route.roles:
        return (405,)
    return REFUSED if method not in route.methods else (403, 404)
