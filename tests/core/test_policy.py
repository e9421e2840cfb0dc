"""The policy of every answer is django-csp's own text, and a view may still ask for another."""

from csp.constants import HEADER
from csp.decorators import csp_update
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.test import RequestFactory

from core.policy import PolicyMiddleware


def _said(middleware, view) -> str:
    return str(middleware(view)(RequestFactory().get("/"))[HEADER])


def _plain(request):
    return HttpResponse("hello")


@csp_update({"frame-ancestors": ["https://www.example.com"]})
def _framed(request):
    return HttpResponse("hello")


def _with_a_nonce(request):
    request._csp_nonce = "n0nce"
    return HttpResponse("hello")


def _own(request):
    return HttpResponse("hello", headers={HEADER: "default-src 'self'"})


def test_the_policy_is_that_of_the_settings():
    for view in (_plain, _framed, _with_a_nonce, _own):
        ours, theirs = (sorted(_said(one, view).split("; ")) for one in (PolicyMiddleware, CSPMiddleware))
        assert ours == theirs, view.__name__
    assert "frame-ancestors 'none'" in _said(PolicyMiddleware, _plain)
    assert "https://www.example.com" in _said(PolicyMiddleware, _framed)


def test_pages_answers_and_refusals_carry_it(client, db):
    for path in ("/login/", "/api/v1/leads/", "/no/such/page/"):
        assert "default-src 'none'" in client.get(path)[HEADER], path
        assert "default-src 'none'" in client.get(path, HTTP_AUTHORIZATION="Bearer wrong")[HEADER], path
