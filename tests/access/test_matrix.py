"""Every address x role x method does what ``routes.py`` declares, and a refusal changes nothing."""

from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from leads.models import Tag
from tests.access import routes, walk
from tests.access.routes import ROUTES
from tests.access.world import world_make


def test_every_address_is_declared_and_every_declared_one_exists() -> None:
    found = Counter(walk.names())
    assert sorted(set(found) - set(ROUTES)) == [], "declare these in tests/access/routes.py"
    assert sorted(set(ROUTES) - set(found)) == [], "these are declared and do not exist"
    assert [name for name, times in found.items() if times > 1] == []


def test_whoever_may_not_is_refused_and_nothing_changes(db: Any) -> None:
    assert walk.walk(ROUTES, world_make(), allowed=False) == []


def test_whoever_may_gets_through(db: Any) -> None:
    assert walk.walk(ROUTES, world_make(), allowed=True) == []


# --- The matrix itself: what is broken on purpose must be seen -----------------------------------------


def naked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("whoever you are")


def writes_first(request: HttpRequest) -> HttpResponse:
    Tag.objects.create(name=f"by {request.user} {request.method}")
    raise PermissionDenied


def broken(*patterns: Any) -> Any:
    """An address book in which these patterns come first."""
    return type("urls", (), {"urlpatterns": [*patterns, path("", include("config.urls"))]})


def test_an_undeclared_address_is_seen(settings: Any) -> None:
    settings.ROOT_URLCONF = broken(path("backdoor/", naked, name="backdoor"), path("other/", naked))
    assert set(walk.names()) - set(ROUTES) == {"backdoor", "(no name) other/"}


@pytest.mark.parametrize("view", [naked, writes_first])
def test_a_view_that_lost_its_guard_is_seen(db: Any, settings: Any, view: Any) -> None:
    kwargs = world_make()
    settings.ROOT_URLCONF = broken(path("mql/new/", view, name="other"))
    trouble = walk.walk({"handoff:policy_new": ROUTES["handoff:policy_new"]}, kwargs, allowed=False)
    if view is naked:
        assert "rep GET handoff:policy_new: declared as refused, got 200" in trouble
        assert "marketer DELETE handoff:policy_new: declared as refused, got 200" in trouble
    else:
        assert any(said.startswith("rep POST handoff:policy_new: refused, and yet wrote: INSERT") for said in trouble)
        assert trouble[-1] == "the database is not what it was"


def test_a_guard_that_is_too_strict_is_seen(db: Any, settings: Any) -> None:
    kwargs = world_make()
    settings.ROOT_URLCONF = broken(path("mql/new/", writes_first, name="other"))
    one = {"handoff:policy_new": ROUTES["handoff:policy_new"]}
    trouble = walk.walk(one, kwargs, allowed=True, roles=[routes.M])
    assert trouble == [
        f"marketer {method} handoff:policy_new: declared as allowed, got 403" for method in ("GET", "HEAD", "POST")
    ]
    assert not Tag.objects.filter(name__startswith="by ").exists()  # what is allowed is taken back
