"""What somebody sees when something is not there, not allowed, not understood or broken."""

import pytest
from django.core.exceptions import SuspiciousOperation
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views import defaults

from tests.personas import persona


def test_not_there(login):
    page = login("rep").get("/no/such/page/")
    assert (
        page.status_code == 404 and b"This page is not here." in page.content and b'aria-label="Main"' in page.content
    )


def test_not_there_for_a_visitor_shows_no_inside(db):
    persona("rep")
    page = Client().get("/no/such/page/")
    assert page.status_code == 404 and b'aria-label="Main"' not in page.content


def test_not_allowed_names_no_secret_and_changes_nothing(login):
    page = login("rep").get("/people/")
    assert page.status_code == 403 and b"Your roles do not open this page." in page.content


def test_a_form_without_its_token_is_sent_again(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people("rep"))
    page = client.post("/profile/theme/", {"theme": "dark"})
    assert page.status_code == 403 and b"This form was open too long." in page.content
    assert people("rep").theme == "auto"


@pytest.mark.django_db
def test_not_understood():
    page = defaults.bad_request(RequestFactory().get("/"), SuspiciousOperation("x"))
    assert page.status_code == 400 and b"could not be understood" in page.content


def test_broken_needs_no_database_and_no_session():
    page = defaults.server_error(RequestFactory().get("/"))
    assert page.status_code == 500 and b"wrong on our side" in page.content
    assert "{%" not in render_to_string("500.html")
