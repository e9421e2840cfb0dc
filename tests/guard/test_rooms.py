"""Rooms know only what is below them: in imports (import-linter), and in foreign keys (here)."""

import ast
import sys
from collections.abc import Iterable

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps

from tests.guard import house

# Who asked is part of a remembered request, and AUTH_USER_MODEL is Django's own way to say "the person".
ALLOWED = {"core.IdempotentRequest.user"}


def bad_relations(registered: Iterable[type[models.Model]]) -> list[str]:
    """Relations that point to a room above or beside their own."""
    floor, found = house.levels(), []
    for model in registered:
        own = model._meta.app_label
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            target = field.related_model
            if own not in floor or not field.is_relation or isinstance(target, str) or target is None:
                continue
            other = target._meta.app_label
            if other in floor and other != own and floor[other] >= floor[own]:
                found.append(f"{own}.{model.__name__}.{field.name}")
    return found


def missing_from_contract(packages: Iterable[str], rules: Iterable[str]) -> list[str]:
    """Top-level packages and rules modules that the contracts of pyproject.toml do not know."""
    floor = house.levels()
    pure = next(one["source_modules"] for one in house.linter()["contracts"] if one["type"] == "forbidden")
    return [
        *(name for name in packages if name not in floor or name not in house.linter()["root_packages"]),
        *(name for name in rules if name not in pure),
    ]


PURE_LIBRARIES = {"email_validator"}  # used for its syntax check only, which asks no network
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "now", "utcnow", "today", "time", "monotonic"}
IMPURE_MODULES = {"os", "io", "pathlib", "socket", "subprocess", "random", "secrets", "time", "threading", "logging"}


def impure(source: str, rooms: Iterable[str]) -> list[str]:
    """What a rules module imports beyond pure Python, and its calls that read a clock or touch the world."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            ours = top in rooms and (name.endswith(".rules") or name == "core.errors")
            if (
                not ours
                and (top not in sys.stdlib_module_names or top in IMPURE_MODULES)
                and top not in PURE_LIBRARIES
            ):
                found.append(f"imports {name}")
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in IMPURE_CALLS and not (called == "time" and node.args):
                found.append(f"calls {called}")
    return found


def test_no_foreign_key_points_upward_or_sideways():
    found = bad_relations(apps.get_models(include_auto_created=True))
    assert set(found) == ALLOWED


@isolate_apps("leads", "deals", "scoring")
@pytest.mark.parametrize(("room", "target"), [("leads", "deals"), ("deals", "scoring")])
def test_twin_a_string_foreign_key_upward_or_sideways_is_caught(room, target):
    high = type("High", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), {"app_label": target})})
    key = models.ForeignKey(f"{target}.High", on_delete=models.CASCADE, related_name="+")
    meta = type("Meta", (), {"app_label": room})
    low = type("Low", (models.Model,), {"__module__": __name__, "Meta": meta, "key": key})
    assert bad_relations([high, low]) == [f"{room}.Low.key"]


def test_every_package_and_every_rules_module_is_under_contract():
    packages = [
        path.parent.name
        for path in house.tracked()
        if path.parent.parent == house.ROOT and path.name == "__init__.py"
    ]
    rules = [f"{path.parent.name}.rules" for path in house.tracked() if path.name == "rules.py"]
    assert missing_from_contract(set(packages) - house.NOT_ROOMS, rules) == []


def test_twin_a_new_package_outside_the_contract_is_caught():
    assert missing_from_contract(["leads", "garage"], ["leads.rules", "garage.rules"]) == ["garage", "garage.rules"]


def test_every_room_is_an_installed_app():
    assert {room for room in house.levels() if room != "config"} <= set(settings.INSTALLED_APPS)


@pytest.mark.parametrize("name", [name for name in house.files(".py") if name.endswith("/rules.py")])
def test_rules_are_pure(name):
    assert impure((house.ROOT / name).read_text(), house.levels()) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("from django.utils import timezone", ["imports django.utils"]),
        ("import os", ["imports os"]),
        ("from leads.models import Lead", ["imports leads.models"]),
        ("from datetime import datetime\nat = datetime.now()", ["calls now"]),
        ("text = open('x').read()", ["calls open"]),
        (
            "from core.errors import Refused\nfrom team.rules import x\nfrom datetime import time\nnoon = time(12)",
            [],
        ),
    ],
)
def test_twin_an_impure_rule_is_caught(source, said):
    assert impure(source, house.levels()) == said
