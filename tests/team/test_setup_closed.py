"""On a served database the first visitor must not become the admin by being first."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from team.models import User

pytestmark = pytest.mark.django_db
WANTED = {"name": "Eve", "email": "eve@evil.example", "password": "long-enough-secret-1", "time_zone": "UTC"}


def test_set_up_is_closed_unless_asked_for(settings: Any) -> None:
    settings.SETUP_OPEN = False
    client = Client()
    assert client.get(reverse("team:login")).status_code == 200
    assert client.post(reverse("team:setup"), WANTED).status_code == 302
    assert not User.objects.exists()


def test_set_up_opens_once(settings: Any) -> None:
    settings.SETUP_OPEN = True
    assert Client().post(reverse("team:setup"), WANTED)["Location"] == reverse("desk:home")
    assert Client().post(reverse("team:setup"), {**WANTED, "email": "two@evil.example"})["Location"] == reverse(
        "team:login"
    )
    assert User.objects.count() == 1
