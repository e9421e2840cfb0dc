"""Somebody who was imported and never invited cannot sign in: a lead handed to them would lie."""

from typing import Any

import pytest

from core.clock import db_now
from handoff.services.pool import Routing
from team.models import User
from tests.personas import persona

pytestmark = pytest.mark.django_db


def test_routing_skips_people_who_cannot_sign_in_yet(db: Any) -> None:
    rita = persona("rep")
    imported = User(name="Ingo Imported", email="ingo@import.invalid", is_rep=True, team=rita.team)
    imported.set_unusable_password()
    imported.save()
    assert set(Routing.load([], now=db_now()).people) == {rita.pk}
